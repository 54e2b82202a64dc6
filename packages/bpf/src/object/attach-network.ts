import { BpfError } from "../errors.js";
import { attachCgroup } from "../link/cgroup.js";
import { CGROUP_HOOKS, cgroupHookOf } from "../link/cgroup-hooks.js";
import type { Link } from "../link/link.js";
import { attachLirc } from "../link/lirc.js";
import { attachNetfilter } from "../link/netfilter.js";
import { attachNetns } from "../link/netns.js";
import { attachReuseport, attachSocketFilter } from "../link/socket.js";
import { attachSockmap, sockmapHookOf } from "../link/sockmap.js";
import { attachNetkit, attachTc } from "../link/tc.js";
import { attachXdp } from "../link/xdp.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { incomplete, needed, type SectionOptions } from "./attach-options.js";
import type { LoadedObject } from "./loaded.js";
import type { ProgramSpec } from "./spec.js";

const P = ProgramType;
const A = AttachType;

function xdp(object: LoadedObject, spec: ProgramSpec, options: SectionOptions): Link {
  if (spec.attachType === A.BPF_XDP_DEVMAP || spec.attachType === A.BPF_XDP_CPUMAP) {
    return incomplete(spec, "it is no hook's: put its descriptor beside the device or processor in the map");
  }
  const mode = options.xdpMode === undefined ? {} : { mode: options.xdpMode };
  return attachXdp(object.program(spec.name), { interface: needed(spec, options, "interface"), ...mode });
}

function tc(object: LoadedObject, spec: ProgramSpec, options: SectionOptions): Link {
  const program = object.program(spec.name);
  const where = {
    interface: needed(spec, options, "interface"),
    ...(options.place !== undefined && { place: options.place }),
  };
  switch (spec.attachType) {
    case A.BPF_NETKIT_PRIMARY:
      return attachNetkit(program, { ...where, end: "primary" });
    case A.BPF_NETKIT_PEER:
      return attachNetkit(program, { ...where, end: "peer" });
    case A.BPF_TCX_INGRESS:
      return attachTc(program, { ...where, direction: "ingress" });
    case A.BPF_TCX_EGRESS:
      return attachTc(program, { ...where, direction: "egress" });
    default:
      return attachTc(program, { ...where, direction: needed(spec, options, "direction") });
  }
}

function sockmap(object: LoadedObject, spec: ProgramSpec, options: SectionOptions): Link {
  const hook = sockmapHookOf(spec.attachType);
  if (hook === undefined)
    return incomplete(spec, "write the section as sk_skb/stream_parser, /stream_verdict or /verdict");
  return attachSockmap(object.program(spec.name), { map: needed(spec, options, "map"), hook });
}

function cgroup(object: LoadedObject, spec: ProgramSpec, options: SectionOptions): Link {
  // A section "cgroup/skb" says no direction, and the number of ingress is that of no attach type at all.
  const isOpen = spec.type === P.BPF_PROG_TYPE_CGROUP_SKB && !/gress/.test(spec.section);
  const hook = isOpen ? needed(spec, options, "direction") : cgroupHookOf(spec.attachType);
  if (hook === undefined || CGROUP_HOOKS[hook].programType !== spec.type) {
    return incomplete(spec, "the section names no hook of a cgroup");
  }
  const place = options.place === undefined ? {} : { place: options.place };
  return attachCgroup(object.program(spec.name), { path: needed(spec, options, "cgroup"), hook, ...place });
}

function routed(_object: LoadedObject, spec: ProgramSpec): never {
  throw new BpfError("not-supported", `"${spec.name}" belongs to a route, which is not attached from here`, {
    hint: `pin it, then: ip route add PREFIX encap bpf ${spec.section.replace(/^lwt_/, "")} pinned PATH dev NAME`,
  });
}

function acts(_object: LoadedObject, spec: ProgramSpec): never {
  throw new BpfError(
    "not-supported",
    `"${spec.name}" is an action of a tc filter, which is not attached from here`,
    {
      hint: 'write it as a classifier, SEC("tc"), whose result is the action; or pin it, then: tc filter add ... action bpf pinned PATH',
    },
  );
}

/** The ways of network programs by program type. */
export const NETWORK_WAYS: ReadonlyMap<
  number,
  (object: LoadedObject, spec: ProgramSpec, options: SectionOptions) => Link
> = new Map([
  [P.BPF_PROG_TYPE_XDP, xdp],
  [P.BPF_PROG_TYPE_SCHED_CLS, tc],
  [P.BPF_PROG_TYPE_SCHED_ACT, acts],
  [P.BPF_PROG_TYPE_SK_MSG, sockmap],
  [P.BPF_PROG_TYPE_SK_SKB, sockmap],
  [P.BPF_PROG_TYPE_CGROUP_SKB, cgroup],
  [P.BPF_PROG_TYPE_CGROUP_SOCK, cgroup],
  [P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, cgroup],
  [P.BPF_PROG_TYPE_CGROUP_SOCKOPT, cgroup],
  [P.BPF_PROG_TYPE_CGROUP_SYSCTL, cgroup],
  [P.BPF_PROG_TYPE_CGROUP_DEVICE, cgroup],
  [P.BPF_PROG_TYPE_SOCK_OPS, cgroup],
  [
    P.BPF_PROG_TYPE_SOCKET_FILTER,
    (object, spec, options) =>
      attachSocketFilter(object.program(spec.name), { fd: needed(spec, options, "socket") }),
  ],
  [
    P.BPF_PROG_TYPE_SK_REUSEPORT,
    (object, spec, options) =>
      attachReuseport(object.program(spec.name), { fd: needed(spec, options, "socket") }),
  ],
  [
    P.BPF_PROG_TYPE_SK_LOOKUP,
    (object, spec, { networkNamespace: path }) =>
      attachNetns(object.program(spec.name), { hook: "sk_lookup", ...(path !== undefined && { path }) }),
  ],
  [
    P.BPF_PROG_TYPE_FLOW_DISSECTOR,
    (object, spec, { networkNamespace: path }) =>
      attachNetns(object.program(spec.name), { hook: "flow_dissector", ...(path !== undefined && { path }) }),
  ],
  [
    P.BPF_PROG_TYPE_NETFILTER,
    (object, spec, options) => attachNetfilter(object.program(spec.name), needed(spec, options, "netfilter")),
  ],
  [
    P.BPF_PROG_TYPE_LIRC_MODE2,
    (object, spec, options) =>
      attachLirc(object.program(spec.name), { device: needed(spec, options, "device") }),
  ],
  [P.BPF_PROG_TYPE_LWT_IN, routed],
  [P.BPF_PROG_TYPE_LWT_OUT, routed],
  [P.BPF_PROG_TYPE_LWT_XMIT, routed],
  [P.BPF_PROG_TYPE_LWT_SEG6LOCAL, routed],
]);
