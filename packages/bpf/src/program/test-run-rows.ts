import { ProgramType } from "../uapi/program-types.js";

/** TestRunRow is what BPF_PROG_TEST_RUN takes for one program type. */
export interface TestRunRow {
  readonly type: number;
  /** First kernel that runs this type. */
  readonly since: string;
  /** A packet goes in and comes out, of at least so many bytes; 0: no packet. */
  readonly packet: number;
  /** How a context is passed: not, only in, in and back out, or changed in place. */
  readonly context: "none" | "in" | "in-out" | "in-place";
  readonly repeat: boolean;
  /** A processor may be chosen. */
  readonly cpu: boolean;
}

/** An Ethernet header, which every packet of a test run must have (ETH_HLEN in net/bpf/test_run.c). */
const ETHERNET = 14;

const skb = { packet: ETHERNET, context: "in-out", repeat: true, cpu: false } as const;
const rawTracepoint = { packet: 0, context: "in", repeat: false, cpu: true } as const;

/** testRunRows lists the program types that can be run. Source: net/bpf/test_run.c and the prog_ops tables of 6.18. */
export const testRunRows: readonly TestRunRow[] = [
  { type: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER, since: "4.12", ...skb },
  { type: ProgramType.BPF_PROG_TYPE_SCHED_CLS, since: "4.12", ...skb },
  { type: ProgramType.BPF_PROG_TYPE_SCHED_ACT, since: "4.12", ...skb },
  { type: ProgramType.BPF_PROG_TYPE_CGROUP_SKB, since: "4.12", ...skb },
  { type: ProgramType.BPF_PROG_TYPE_LWT_IN, since: "4.12", ...skb },
  { type: ProgramType.BPF_PROG_TYPE_LWT_OUT, since: "4.12", ...skb },
  { type: ProgramType.BPF_PROG_TYPE_LWT_XMIT, since: "4.12", ...skb },
  { type: ProgramType.BPF_PROG_TYPE_XDP, since: "4.12", ...skb },
  { type: ProgramType.BPF_PROG_TYPE_FLOW_DISSECTOR, since: "5.1", ...skb, context: "in" },
  { type: ProgramType.BPF_PROG_TYPE_NETFILTER, since: "6.4", ...skb, context: "in" },
  {
    type: ProgramType.BPF_PROG_TYPE_SK_LOOKUP,
    since: "5.14",
    packet: 0,
    context: "in-out",
    repeat: true,
    cpu: false,
  },
  {
    type: ProgramType.BPF_PROG_TYPE_TRACING,
    since: "5.7",
    packet: 0,
    context: "none",
    repeat: false,
    cpu: false,
  },
  { type: ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT, since: "5.10", ...rawTracepoint },
  { type: ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, since: "5.10", ...rawTracepoint },
  {
    type: ProgramType.BPF_PROG_TYPE_SYSCALL,
    since: "5.14",
    packet: 0,
    context: "in-place",
    repeat: false,
    cpu: false,
  },
  {
    type: ProgramType.BPF_PROG_TYPE_STRUCT_OPS,
    since: "5.16",
    packet: 0,
    context: "in",
    repeat: false,
    cpu: false,
  },
];
