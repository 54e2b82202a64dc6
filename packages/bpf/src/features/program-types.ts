import { movImm } from "../asm/arithmetic.js";
import { exit } from "../asm/flow.js";
import { R0 } from "../asm/instruction.js";
import { BpfError } from "../errors.js";
import { Errno } from "../kernel/errno.js";
import { loadProgram } from "../program/load.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramFlag } from "../uapi/flags.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import { answerOf, type FeatureAnswer, type FeatureRow } from "./row.js";

interface TypeRow {
  readonly name: keyof typeof ProgramType;
  readonly since: string;
  readonly config?: string;
  readonly attachType?: number;
  readonly flags?: number;
  /** What the smallest valid program returns. */
  readonly result?: number;
}

// Sources: first kernels by the history of include/uapi/linux/bpf.h, options by kernel/bpf and net Kconfig files.
const ROWS: readonly TypeRow[] = [
  { name: "BPF_PROG_TYPE_SOCKET_FILTER", since: "3.19", config: "CONFIG_NET" },
  { name: "BPF_PROG_TYPE_KPROBE", since: "4.1", config: "CONFIG_BPF_EVENTS" },
  { name: "BPF_PROG_TYPE_SCHED_CLS", since: "4.1", config: "CONFIG_NET" },
  { name: "BPF_PROG_TYPE_SCHED_ACT", since: "4.1", config: "CONFIG_NET" },
  { name: "BPF_PROG_TYPE_TRACEPOINT", since: "4.7", config: "CONFIG_BPF_EVENTS" },
  { name: "BPF_PROG_TYPE_XDP", since: "4.8", config: "CONFIG_NET" },
  { name: "BPF_PROG_TYPE_PERF_EVENT", since: "4.9", config: "CONFIG_BPF_EVENTS" },
  { name: "BPF_PROG_TYPE_CGROUP_SKB", since: "4.10", config: "CONFIG_CGROUP_BPF" },
  { name: "BPF_PROG_TYPE_CGROUP_SOCK", since: "4.10", config: "CONFIG_CGROUP_BPF" },
  { name: "BPF_PROG_TYPE_LWT_IN", since: "4.10", config: "CONFIG_LWTUNNEL_BPF" },
  { name: "BPF_PROG_TYPE_LWT_OUT", since: "4.10", config: "CONFIG_LWTUNNEL_BPF" },
  { name: "BPF_PROG_TYPE_LWT_XMIT", since: "4.10", config: "CONFIG_LWTUNNEL_BPF" },
  { name: "BPF_PROG_TYPE_SOCK_OPS", since: "4.13", config: "CONFIG_CGROUP_BPF" },
  { name: "BPF_PROG_TYPE_SK_SKB", since: "4.14", config: "CONFIG_NET" },
  { name: "BPF_PROG_TYPE_CGROUP_DEVICE", since: "4.15", config: "CONFIG_CGROUP_BPF" },
  { name: "BPF_PROG_TYPE_SK_MSG", since: "4.17", config: "CONFIG_NET" },
  { name: "BPF_PROG_TYPE_RAW_TRACEPOINT", since: "4.17", config: "CONFIG_BPF_EVENTS" },
  {
    name: "BPF_PROG_TYPE_CGROUP_SOCK_ADDR",
    since: "4.17",
    config: "CONFIG_CGROUP_BPF",
    attachType: AttachType.BPF_CGROUP_INET4_CONNECT,
    result: 1,
  },
  { name: "BPF_PROG_TYPE_LWT_SEG6LOCAL", since: "4.18", config: "CONFIG_IPV6_SEG6_BPF" },
  { name: "BPF_PROG_TYPE_LIRC_MODE2", since: "4.18", config: "CONFIG_BPF_LIRC_MODE2" },
  { name: "BPF_PROG_TYPE_SK_REUSEPORT", since: "4.19", config: "CONFIG_INET" },
  { name: "BPF_PROG_TYPE_FLOW_DISSECTOR", since: "4.20", config: "CONFIG_NET" },
  { name: "BPF_PROG_TYPE_CGROUP_SYSCTL", since: "5.2", config: "CONFIG_CGROUP_BPF" },
  { name: "BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE", since: "5.2", config: "CONFIG_BPF_EVENTS" },
  {
    name: "BPF_PROG_TYPE_CGROUP_SOCKOPT",
    since: "5.3",
    config: "CONFIG_CGROUP_BPF",
    attachType: AttachType.BPF_CGROUP_GETSOCKOPT,
  },
  {
    name: "BPF_PROG_TYPE_SK_LOOKUP",
    since: "5.9",
    config: "CONFIG_INET",
    attachType: AttachType.BPF_SK_LOOKUP,
    result: 1,
  },
  {
    name: "BPF_PROG_TYPE_SYSCALL",
    since: "5.14",
    config: "CONFIG_BPF_SYSCALL",
    flags: ProgramFlag.BPF_F_SLEEPABLE,
  },
  {
    name: "BPF_PROG_TYPE_NETFILTER",
    since: "6.4",
    config: "CONFIG_NETFILTER_BPF_LINK",
    attachType: AttachType.BPF_NETFILTER,
    result: 1,
  },
];

function probe(type: ProgramTypeId, row: TypeRow): FeatureAnswer {
  try {
    loadProgram({
      name: "go3s_probe",
      type,
      license: "GPL",
      instructions: [movImm(R0, row.result ?? 0), exit()],
      attachType: row.attachType,
      flags: row.flags,
    }).close();
    return { outcome: "yes" };
  } catch (error) {
    // A verdict of the verifier means that the type is known and the probe's program does not suit it.
    const isVerdict = error instanceof BpfError && error.code === "verifier-rejected";
    if (isVerdict && error.errno !== Errno.EINVAL) return { outcome: "yes" };
    return answerOf(error);
  }
}

/** programTypeRows has a row for each program type that a program of two instructions can ask for. */
export const programTypeRows: readonly FeatureRow[] = ROWS.map((row) => {
  const short = row.name.slice("BPF_PROG_TYPE_".length).toLowerCase();
  return {
    key: `program-${short.replaceAll("_", "-")}`,
    group: "program-type",
    name: `${short} programs`,
    since: row.since,
    ...(row.config !== undefined && { config: row.config }),
    probe: () => probe(ProgramType[row.name], row),
  };
});
