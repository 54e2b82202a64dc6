import { AttachType } from "../uapi/attach-types.js";
import { ProgramFlag } from "../uapi/flags.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import { bpftraceSection } from "./bpftrace-sections.js";
import type { SectionMeaning } from "./section-meaning.js";

/** SectionRow says what a section's name means, in the names libbpf has made common. */
export interface SectionRow {
  /** The name, or what stands before the target. */
  readonly prefix: string;
  readonly type: ProgramTypeId;
  readonly attachType: number;
  readonly flags: number;
  /** What separates prefix and target; none means that the name stands alone. */
  readonly target: "none" | "required" | "optional";
}

const P = ProgramType;
const A = AttachType;
const SLEEPABLE = ProgramFlag.BPF_F_SLEEPABLE;
const FRAGS = ProgramFlag.BPF_F_XDP_HAS_FRAGS;

function row(
  prefix: string,
  type: ProgramTypeId,
  target: SectionRow["target"],
  attachType = 0,
  flags = 0,
): SectionRow {
  return { prefix, type, attachType, flags, target };
}

/** sectionRows are the names in the order in which they are tried. Source: the table of libbpf's documentation. */
export const sectionRows: readonly SectionRow[] = [
  row("socket", P.BPF_PROG_TYPE_SOCKET_FILTER, "optional"),
  row("tracepoint", P.BPF_PROG_TYPE_TRACEPOINT, "optional"),
  row("tp", P.BPF_PROG_TYPE_TRACEPOINT, "optional"),
  row("raw_tracepoint", P.BPF_PROG_TYPE_RAW_TRACEPOINT, "optional"),
  row("raw_tp", P.BPF_PROG_TYPE_RAW_TRACEPOINT, "optional"),
  row("tracepoint.s", P.BPF_PROG_TYPE_TRACEPOINT, "optional", 0, SLEEPABLE),
  row("tp.s", P.BPF_PROG_TYPE_TRACEPOINT, "optional", 0, SLEEPABLE),
  row("raw_tracepoint.s", P.BPF_PROG_TYPE_RAW_TRACEPOINT, "optional", 0, SLEEPABLE),
  row("raw_tp.s", P.BPF_PROG_TYPE_RAW_TRACEPOINT, "optional", 0, SLEEPABLE),
  row("raw_tracepoint.w", P.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, "optional"),
  row("raw_tp.w", P.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, "optional"),
  row("tp_btf", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_RAW_TP),
  row("tp_btf.s", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_RAW_TP, SLEEPABLE),
  row("fentry", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FENTRY),
  row("fexit", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FEXIT),
  row("fmod_ret", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_MODIFY_RETURN),
  row("fentry.s", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FENTRY, SLEEPABLE),
  row("fexit.s", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FEXIT, SLEEPABLE),
  row("fmod_ret.s", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_MODIFY_RETURN, SLEEPABLE),
  row("fsession", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FSESSION),
  row("fsession.s", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FSESSION, SLEEPABLE),
  row("fentry.multi", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FENTRY_MULTI),
  row("fentry.multi.s", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FENTRY_MULTI, SLEEPABLE),
  row("fexit.multi", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FEXIT_MULTI),
  row("fexit.multi.s", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FEXIT_MULTI, SLEEPABLE),
  row("fsession.multi", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FSESSION_MULTI),
  row("fsession.multi.s", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_FSESSION_MULTI, SLEEPABLE),
  row("freplace", P.BPF_PROG_TYPE_EXT, "optional"),
  row("lsm", P.BPF_PROG_TYPE_LSM, "optional", A.BPF_LSM_MAC),
  row("lsm.s", P.BPF_PROG_TYPE_LSM, "optional", A.BPF_LSM_MAC, SLEEPABLE),
  row("lsm_cgroup", P.BPF_PROG_TYPE_LSM, "optional", A.BPF_LSM_CGROUP),
  row("iter", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_ITER),
  row("iter.s", P.BPF_PROG_TYPE_TRACING, "optional", A.BPF_TRACE_ITER, SLEEPABLE),
  row("kprobe.multi", P.BPF_PROG_TYPE_KPROBE, "optional", A.BPF_TRACE_KPROBE_MULTI),
  row("kretprobe.multi", P.BPF_PROG_TYPE_KPROBE, "optional", A.BPF_TRACE_KPROBE_MULTI),
  row("kprobe.session", P.BPF_PROG_TYPE_KPROBE, "optional", A.BPF_TRACE_KPROBE_SESSION),
  row("uprobe.multi", P.BPF_PROG_TYPE_KPROBE, "optional", A.BPF_TRACE_UPROBE_MULTI),
  row("uretprobe.multi", P.BPF_PROG_TYPE_KPROBE, "optional", A.BPF_TRACE_UPROBE_MULTI),
  row("uprobe.multi.s", P.BPF_PROG_TYPE_KPROBE, "optional", A.BPF_TRACE_UPROBE_MULTI, SLEEPABLE),
  row("uretprobe.multi.s", P.BPF_PROG_TYPE_KPROBE, "optional", A.BPF_TRACE_UPROBE_MULTI, SLEEPABLE),
  row("uprobe.session", P.BPF_PROG_TYPE_KPROBE, "optional", A.BPF_TRACE_UPROBE_SESSION),
  row("uprobe.session.s", P.BPF_PROG_TYPE_KPROBE, "optional", A.BPF_TRACE_UPROBE_SESSION, SLEEPABLE),
  row("kprobe", P.BPF_PROG_TYPE_KPROBE, "optional"),
  row("kretprobe", P.BPF_PROG_TYPE_KPROBE, "optional"),
  row("ksyscall", P.BPF_PROG_TYPE_KPROBE, "optional"),
  row("kretsyscall", P.BPF_PROG_TYPE_KPROBE, "optional"),
  row("uprobe", P.BPF_PROG_TYPE_KPROBE, "optional"),
  row("uretprobe", P.BPF_PROG_TYPE_KPROBE, "optional"),
  row("uprobe.s", P.BPF_PROG_TYPE_KPROBE, "optional", 0, SLEEPABLE),
  row("uretprobe.s", P.BPF_PROG_TYPE_KPROBE, "optional", 0, SLEEPABLE),
  row("usdt", P.BPF_PROG_TYPE_KPROBE, "optional"),
  row("usdt.s", P.BPF_PROG_TYPE_KPROBE, "optional", 0, SLEEPABLE),
  row("perf_event", P.BPF_PROG_TYPE_PERF_EVENT, "optional"),
  row("syscall", P.BPF_PROG_TYPE_SYSCALL, "none", 0, SLEEPABLE),
  row("xdp", P.BPF_PROG_TYPE_XDP, "optional", A.BPF_XDP),
  row("xdp.frags", P.BPF_PROG_TYPE_XDP, "optional", A.BPF_XDP, FRAGS),
  row("xdp.frags/devmap", P.BPF_PROG_TYPE_XDP, "optional", A.BPF_XDP_DEVMAP, FRAGS),
  row("xdp.frags/cpumap", P.BPF_PROG_TYPE_XDP, "optional", A.BPF_XDP_CPUMAP, FRAGS),
  row("xdp/devmap", P.BPF_PROG_TYPE_XDP, "optional", A.BPF_XDP_DEVMAP),
  row("xdp/cpumap", P.BPF_PROG_TYPE_XDP, "optional", A.BPF_XDP_CPUMAP),
  row("tc", P.BPF_PROG_TYPE_SCHED_CLS, "optional"),
  row("tc/ingress", P.BPF_PROG_TYPE_SCHED_CLS, "none", A.BPF_TCX_INGRESS),
  row("tc/egress", P.BPF_PROG_TYPE_SCHED_CLS, "none", A.BPF_TCX_EGRESS),
  row("tcx/ingress", P.BPF_PROG_TYPE_SCHED_CLS, "none", A.BPF_TCX_INGRESS),
  row("tcx/egress", P.BPF_PROG_TYPE_SCHED_CLS, "none", A.BPF_TCX_EGRESS),
  row("classifier", P.BPF_PROG_TYPE_SCHED_CLS, "optional"),
  row("action", P.BPF_PROG_TYPE_SCHED_ACT, "optional"),
  row("netkit/primary", P.BPF_PROG_TYPE_SCHED_CLS, "none", A.BPF_NETKIT_PRIMARY),
  row("netkit/peer", P.BPF_PROG_TYPE_SCHED_CLS, "none", A.BPF_NETKIT_PEER),
  row("lwt_in", P.BPF_PROG_TYPE_LWT_IN, "optional"),
  row("lwt_out", P.BPF_PROG_TYPE_LWT_OUT, "optional"),
  row("lwt_xmit", P.BPF_PROG_TYPE_LWT_XMIT, "optional"),
  row("lwt_seg6local", P.BPF_PROG_TYPE_LWT_SEG6LOCAL, "optional"),
  row("sockops", P.BPF_PROG_TYPE_SOCK_OPS, "optional", A.BPF_CGROUP_SOCK_OPS),
  row("sk_skb/stream_parser", P.BPF_PROG_TYPE_SK_SKB, "optional", A.BPF_SK_SKB_STREAM_PARSER),
  row("sk_skb/stream_verdict", P.BPF_PROG_TYPE_SK_SKB, "optional", A.BPF_SK_SKB_STREAM_VERDICT),
  row("sk_skb/verdict", P.BPF_PROG_TYPE_SK_SKB, "optional", A.BPF_SK_SKB_VERDICT),
  row("sk_skb", P.BPF_PROG_TYPE_SK_SKB, "optional"),
  row("sk_msg", P.BPF_PROG_TYPE_SK_MSG, "optional", A.BPF_SK_MSG_VERDICT),
  row("sk_reuseport", P.BPF_PROG_TYPE_SK_REUSEPORT, "optional", A.BPF_SK_REUSEPORT_SELECT),
  row("sk_reuseport/migrate", P.BPF_PROG_TYPE_SK_REUSEPORT, "none", A.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE),
  row("sk_lookup", P.BPF_PROG_TYPE_SK_LOOKUP, "optional", A.BPF_SK_LOOKUP),
  row("flow_dissector", P.BPF_PROG_TYPE_FLOW_DISSECTOR, "none", A.BPF_FLOW_DISSECTOR),
  row("netfilter", P.BPF_PROG_TYPE_NETFILTER, "none", A.BPF_NETFILTER),
  row("struct_ops", P.BPF_PROG_TYPE_STRUCT_OPS, "optional"),
  row("struct_ops.s", P.BPF_PROG_TYPE_STRUCT_OPS, "optional", 0, SLEEPABLE),
  row("lirc_mode2", P.BPF_PROG_TYPE_LIRC_MODE2, "optional", A.BPF_LIRC_MODE2),
  row("cgroup_skb/ingress", P.BPF_PROG_TYPE_CGROUP_SKB, "optional", A.BPF_CGROUP_INET_INGRESS),
  row("cgroup_skb/egress", P.BPF_PROG_TYPE_CGROUP_SKB, "optional", A.BPF_CGROUP_INET_EGRESS),
  row("cgroup/skb", P.BPF_PROG_TYPE_CGROUP_SKB, "optional"),
  row("cgroup/sock_create", P.BPF_PROG_TYPE_CGROUP_SOCK, "optional", A.BPF_CGROUP_INET_SOCK_CREATE),
  row("cgroup/sock_release", P.BPF_PROG_TYPE_CGROUP_SOCK, "optional", A.BPF_CGROUP_INET_SOCK_RELEASE),
  row("cgroup/sock", P.BPF_PROG_TYPE_CGROUP_SOCK, "optional", A.BPF_CGROUP_INET_SOCK_CREATE),
  row("cgroup/post_bind4", P.BPF_PROG_TYPE_CGROUP_SOCK, "optional", A.BPF_CGROUP_INET4_POST_BIND),
  row("cgroup/post_bind6", P.BPF_PROG_TYPE_CGROUP_SOCK, "optional", A.BPF_CGROUP_INET6_POST_BIND),
  row("cgroup/bind4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_INET4_BIND),
  row("cgroup/bind6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_INET6_BIND),
  row("cgroup/connect4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_INET4_CONNECT),
  row("cgroup/connect6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_INET6_CONNECT),
  row("cgroup/connect_unix", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_UNIX_CONNECT),
  row("cgroup/sendmsg4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_UDP4_SENDMSG),
  row("cgroup/sendmsg6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_UDP6_SENDMSG),
  row("cgroup/sendmsg_unix", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_UNIX_SENDMSG),
  row("cgroup/recvmsg4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_UDP4_RECVMSG),
  row("cgroup/recvmsg6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_UDP6_RECVMSG),
  row("cgroup/recvmsg_unix", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_UNIX_RECVMSG),
  row("cgroup/getpeername4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_INET4_GETPEERNAME),
  row("cgroup/getpeername6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_INET6_GETPEERNAME),
  row("cgroup/getpeername_unix", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_UNIX_GETPEERNAME),
  row("cgroup/getsockname4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_INET4_GETSOCKNAME),
  row("cgroup/getsockname6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_INET6_GETSOCKNAME),
  row("cgroup/getsockname_unix", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "optional", A.BPF_CGROUP_UNIX_GETSOCKNAME),
  row("cgroup/sysctl", P.BPF_PROG_TYPE_CGROUP_SYSCTL, "optional", A.BPF_CGROUP_SYSCTL),
  row("cgroup/getsockopt", P.BPF_PROG_TYPE_CGROUP_SOCKOPT, "optional", A.BPF_CGROUP_GETSOCKOPT),
  row("cgroup/setsockopt", P.BPF_PROG_TYPE_CGROUP_SOCKOPT, "optional", A.BPF_CGROUP_SETSOCKOPT),
  row("cgroup/dev", P.BPF_PROG_TYPE_CGROUP_DEVICE, "optional", A.BPF_CGROUP_DEVICE),
];

/**
 * Names with something behind them and no slash: `xdp_prog1`, `socket2`, `tc_mark`. Loaders took them by their
 * beginning before libbpf 1.0, and old objects are full of them.
 */
const LOOSE = /^_?(socket|classifier|action|tc|xdp|perf_event|sockops|sk_msg|sk_skb|sk_lookup)(?=[_0-9])/;

function looseRow(name: string): SectionRow | undefined {
  const prefix = LOOSE.exec(name)?.[1];
  return prefix === undefined ? undefined : sectionRows.find((one) => one.prefix === prefix);
}

/**
 * meaningOfSection gives what a section's name says, by the longest row that fits; type UNSPEC for a name
 * that says nothing, so that the caller can give the type himself.
 */
export function meaningOfSection(name: string): SectionMeaning {
  // A leading "?" marks programs that are not loaded unless asked for.
  const plain = name.startsWith("?") ? name.slice(1) : name;
  let best: SectionRow | undefined;
  for (const candidate of sectionRows) {
    const fits =
      plain === candidate.prefix || (candidate.target !== "none" && plain.startsWith(`${candidate.prefix}/`));
    if (fits && (best === undefined || candidate.prefix.length > best.prefix.length)) best = candidate;
  }
  const loose = best === undefined ? looseRow(plain) : undefined;
  if (loose !== undefined) {
    return { type: loose.type, attachType: loose.attachType, flags: loose.flags, target: "" };
  }
  if (best === undefined) {
    return (
      bpftraceSection(plain) ?? {
        type: ProgramType.BPF_PROG_TYPE_UNSPEC,
        attachType: 0,
        flags: 0,
        target: "",
      }
    );
  }
  const { type, attachType, flags, prefix } = best;
  return { type, attachType, flags, target: plain.slice(prefix.length + 1) };
}
