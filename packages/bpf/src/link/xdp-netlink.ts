import { NetlinkFlag, RouteSocket } from "../kernel/netlink.js";
import { encodeAttributes, type NetlinkAttribute, readAttributes } from "../kernel/netlink-message.js";
import type { Attachable, Link } from "./link.js";
import { type HeldProgram, holdProgram, ownWayLink, unlessGone } from "./own-way.js";

// include/uapi/linux/rtnetlink.h, if_link.h
const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
const IFINFOMSG_BYTES = 16;
const IFLA_XDP = 43;
const IFLA_XDP_FD = 1;
const IFLA_XDP_FLAGS = 3;
const IFLA_XDP_PROG_ID = 4;
const IFLA_XDP_EXPECTED_FD = 8;
const XDP_FLAGS_UPDATE_IF_NOEXIST = 1;
const XDP_FLAGS_REPLACE = 1 << 4;

function message(index: number, attributes: readonly NetlinkAttribute[]): Uint8Array {
  const head = new Uint8Array(IFINFOMSG_BYTES);
  new DataView(head.buffer).setInt32(4, index, true);
  return Buffer.concat([head, encodeAttributes(attributes)]);
}

function programOn(socket: RouteSocket, index: number, target: string): number {
  const names = { call: "RTM_GETLINK", tried: `ask about ${target}` };
  const [answer] = socket.request(RTM_GETLINK, 0, message(index, []), names);
  const attributes = readAttributes(answer?.payload.subarray(IFINFOMSG_BYTES) ?? new Uint8Array(0));
  const id = readAttributes(attributes.get(IFLA_XDP) ?? new Uint8Array(0)).get(IFLA_XDP_PROG_ID);
  return id === undefined || id.length < 4 ? 0 : new DataView(id.buffer, id.byteOffset).getUint32(0, true);
}

/** attachXdpByNetlink attaches the way kernels before 5.9 know (4.8; replacing in one step 5.7). Throws BpfError. */
export function attachXdpByNetlink(program: Attachable, index: number, mode: number, target: string): Link {
  const socket = new RouteSocket();
  const set = (what: string, attributes: readonly NetlinkAttribute[]): void => {
    const names = { call: "RTM_SETLINK", tried: `${what} ${target}` };
    socket.request(RTM_SETLINK, NetlinkFlag.NLM_F_REQUEST, message(index, [[IFLA_XDP, attributes]]), names);
  };
  let current: HeldProgram;
  try {
    set(`attach program "${program.name}" to`, [
      [IFLA_XDP_FD, program.fd],
      [IFLA_XDP_FLAGS, mode | XDP_FLAGS_UPDATE_IF_NOEXIST],
    ]);
    current = holdProgram(program);
  } catch (error) {
    socket.close();
    throw error;
  }
  return ownWayLink({
    kind: "xdp",
    target,
    fds: () => [],
    replace(next, replaces) {
      set(`attach program "${next.name}" to`, [
        [IFLA_XDP_FD, next.fd],
        [IFLA_XDP_FLAGS, mode | XDP_FLAGS_REPLACE],
        [IFLA_XDP_EXPECTED_FD, replaces?.fd ?? current.descriptor.number],
      ]);
      current.descriptor.close();
      current = holdProgram(next);
    },
    remove() {
      using held = socket;
      using old = current.descriptor;
      unlessGone(() => {
        // With the program taken off by others there is nothing to take back.
        if (programOn(held, index, target) === 0) return;
        // A program of somebody else's that took this place is not taken away but told: EEXIST.
        set("detach", [
          [IFLA_XDP_FD, -1],
          [IFLA_XDP_FLAGS, mode | XDP_FLAGS_REPLACE],
          [IFLA_XDP_EXPECTED_FD, old.number],
        ]);
      });
    },
    info: () => ({ programId: programOn(socket, index, target) }),
  });
}
