import type { Point } from "./attach-point.js";
import { glob, isGlob } from "./pattern.js";
import type { ProbePlace } from "./script.js";
import type { ScriptMachine } from "./script-machine.js";
import type { Fail } from "./timed-places.js";

/** Expansion is what an attach point gave: no places when a pattern fits nothing, `missing` when a name is not there. */
export interface Expansion {
  readonly places: readonly ProbePlace[];
  readonly missing?: string;
  /** warning is said whatever missing_probes asks for. */
  readonly warning?: string;
}

const texts = (point: Point): string[] => point.parts.map((part) => part.text);

/** tracepointPlaces are tracepoint:GROUP:NAME with patterns in both. */
export function tracepointPlaces(point: Point, machine: ScriptMachine, fail: Fail): Expansion {
  const [group = "", name = "", ...more] = texts(point);
  if (more.length > 0 || group === "" || name === "")
    return {
      places: fail(
        "tracepoint probe must have a target: tracepoint:GROUP:NAME",
        "e.g. tracepoint:sched:sched_switch",
      ),
    };
  if (!isGlob(group) && !isGlob(name))
    return machine.tracepointFormat?.(group, name) === undefined
      ? { places: [], missing: `tracepoint ${group}:${name}` }
      : { places: [{ kind: "tracepoint", group, name }] };
  const pattern = glob(`${group}:${name}`);
  const found = (machine.tracepoints?.() ?? []).filter((each) => pattern.test(each));
  return {
    places: found.map((each) => {
      const cut = each.indexOf(":");
      return { kind: "tracepoint", group: each.slice(0, cut), name: each.slice(cut + 1) };
    }),
  };
}

/** rawTracepointPlaces are rawtracepoint:NAME and rawtracepoint:MODULE:NAME. */
export function rawTracepointPlaces(point: Point, machine: ScriptMachine, fail: Fail): Expansion {
  const parts = texts(point);
  const [module, name] = parts.length === 1 ? [undefined, parts[0] ?? ""] : parts;
  if (parts.length < 1 || parts.length > 2 || name === undefined || name === "")
    return { places: fail("write it as rawtracepoint:NAME", "e.g. rawtracepoint:sched_switch") };
  const known = machine.rawTracepoints?.();
  const title = (found: string): string => `rawtracepoint:${module === undefined ? "" : "vmlinux:"}${found}`;
  // The kernel's own BTF holds the tracepoints of what is built in.
  const isHere = module === undefined || glob(module).test("vmlinux");
  if (isGlob(name)) {
    const pattern = glob(name);
    const found = isHere ? (known ?? []).filter((each) => pattern.test(each)) : [];
    return { places: found.map((each) => ({ kind: "rawtracepoint", name: each, title: title(each) })) };
  }
  if (!/^\w+$/.test(name)) return { places: fail("write it as rawtracepoint:NAME") };
  if (!isHere || (known !== undefined && !known.includes(name)))
    return module === undefined ? { places: [] } : { places: [], missing: `rawtracepoint ${module}:${name}` };
  return { places: [{ kind: "rawtracepoint", name, title: title(name) }] };
}

/** untraceable is bpftrace's text for functions that the kernel does not let be probed. */
const untraceable = (name: string): string =>
  `${name} is not traceable (either non-existing, inlined, or marked as "notrace"); attaching to it will likely fail`;

/** kprobePlaces are kprobe:FUNCTION, with a module in front, an offset behind, or an address alone. */
export function kprobePlaces(
  kind: "kprobe" | "kretprobe",
  point: Point,
  machine: ScriptMachine,
  fail: Fail,
): Expansion {
  const parts = texts(point);
  const [module, target] = parts.length === 1 ? [undefined, parts[0] ?? ""] : parts;
  if (parts.length < 1 || parts.length > 2 || target === undefined || target === "")
    return {
      places: fail(`write it as ${kind}:FUNCTION or ${kind}:MODULE:FUNCTION`, `e.g. ${kind}:vfs_read`),
    };
  const tail = point.parts.at(-1)?.tail ?? "";
  const prefix = module === undefined ? "" : `${module}:`;
  if (/^(?:0x[0-9a-fA-F]+|\d+)$/.test(target)) {
    if (machine.unsafe !== true)
      return { places: fail(`Use of addresses in ${kind} probes needs --unsafe`, "name the function") };
    return { places: [{ kind, name: "", address: BigInt(target), title: `${kind}:${BigInt(target)}` }] };
  }
  const match = /^([^+]+)(?:\+(0x[0-9a-fA-F]+|\d+))?$/.exec(`${target}${tail}`);
  const name = match?.[1];
  const offset = match?.[2] === undefined ? 0 : Number(match[2]);
  if (name === undefined) return { places: fail(`write it as ${kind}:FUNCTION+OFFSET`) };
  if (offset !== 0 && kind === "kretprobe") return { places: fail("Offset not allowed for kretprobes") };
  const title = `${kind}:${prefix}${name}${offset === 0 ? "" : `+${offset}`}`;
  const own: ProbePlace = { kind, name, ...(offset === 0 ? {} : { offset }), title };
  const known = machine.kernelFunctions?.();
  if (known === undefined) return isGlob(name) ? { places: [] } : { places: [own] };
  if (module !== undefined && !isGlob(module) && !known.some((each) => each.startsWith(`${module}:`)))
    return {
      places: fail(`specified module ${module} in probe ${kind}:${module}:${name} is not loaded.`),
    };
  const pattern = glob(`${module ?? "*"}:${name}`);
  const found = known.filter((each) => pattern.test(each));
  if (isGlob(name) || (module !== undefined && isGlob(module)))
    return {
      places: found.map((each) => {
        const cut = each.indexOf(":");
        const here = module === undefined ? each.slice(cut + 1) : each;
        return { kind, name: each.slice(cut + 1), title: `${kind}:${here}` };
      }),
    };
  if (found.length > 0) return { places: [own] };
  return machine.unsafe === true
    ? { places: [own], warning: untraceable(name) }
    : { places: [], missing: `${kind} ${prefix}${name}`, warning: untraceable(name) };
}

/** fentryPlaces are fentry:FUNCTION and fentry:MODULE:FUNCTION. */
export function fentryPlaces(
  kind: "fentry" | "fexit",
  point: Point,
  machine: ScriptMachine,
  fail: Fail,
): Expansion {
  const parts = texts(point);
  const [module, name] =
    parts.length === 1 ? [undefined, parts[0] ?? ""] : [parts[0], parts.slice(1).join(":")];
  if (parts.length < 1 || name === "")
    return { places: fail(`write it as ${kind}:FUNCTION`, `e.g. ${kind}:vfs_read`) };
  if (module === "bpf")
    return { places: fail(`${kind} probes of BPF programs are not offered`, "see go3s ps for what runs") };
  const known = machine.kernelFunctions?.() ?? [];
  const pattern = glob(`${module ?? "*"}:${name}`);
  const found = known.filter((each) => pattern.test(each));
  const placeOf = (each: string): ProbePlace => {
    const cut = each.indexOf(":");
    return { kind, module: each.slice(0, cut), name: each.slice(cut + 1) };
  };
  if (isGlob(name) || (module !== undefined && isGlob(module))) return { places: found.map(placeOf) };
  if (found[0] === undefined)
    return { places: [], missing: `${kind} ${module === undefined ? "" : `${module}:`}${name}` };
  return { places: [placeOf(found[0])] };
}

/** iteratorPlaces are iter:NAME; a pin makes the kernel keep it. */
export function iteratorPlaces(point: Point, fail: Fail): Expansion {
  const [name = "", pin, ...more] = texts(point);
  if (!/^\w+$/.test(name) || more.length > 0)
    return { places: fail("write it as iter:NAME", "e.g. iter:task, iter:task_file, iter:bpf_map") };
  if (pin !== undefined)
    return {
      places: fail(
        "iterators are not pinned",
        "without a pin the iterator is run once, and what it prints is shown",
      ),
    };
  return { places: [{ kind: "iter", name }] };
}
