import type { Reporter } from "../source/diagnostics.js";
import { placeName } from "./place-name.js";
import { type PlaceOptions, placesOf } from "./probes.js";
import type { ProbePlace } from "./script.js";
import type { ScriptMachine } from "./script-machine.js";
import type { Action, AttachPoint } from "./tree.js";

/** Hook is the attribute and the context of a program of the language. */
export interface Hook {
  readonly attribute: string;
  readonly context: string;
}

/** hookOf is the kind of program a place needs. What is run by the loader may be any raw tracepoint's kind. */
export function hookOf(place: ProbePlace, uprobeMulti: boolean): Hook {
  const multi = uprobeMulti ? "_multi" : "";
  switch (place.kind) {
    case "begin":
    case "end":
    case "self":
    case "test":
    case "bench":
      return { attribute: "@raw_tp:sys_enter", context: "RawTracepoint" };
    case "rawtracepoint":
      return { attribute: `@raw_tp:${place.name}`, context: "RawTracepoint" };
    case "tracepoint":
      if (place.raw) return { attribute: `@raw_tp:${place.name}`, context: "RawTracepoint" };
      return { attribute: `@tracepoint:${place.group}:${place.name}`, context: "Tracepoint" };
    case "kprobe":
    case "kretprobe":
      return { attribute: `@${place.kind}:${place.name === "" ? "address" : place.name}`, context: "KProbe" };
    case "fentry":
    case "fexit":
      return {
        attribute: `@${place.kind}:${place.name}`,
        context: place.kind === "fentry" ? "FEntry" : "FExit",
      };
    case "iter":
      return { attribute: `@iter:${place.name}`, context: "Iter" };
    case "uprobe":
    case "uretprobe":
      return { attribute: `@${place.kind}${multi}`, context: "UProbe" };
    case "usdt":
      return { attribute: `@uprobe${multi}`, context: "UProbe" };
    default:
      return { attribute: "@perf_event", context: "PerfEvent" };
  }
}

/** uses tells whether a tree holds a word that fits, such as `args`. */
export function uses(tree: object, fits: (word: string) => boolean): boolean {
  const waiting: object[] = [tree];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (
      "kind" in node &&
      node.kind === "word" &&
      "name" in node &&
      typeof node.name === "string" &&
      fits(node.name)
    )
      return true;
    for (const value of Object.values(node))
      if (typeof value === "object" && value !== null) waiting.push(value);
  }
  return false;
}

/** Planned is one program: its places, and the first of the attach points they come from. */
export interface Planned {
  readonly action: Action;
  readonly point: AttachPoint;
  readonly places: readonly ProbePlace[];
}

/** Wanted says which of a script's probes are taken. */
export interface Wanted {
  /** mode: test: and bench: probes are only taken in their own. */
  readonly mode: string;
  readonly filter: RegExp | undefined;
}

/** isWanted: begin and end are always taken. */
function isWanted(place: ProbePlace, { mode, filter }: Wanted): boolean {
  if (place.kind === "begin" || place.kind === "end") return true;
  if ((place.kind === "test" || place.kind === "bench") && place.kind !== mode) return false;
  return filter === undefined || filter.test(placeName(place));
}

/** PlanOptions also say how many programs there may be. */
export interface PlanOptions extends PlaceOptions, Wanted {
  readonly maxProbes: number;
  readonly maxPrograms: number;
}

const shareable: ReadonlySet<ProbePlace["kind"]> = new Set([
  "tracepoint",
  "rawtracepoint",
  "kprobe",
  "kretprobe",
  "uprobe",
  "uretprobe",
  "usdt",
]);

/** plan gives the programs of a script: places that a program cannot tell apart share one. */
export function plan(
  actions: readonly Action[],
  machine: ScriptMachine,
  options: PlanOptions,
  report: Reporter,
): Planned[] {
  let count = 0;
  const planned = actions.flatMap((action): Planned[] => {
    const before = report.errors;
    const isApart = uses(action, (word) => word === "probe" || word === "func" || word === "__builtin_probe");
    const takesNames = uses(action, (word) => word === "args" || word === "__builtin_args");
    const takesArguments = uses(action, (word) => /^(?:args|arg\d+|__builtin_args?\d*)$/.test(word));
    let total = 0;
    const own = action.points.flatMap((point): Planned[] => {
      const all = placesOf(point, machine, options, report);
      const places = all.filter((place) => isWanted(place, options));
      const [first] = places;
      total += all.length;
      if (first === undefined) return [];
      const differs =
        isApart ||
        (takesNames && first.kind === "uprobe") ||
        (takesArguments &&
          (first.kind === "tracepoint" || first.kind === "rawtracepoint" || first.kind === "usdt"));
      if (shareable.has(first.kind) && !differs) return [{ action, point, places }];
      return places.map((place) => ({ action, point, places: [place] }));
    });
    const [at] = action.points;
    if (total === 0 && at !== undefined) {
      if (options.missing === "error") report.error("no-tracepoint", at, "Probe has no valid attach points.");
      else if (options.missing === "warn" && report.errors === before)
        report.warning(
          "no-tracepoint",
          at,
          "Probe has no valid attach points. It is being removed which may cause issues with program behavior.",
        );
    }
    count += own.length;
    if (count > options.maxPrograms && at !== undefined && count - own.length <= options.maxPrograms)
      report.error(
        "too-many",
        at,
        `Your program is trying to generate more than ${options.maxPrograms} BPF programs, which exceeds the current limit of ${options.maxPrograms}`,
        "You can increase the limit through the BPFTRACE_MAX_BPF_PROGS environment variable.",
      );
    if (total > options.maxProbes && at !== undefined)
      report.error(
        "too-many",
        at,
        `Can't attach to ${total} probes because it exceeds the current limit of ${options.maxProbes} probes.`,
        "You can increase the limit through the BPFTRACE_MAX_PROBES environment variable, but BE CAREFUL since a high number of probes attached can cause your system to crash.",
      );
    return own;
  });
  return report.errors > 0 && count > options.maxPrograms ? [] : planned;
}
