/** ProgramKind is one kind of program: how it is asked for, where it goes, what it gets. */
export interface ProgramKind {
  /** name is the attribute (`// @tracepoint:…`) and the value of `//go:ebpf program=…`. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** target says what stands behind the colon. */
  readonly target: "category:name" | "name" | "optional" | "none";
  /** section gives the ELF section's name as libbpf's table of section names has it. */
  readonly section: (target: string) => string;
  /** context is the row of contexts.ts this program gets. */
  readonly context: string;
  /**
   * nests is false where no second run starts on a CPU before the first ends: the kernel counts runs
   * (bpf_prog_active in kernel/trace and kernel/events) or they belong to one softirq.
   */
  readonly nests?: false;
  /** pass is what a program returns that could not do its work; 0 when left out. */
  readonly pass?: number;
}

const plain = (prefix: string) => (target: string) => (target === "" ? prefix : `${prefix}/${target}`);

/** programKinds are the rows. Sections: libbpf's section_defs, which every loader follows. */
export const programKinds: readonly ProgramKind[] = [
  {
    name: "tracepoint",
    aliases: ["tp"],
    target: "category:name",
    section: (target) => `tracepoint/${target.replace(":", "/")}`,
    context: "Tracepoint",
    nests: false,
  },
  {
    name: "raw_tp",
    aliases: ["raw_tracepoint", "rawtracepoint"],
    target: "name",
    section: plain("raw_tp"),
    context: "RawTracepoint",
  },
  { name: "tp_btf", aliases: [], target: "name", section: plain("tp_btf"), context: "TracepointBTF" },
  { name: "kprobe", aliases: [], target: "name", section: plain("kprobe"), context: "KProbe", nests: false },
  {
    name: "kretprobe",
    aliases: [],
    target: "name",
    section: plain("kretprobe"),
    context: "KProbe",
    nests: false,
  },
  { name: "uprobe", aliases: [], target: "optional", section: plain("uprobe"), context: "UProbe" },
  { name: "uretprobe", aliases: [], target: "optional", section: plain("uretprobe"), context: "UProbe" },
  {
    name: "uprobe_multi",
    aliases: [],
    target: "optional",
    section: plain("uprobe.multi"),
    context: "UProbe",
  },
  {
    name: "uretprobe_multi",
    aliases: [],
    target: "optional",
    section: plain("uretprobe.multi"),
    context: "UProbe",
  },
  { name: "fentry", aliases: [], target: "name", section: plain("fentry"), context: "FEntry" },
  { name: "fexit", aliases: [], target: "name", section: plain("fexit"), context: "FExit" },
  { name: "iter", aliases: [], target: "name", section: plain("iter"), context: "Iter" },
  {
    name: "perf_event",
    aliases: ["profile"],
    target: "none",
    section: () => "perf_event",
    context: "PerfEvent",
    nests: false,
  },
  { name: "xdp", aliases: [], target: "none", section: () => "xdp", context: "XDP", nests: false, pass: 2 },
  { name: "socket", aliases: ["socket_filter"], target: "none", section: () => "socket", context: "SKB" },
  { name: "tc", aliases: ["classifier"], target: "none", section: () => "tc", context: "SKB" },
  { name: "cgroup_skb", aliases: [], target: "none", section: () => "cgroup/skb", context: "SKB", pass: 1 },
];

const byName = new Map(
  programKinds.flatMap((kind) => [kind.name, ...kind.aliases].map((name) => [name, kind] as const)),
);

/** programKind finds a kind by attribute name. */
export function programKind(name: string): ProgramKind | undefined {
  return byName.get(name);
}
