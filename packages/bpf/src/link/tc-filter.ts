import { BpfError } from "../errors.js";
import { Errno } from "../kernel/errno.js";
import { NetlinkFlag, RouteSocket } from "../kernel/netlink.js";
import {
  encodeAttributes,
  type NetlinkAttribute,
  type NetlinkMessage,
  readAttributes,
} from "../kernel/netlink-message.js";
import type { Attachable, Link } from "./link.js";
import { ownWayLink, unlessGone } from "./own-way.js";

// include/uapi/linux/rtnetlink.h, pkt_sched.h, pkt_cls.h, if_ether.h
const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;
const TCMSG_BYTES = 20;
const TC_H_CLSACT = 0xffff_fff1;
const CLSACT_HANDLE = 0xffff_0000;
const INGRESS_PARENT = 0xffff_fff2;
const EGRESS_PARENT = 0xffff_fff3;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_FD = 6;
const TCA_BPF_NAME = 7;
const TCA_BPF_FLAGS = 8;
const TCA_BPF_ID = 11;
/** The program's result is the verdict; without it the result would be a class. */
const TCA_BPF_FLAG_ACT_DIRECT = 1;
/** ETH_P_ALL in network order, as the lower half of tcm_info. */
const ALL_PROTOCOLS = 0x0300;

interface Traffic {
  readonly index: number;
  readonly handle: number;
  readonly parent: number;
  readonly info: number;
}

function message(traffic: Traffic, attributes: readonly NetlinkAttribute[]): Uint8Array {
  const head = new Uint8Array(TCMSG_BYTES);
  const view = new DataView(head.buffer);
  view.setInt32(4, traffic.index, true);
  view.setUint32(8, traffic.handle, true);
  view.setUint32(12, traffic.parent, true);
  view.setUint32(16, traffic.info, true);
  return Buffer.concat([head, encodeAttributes(attributes)]);
}

function viewOf({ payload }: NetlinkMessage): DataView {
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
}

function makeClsact(socket: RouteSocket, index: number, target: string): boolean {
  const place = { index, handle: CLSACT_HANDLE, parent: TC_H_CLSACT, info: 0 };
  const flags = NetlinkFlag.NLM_F_CREATE | NetlinkFlag.NLM_F_EXCL;
  const names = { call: "RTM_NEWQDISC", tried: `add a clsact queueing discipline for ${target}` };
  try {
    socket.request(RTM_NEWQDISC, flags, message(place, [[TCA_KIND, "clsact"]]), names);
    return true;
  } catch (error) {
    if (error instanceof BpfError && error.errno === Errno.EEXIST) return false;
    throw error;
  }
}

function hasFilters(socket: RouteSocket, index: number, target: string): boolean {
  const names = { call: "RTM_GETTFILTER", tried: `list the filters of ${target}` };
  return [INGRESS_PARENT, EGRESS_PARENT].some((parent) => {
    const asked = message({ index, handle: 0, parent, info: 0 }, []);
    return socket.request(RTM_GETTFILTER, NetlinkFlag.NLM_F_DUMP, asked, names).length > 0;
  });
}

/**
 * attachTcFilter attaches a program as a bpf filter in direct-action mode of a clsact queueing discipline, which
 * is made when it is not there, and taken away again with the last filter when it was made here.
 */
export function attachTcFilter(
  program: Attachable,
  index: number,
  isIngress: boolean,
  priority: number,
  target: string,
): Link {
  const socket = new RouteSocket();
  const parent = isIngress ? INGRESS_PARENT : EGRESS_PARENT;
  const set = (one: Attachable, flags: number, place: Traffic): NetlinkMessage[] => {
    const options: NetlinkAttribute[] = [
      [TCA_BPF_FD, one.fd],
      [TCA_BPF_NAME, one.name],
      [TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT],
    ];
    const names = { call: "RTM_NEWTFILTER", tried: `attach program "${one.name}" to ${target}` };
    return socket.request(
      RTM_NEWTFILTER,
      flags,
      message(place, [
        [TCA_KIND, "bpf"],
        [TCA_OPTIONS, options],
      ]),
      names,
    );
  };
  const clean = (madeClsact: boolean): void => {
    if (!madeClsact || hasFilters(socket, index, target)) return;
    const place = { index, handle: CLSACT_HANDLE, parent: TC_H_CLSACT, info: 0 };
    const names = { call: "RTM_DELQDISC", tried: `take the clsact queueing discipline off ${target}` };
    socket.request(RTM_DELQDISC, 0, message(place, []), names);
  };
  let madeClsact = false;
  let place: Traffic = { index, handle: 0, parent, info: (priority << 16) | ALL_PROTOCOLS };
  try {
    madeClsact = makeClsact(socket, index, target);
    const flags = NetlinkFlag.NLM_F_CREATE | NetlinkFlag.NLM_F_EXCL | NetlinkFlag.NLM_F_ECHO;
    const [echo] = set(program, flags, place);
    // The echo tells the handle and the priority that the kernel chose: the filter's name from now on.
    if (echo === undefined || echo.payload.length < TCMSG_BYTES) {
      throw new BpfError("system-call-failed", `the kernel did not name the filter it made for ${target}`);
    }
    const view = viewOf(echo);
    place = { index, handle: view.getUint32(8, true), parent, info: view.getUint32(16, true) };
  } catch (error) {
    try {
      clean(madeClsact);
    } finally {
      socket.close();
    }
    throw error;
  }
  return ownWayLink({
    kind: "tc",
    target,
    fds: () => [],
    replace(next, replaces) {
      if (replaces !== undefined) {
        throw new BpfError(
          "not-supported",
          `cannot replace a program of ${target} only if it is "${replaces.name}"`,
          {
            hint: "filters are replaced whatever they are; a link can compare (6.6)",
          },
        );
      }
      set(next, NetlinkFlag.NLM_F_REPLACE, place);
    },
    remove() {
      using held = socket;
      const names = { call: "RTM_DELTFILTER", tried: `detach from ${target}` };
      unlessGone(() => {
        held.request(RTM_DELTFILTER, 0, message(place, [[TCA_KIND, "bpf"]]), names);
        clean(madeClsact);
      });
    },
    info() {
      const names = { call: "RTM_GETTFILTER", tried: `ask about the filter of ${target}` };
      const [answer] = socket.request(RTM_GETTFILTER, 0, message(place, [[TCA_KIND, "bpf"]]), names);
      const attributes = readAttributes(answer?.payload.subarray(TCMSG_BYTES) ?? new Uint8Array(0));
      const id = readAttributes(attributes.get(TCA_OPTIONS) ?? new Uint8Array(0)).get(TCA_BPF_ID);
      const programId =
        id === undefined || id.length < 4 ? 0 : new DataView(id.buffer, id.byteOffset).getUint32(0, true);
      return { programId };
    },
  });
}
