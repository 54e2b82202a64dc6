import { BtfKind, kernelBtf } from "@go3s/bpf";
import { glob, hardwareEvents, isGlob, type ScriptMachine, softwareEvents } from "@go3s/lang";

/** ProbeList gives the probes of one kind, without the kind's name in front, whose names a pattern fits. */
export type ProbeList = (pattern: string, machine: ScriptMachine) => Iterable<string>;

const matching = (names: Iterable<string>, pattern: string): string[] => {
  const fits = glob(pattern);
  return [...names].filter((name) => fits.test(name));
};

const events = (rows: readonly (readonly [name: string, alias: string])[]): ProbeList => {
  const names = rows.flatMap(([name, alias]) => (alias === "" ? [`${name}:`] : [`${name}:`, `${alias}:`]));
  return (pattern) => matching(names, pattern.endsWith("*") ? pattern : `${pattern}*`);
};

const units: ProbeList = (pattern) => matching(["hz:", "us:", "ms:", "s:"], pattern);

/** kernelFunctions: names stand alone, those of a module behind it when the pattern asks for modules. */
const kernelFunctions: ProbeList = (pattern, machine) => {
  const known = machine.kernelFunctions?.() ?? [];
  if (pattern.includes(":")) return matching(known, pattern);
  const fits = glob(pattern);
  const names = new Set<string>();
  for (const each of known) {
    const name = each.slice(each.indexOf(":") + 1);
    if (fits.test(name)) names.add(name);
  }
  return names;
};

let typed: ReadonlyMap<string, number> | undefined;

/** typedFunctions gives the functions that BTF describes, with the numbers of their types: those that fentry can take. */
export function typedFunctions(): ReadonlyMap<string, number> {
  if (typed !== undefined) return typed;
  const btf = kernelBtf();
  const found = new Map<string, number>();
  for (let id = 1; id < btf.endId; id++) if (btf.kind(id) === BtfKind.FUNC) found.set(btf.name(id), id);
  typed = found;
  return found;
}

const typedNames: ProbeList = (pattern) => {
  const [module, name] = pattern.includes(":") ? split(pattern) : ["vmlinux", pattern];
  return glob(module).test("vmlinux")
    ? matching(typedFunctions().keys(), name).map((each) => `vmlinux:${each}`)
    : [];
};

const iterators: ProbeList = (pattern) => {
  const btf = kernelBtf();
  const names = btf
    .findByText("bpf_iter__")
    .filter((id) => btf.kind(id) === BtfKind.STRUCT && btf.name(id).startsWith("bpf_iter__"))
    .map((id) => btf.name(id).slice("bpf_iter__".length));
  return matching(new Set(names.sort()), pattern);
};

const rawTracepoints: ProbeList = (pattern, machine) =>
  matching(
    (machine.rawTracepoints?.() ?? []).map((name) => `vmlinux:${name}`),
    pattern.includes(":") ? pattern : `vmlinux:${pattern}`,
  );

/** split takes PATH:NAME apart at the colon behind the path. */
function split(pattern: string): [path: string, name: string] {
  const cut = pattern.indexOf(":");
  return cut < 0 ? [pattern, "*"] : [pattern.slice(0, cut), pattern.slice(cut + 1)];
}

const functions: ProbeList = function* (pattern, machine) {
  const [path, name] = split(pattern);
  // `*` alone is a process's own programs; without a process it would be all files here.
  if (isGlob(path) && /^\*+$/.test(path) && machine.pid === undefined) return;
  const fits = glob(name);
  for (const file of machine.findFiles?.(path) ?? [])
    for (const symbol of machine.symbols?.(file.path) ?? [])
      if (fits.test(symbol)) yield `${file.shown}:${symbol}`;
};

const usdt: ProbeList = function* (pattern, machine) {
  const [path, rest] = split(pattern);
  if (/^\*+$/.test(path) && machine.pid === undefined) return;
  const fits = glob(rest.includes(":") || rest === "*" ? rest : `*:${rest}`);
  for (const file of machine.findFiles?.(path) ?? []) {
    const names = new Set((machine.usdt?.(file.path) ?? []).map((site) => `${site.provider}:${site.name}`));
    for (const name of names) if (fits.test(name)) yield `${file.shown}:${name}`;
  }
};

/** probeLists are the kinds in the order in which they are listed. */
export const probeLists: Readonly<Record<string, ProbeList>> = {
  fentry: typedNames,
  fexit: typedNames,
  hardware: events(hardwareEvents),
  interval: units,
  iter: iterators,
  kprobe: kernelFunctions,
  kretprobe: kernelFunctions,
  profile: units,
  rawtracepoint: rawTracepoints,
  software: events(softwareEvents),
  tracepoint: (pattern, machine) =>
    matching(machine.tracepoints?.() ?? [], pattern.includes(":") ? pattern : `${pattern}:*`),
  uprobe: functions,
  uretprobe: functions,
  usdt,
};

/** secondary are kinds that `-l` alone leaves out: they are the same places as another kind's. */
export const secondary: ReadonlySet<string> = new Set([
  "fexit",
  "kretprobe",
  "uretprobe",
  "interval",
  "profile",
]);
