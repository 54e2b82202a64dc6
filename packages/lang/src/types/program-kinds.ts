import { networkKinds } from "./network-kinds.js";
import type { ProgramKind } from "./program-kind.js";
import { tracingKinds } from "./tracing-kinds.js";

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
    aliases: ["uprobe.multi"],
    target: "optional",
    section: plain("uprobe.multi"),
    context: "UProbe",
  },
  {
    name: "uretprobe_multi",
    aliases: ["uretprobe.multi"],
    target: "optional",
    section: plain("uretprobe.multi"),
    context: "UProbe",
  },
  {
    name: "fentry",
    aliases: [],
    target: "name",
    section: plain("fentry"),
    context: "FEntry",
    returns: { low: 0, high: 0 },
  },
  {
    name: "fexit",
    aliases: [],
    target: "name",
    section: plain("fexit"),
    context: "FExit",
    returns: { low: 0, high: 0 },
  },
  {
    name: "iter",
    aliases: [],
    target: "name",
    section: plain("iter"),
    context: "Iter",
    returns: { low: 0, high: 1 },
  },
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
  {
    name: "cgroup_skb",
    aliases: [],
    target: "none",
    section: () => "cgroup/skb",
    context: "SKB",
    returns: { low: 0, high: 1 },
    pass: 1,
  },
  ...tracingKinds,
  ...networkKinds,
];

const byName = new Map(
  programKinds.flatMap((kind) => [kind.name, ...kind.aliases].map((name) => [name, kind] as const)),
);

/** programKind finds a kind by attribute name. */
export function programKind(name: string): ProgramKind | undefined {
  return byName.get(name);
}

/**
 * splitHook takes an attribute's text apart: kinds have dots and slashes in their names (`@cgroup/connect4`, also
 * `@cgroup:connect4`; `@kprobe.multi:tcp_*`), the target stands behind.
 */
export function splitHook(name: string, rest: string): { readonly name: string; readonly target: string } {
  if (/^[./]/.test(rest)) {
    const [more = "", ...target] = rest.split(":");
    if (byName.has(`${name}${more}`)) return { name: `${name}${more}`, target: target.join(":") };
    // A path stands behind the colon: @uprobe:/bin/true:main.
    return { name, target: rest };
  }
  const joined = `${name}/${rest}`;
  return rest !== "" && byName.has(joined) ? { name: joined, target: "" } : { name, target: rest };
}
