import { Errno } from "../kernel/errno.js";
import { openSocket } from "../kernel/socket.js";
import { attachSocketFilter } from "../link/socket.js";
import { XdpMode } from "../link/xdp.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import { ALLOWS, attaches, linkAnswers, NOTHING, probeProgram } from "./probe-program.js";
import { type FeatureAnswer, type FeatureRow, kernelConfig, knowsConfig } from "./row.js";

const P = ProgramType;
const A = AttachType;

/** No machine has this many network interfaces. */
const NO_INTERFACE = 0x7fff_fff0;
/** No protocol family has this number, AF_MAX being below 50. */
const NO_FAMILY = 255;
const NO_DESCRIPTOR = -1;

interface NetworkRow {
  readonly key: string;
  readonly name: string;
  readonly since: string;
  readonly config: string;
  readonly type: ProgramTypeId;
  readonly attachType: number;
  readonly target: "loopback" | "interface" | "descriptor" | "family";
  /** What the smallest program returns: some types take no 0. */
  readonly allows?: boolean;
}

function row(
  key: string,
  name: string,
  since: string,
  config: string,
  type: ProgramTypeId,
  attachType: number,
  target: NetworkRow["target"],
  allows = false,
): NetworkRow {
  return { key, name, since, config, type, attachType, target, allows };
}

const CGROUP = "CONFIG_CGROUP_BPF";

// Sources: first kernels of the links, by the history of include/uapi/linux/bpf.h and kernel/bpf/syscall.c.
const ROWS: readonly NetworkRow[] = [
  row(
    "xdp",
    "packets of an interface (XDP)",
    "5.9",
    "CONFIG_NET",
    P.BPF_PROG_TYPE_XDP,
    A.BPF_XDP,
    "loopback",
  ),
  row(
    "tcx",
    "packets of an interface (tcx)",
    "6.6",
    "CONFIG_NET_XGRESS",
    P.BPF_PROG_TYPE_SCHED_CLS,
    A.BPF_TCX_INGRESS,
    "interface",
  ),
  row(
    "netkit",
    "netkit devices",
    "6.7",
    "CONFIG_NETKIT",
    P.BPF_PROG_TYPE_SCHED_CLS,
    A.BPF_NETKIT_PRIMARY,
    "interface",
  ),
  row(
    "netfilter",
    "netfilter",
    "6.4",
    "CONFIG_NETFILTER_BPF_LINK",
    P.BPF_PROG_TYPE_NETFILTER,
    A.BPF_NETFILTER,
    "family",
    true,
  ),
  row(
    "sk-lookup",
    "which socket a packet goes to (sk_lookup)",
    "5.9",
    "CONFIG_NET",
    P.BPF_PROG_TYPE_SK_LOOKUP,
    A.BPF_SK_LOOKUP,
    "descriptor",
    true,
  ),
  row(
    "flow-dissector",
    "flow dissectors",
    "5.8",
    "CONFIG_NET",
    P.BPF_PROG_TYPE_FLOW_DISSECTOR,
    A.BPF_FLOW_DISSECTOR,
    "descriptor",
  ),
  row(
    "sk-msg",
    "what sockets send, by a link (sk_msg)",
    "6.10",
    "CONFIG_BPF_STREAM_PARSER",
    P.BPF_PROG_TYPE_SK_MSG,
    A.BPF_SK_MSG_VERDICT,
    "descriptor",
    true,
  ),
  row(
    "sk-skb",
    "what sockets receive, by a link (sk_skb)",
    "6.10",
    "CONFIG_BPF_STREAM_PARSER",
    P.BPF_PROG_TYPE_SK_SKB,
    A.BPF_SK_SKB_VERDICT,
    "descriptor",
    true,
  ),
  row(
    "cgroup-skb",
    "packets of a cgroup",
    "5.7",
    CGROUP,
    P.BPF_PROG_TYPE_CGROUP_SKB,
    A.BPF_CGROUP_INET_EGRESS,
    "descriptor",
    true,
  ),
  row(
    "cgroup-sock",
    "sockets of a cgroup",
    "5.7",
    CGROUP,
    P.BPF_PROG_TYPE_CGROUP_SOCK,
    A.BPF_CGROUP_INET_SOCK_CREATE,
    "descriptor",
    true,
  ),
  row(
    "cgroup-sock-release",
    "sockets of a cgroup that end",
    "5.9",
    CGROUP,
    P.BPF_PROG_TYPE_CGROUP_SOCK,
    A.BPF_CGROUP_INET_SOCK_RELEASE,
    "descriptor",
    true,
  ),
  row(
    "cgroup-sock-addr",
    "addresses that a cgroup binds, connects and sends to",
    "5.7",
    CGROUP,
    P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
    A.BPF_CGROUP_INET4_CONNECT,
    "descriptor",
    true,
  ),
  row(
    "cgroup-getpeername",
    "addresses that a cgroup is told",
    "5.8",
    CGROUP,
    P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
    A.BPF_CGROUP_INET4_GETPEERNAME,
    "descriptor",
    true,
  ),
  row(
    "cgroup-unix",
    "Unix sockets of a cgroup",
    "6.7",
    CGROUP,
    P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
    A.BPF_CGROUP_UNIX_CONNECT,
    "descriptor",
    true,
  ),
  row(
    "cgroup-sock-ops",
    "TCP connections of a cgroup (sockops)",
    "5.7",
    CGROUP,
    P.BPF_PROG_TYPE_SOCK_OPS,
    A.BPF_CGROUP_SOCK_OPS,
    "descriptor",
    true,
  ),
  row(
    "cgroup-sockopt",
    "socket options of a cgroup",
    "5.7",
    CGROUP,
    P.BPF_PROG_TYPE_CGROUP_SOCKOPT,
    A.BPF_CGROUP_SETSOCKOPT,
    "descriptor",
    true,
  ),
  row(
    "cgroup-device",
    "device files of a cgroup",
    "5.7",
    CGROUP,
    P.BPF_PROG_TYPE_CGROUP_DEVICE,
    A.BPF_CGROUP_DEVICE,
    "descriptor",
    true,
  ),
  row(
    "cgroup-sysctl",
    "settings below /proc/sys that a cgroup reads and writes",
    "5.7",
    CGROUP,
    P.BPF_PROG_TYPE_CGROUP_SYSCTL,
    A.BPF_CGROUP_SYSCTL,
    "descriptor",
    true,
  ),
];

/** What a kernel says of a target that cannot be, once it has understood which link is wanted. */
const ANSWERS = {
  // The loopback interface is number 1 everywhere, and its driver has no XDP of its own.
  loopback: { values: { target_ifindex: 1, flags: XdpMode.native }, errnos: [Errno.EOPNOTSUPP] },
  interface: { values: { target_ifindex: NO_INTERFACE }, errnos: [Errno.ENODEV] },
  descriptor: { values: { target_fd: NO_DESCRIPTOR }, errnos: [Errno.EBADF] },
  family: { values: { netfilter_pf: NO_FAMILY }, errnos: [Errno.EAFNOSUPPORT] },
} as const;

function probe({ type, attachType, target, allows }: NetworkRow): FeatureAnswer {
  const { values, errnos } = ANSWERS[target];
  const make = () => probeProgram(type, attachType, "", allows ? ALLOWS : NOTHING);
  return linkAnswers(make, { ...values, attach_type: attachType }, errnos);
}

function configured(option: string): FeatureAnswer {
  if (!knowsConfig()) return { outcome: "cannot-tell", detail: "the kernel's configuration is not readable" };
  const value = kernelConfig(option);
  return value === undefined
    ? { outcome: "no", detail: `${option} is off` }
    : { outcome: "yes", detail: `${option}=${value}` };
}

function socketFilter(): FeatureAnswer {
  // AF_UNIX, SOCK_DGRAM: a socket that no packet can come to.
  return attaches(
    () => probeProgram(P.BPF_PROG_TYPE_SOCKET_FILTER),
    (made) => {
      using socket = openSocket(1, 2, 0, "Unix socket");
      return attachSocketFilter(made, { fd: socket.number });
    },
  );
}

/** networkHookRows has a row for each place of the network at which programs are attached. Nothing is attached to ask. */
export const networkHookRows: readonly FeatureRow[] = [
  ...ROWS.map((one): FeatureRow => {
    const { key, name, since, config } = one;
    return { key, group: "hook", name, since, config, probe: () => probe(one) };
  }),
  {
    key: "tc-filter",
    group: "hook",
    name: "filters of a queueing discipline (clsact)",
    since: "4.5",
    config: "CONFIG_NET_CLS_BPF",
    probe: () => configured("CONFIG_NET_CLS_BPF"),
  },
  {
    key: "socket-filter",
    group: "hook",
    name: "what one socket receives (socket filter)",
    since: "3.19",
    config: "CONFIG_NET",
    probe: socketFilter,
  },
  {
    key: "lwt",
    group: "hook",
    name: "programs of routes (lwt)",
    since: "4.10",
    config: "CONFIG_LWTUNNEL_BPF",
    probe: () => configured("CONFIG_LWTUNNEL_BPF"),
  },
];
