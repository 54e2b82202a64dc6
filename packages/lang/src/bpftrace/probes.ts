import type { Reporter } from "../source/diagnostics.js";
import type { ProbePlace } from "./script.js";
import type { AttachPoint } from "./tree.js";

/** Machine answers what a script's probes may be attached to; nothing is read inside the compiler. */
export interface ScriptMachine {
  /** tracepoints gives all names as GROUP:NAME. Only asked for patterns, and to help with a wrong name. */
  readonly tracepoints?: () => readonly string[];
  readonly tracepointFormat?: (group: string, name: string) => string | undefined;
  /** symbols gives the functions of a program or library; only asked for patterns. */
  readonly symbols?: (path: string) => readonly string[];
  /** findProgram gives the whole path of a program or library, or undefined. */
  readonly findProgram?: (name: string) => string | undefined;
}

const aliases: Readonly<Record<string, string>> = {
  t: "tracepoint",
  rt: "rawtracepoint",
  k: "kprobe",
  kr: "kretprobe",
  u: "uprobe",
  ur: "uretprobe",
  i: "interval",
  p: "profile",
  s: "software",
  h: "hardware",
  begin: "BEGIN",
  end: "END",
};

const kinds = [
  "BEGIN",
  "END",
  "tracepoint",
  "rawtracepoint",
  "kprobe",
  "kretprobe",
  "uprobe",
  "uretprobe",
  "interval",
  "profile",
  "software",
  "hardware",
];

/** elsewhere are bpftrace's other kinds of probes, with the reason why they are not taken. */
const elsewhere: Readonly<Record<string, string>> = {
  usdt: "USDT probes are attached by .go3s programs (// @usdt)",
  kfunc: "fentry is not offered to scripts; the tracepoint of the same event is",
  kretfunc: "fexit is not offered to scripts; the tracepoint of the same event is",
  fentry: "fentry is not offered to scripts; the tracepoint of the same event is",
  fexit: "fexit is not offered to scripts; the tracepoint of the same event is",
  iter: "iterators are read by .go3s programs",
  watchpoint: "watchpoints are not offered to scripts",
  asyncwatchpoint: "watchpoints are not offered to scripts",
};

const units: Readonly<Record<string, number>> = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 };

const softwareEvents = [
  "cpu-clock",
  "task-clock",
  "page-faults",
  "context-switches",
  "cpu-migrations",
  "minor-faults",
  "major-faults",
  "alignment-faults",
  "emulation-faults",
];
const softwareAliases: Readonly<Record<string, string>> = {
  cpu: "cpu-clock",
  faults: "page-faults",
  cs: "context-switches",
};
const hardwareEvents = [
  "cpu-cycles",
  "instructions",
  "cache-references",
  "cache-misses",
  "branch-instructions",
  "branch-misses",
  "bus-cycles",
  "frontend-stalls",
  "backend-stalls",
  "ref-cycles",
];
const hardwareAliases: Readonly<Record<string, string>> = {
  cycles: "cpu-cycles",
  branches: "branch-instructions",
};

/** glob makes a pattern of `*` and `?`. */
export function glob(pattern: string): RegExp {
  return new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );
}

const isGlob = (name: string): boolean => /[*?]/.test(name);

/** near gives the names that differ least, for a hint. */
function near(name: string, known: readonly string[]): string[] {
  const grams = (text: string): Set<string> =>
    new Set(Array.from({ length: Math.max(0, text.length - 2) }, (_, i) => text.slice(i, i + 3)));
  const own = grams(name);
  const ranked = known.map((each) => {
    const other = grams(each);
    let shared = 0;
    for (const gram of own) if (other.has(gram)) shared++;
    return { each, score: (2 * shared) / (own.size + other.size || 1) };
  });
  return ranked
    .filter(({ score }) => score > 0.3)
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ each }) => each);
}

/** placesOf reads an attach point; patterns give all that match. What is wrong is reported and gives none. */
export function placesOf(point: AttachPoint, machine: ScriptMachine, report: Reporter): ProbePlace[] {
  const [written = "", ...rest] = point.text.split(":");
  const kind = Object.hasOwn(aliases, written) ? (aliases[written] ?? written) : written;
  const fail = (message: string, hint?: string): [] => {
    report.error("bad-attribute", point, message, hint);
    return [];
  };
  const tail = rest.join(":");
  switch (kind) {
    case "BEGIN":
    case "END":
      return rest.length > 0
        ? fail(`${kind} takes nothing behind it`)
        : [{ kind: kind === "BEGIN" ? "begin" : "end" }];
    case "tracepoint":
      return tracepoints(point, rest, machine, report);
    case "rawtracepoint": {
      const name = rest.at(-1) ?? "";
      if (rest.length < 1 || rest.length > 2 || !/^\w+$/.test(name))
        return fail("write it as rawtracepoint:NAME", "e.g. rawtracepoint:sched_switch");
      return [{ kind, name }];
    }
    case "kprobe":
    case "kretprobe": {
      if (!/^[\w.]+$/.test(tail))
        return fail(
          `write it as ${kind}:FUNCTION`,
          isGlob(tail) ? "patterns of kernel functions are not taken" : "offsets are not taken",
        );
      return [{ kind, name: tail }];
    }
    case "uprobe":
    case "uretprobe":
      return uprobes(kind, point, tail, machine, report);
    case "interval":
    case "profile":
      return timed(kind, rest, fail);
    case "software":
    case "hardware":
      return counted(kind, rest, fail);
    default: {
      const why = Object.hasOwn(elsewhere, kind) ? elsewhere[kind] : undefined;
      if (why !== undefined) {
        report.error("unsupported", point, `${kind} probes are not taken: ${why}`);
        return [];
      }
      const [nearest] = near(written, kinds);
      return fail(
        `there is no kind of probe "${written}"`,
        nearest === undefined ? `known are ${kinds.join(", ")}` : `did you mean ${nearest}?`,
      );
    }
  }
}

function tracepoints(
  point: AttachPoint,
  rest: readonly string[],
  machine: ScriptMachine,
  report: Reporter,
): ProbePlace[] {
  const [group = "", name = ""] = rest;
  if (rest.length !== 2 || group === "" || name === "") {
    report.error(
      "bad-attribute",
      point,
      "write it as tracepoint:GROUP:NAME",
      "e.g. tracepoint:sched:sched_switch",
    );
    return [];
  }
  if (!isGlob(group) && !isGlob(name)) {
    if (machine.tracepointFormat?.(group, name) !== undefined) return [{ kind: "tracepoint", group, name }];
    const close = near(`${group}:${name}`, machine.tracepoints?.() ?? []);
    report.error(
      "no-tracepoint",
      point,
      `there is no tracepoint ${group}:${name}`,
      close.length > 0
        ? `did you mean ${close.join(", ")}?`
        : "ls /sys/kernel/tracing/events lists them (root only)",
    );
    return [];
  }
  const pattern = glob(`${group}:${name}`);
  const found = (machine.tracepoints?.() ?? []).filter((each) => pattern.test(each));
  if (found.length === 0) report.error("no-tracepoint", point, `no tracepoint matches ${group}:${name}`);
  return found.map((each) => {
    const cut = each.indexOf(":");
    return { kind: "tracepoint", group: each.slice(0, cut), name: each.slice(cut + 1) };
  });
}

function uprobes(
  kind: "uprobe" | "uretprobe",
  point: AttachPoint,
  tail: string,
  machine: ScriptMachine,
  report: Reporter,
): ProbePlace[] {
  const cut = tail.indexOf(":");
  const written = tail.slice(0, cut);
  const target = tail.slice(cut + 1);
  if (cut < 1 || target === "") {
    report.error(
      "bad-attribute",
      point,
      `write it as ${kind}:PROGRAM:FUNCTION`,
      `e.g. ${kind}:/bin/bash:readline`,
    );
    return [];
  }
  const path = machine.findProgram === undefined ? written : machine.findProgram(written);
  if (path === undefined) {
    report.error("bad-attribute", point, `there is no program or library ${written}`, "give its whole path");
    return [];
  }
  const match = /^(.+?)(?:\+(0x[0-9a-fA-F]+|\d+))?$/.exec(target);
  const symbol = match?.[1] ?? target;
  const offset = Number(match?.[2] ?? 0);
  if (!isGlob(symbol)) return [{ kind, path, symbol, offset }];
  const pattern = glob(symbol);
  const found = (machine.symbols?.(path) ?? []).filter((each) => pattern.test(each));
  if (found.length === 0) report.error("bad-attribute", point, `no function of ${path} matches ${symbol}`);
  return found.map((each) => ({ kind, path, symbol: each, offset: 0 }));
}

function timed(
  kind: "interval" | "profile",
  rest: readonly string[],
  fail: (message: string, hint?: string) => [],
): ProbePlace[] {
  const [unit = "", written = ""] = rest;
  const count = Number(written);
  const good = rest.length === 2 && /^\d+$/.test(written) && count > 0;
  if (!good || (unit !== "hz" && units[unit] === undefined))
    return fail(
      `write it as ${kind}:UNIT:COUNT`,
      `units are s, ms, us${kind === "profile" ? " and hz" : " and hz"}: ${kind}:${kind === "profile" ? "hz:99" : "s:1"}`,
    );
  const period = Math.round((units[unit] ?? 0) * count);
  if (kind === "interval") return [{ kind, period: unit === "hz" ? Math.round(1e9 / count) : period }];
  return [
    unit === "hz" ? { kind, frequency: count, period: undefined } : { kind, frequency: undefined, period },
  ];
}

function counted(
  kind: "software" | "hardware",
  rest: readonly string[],
  fail: (message: string, hint?: string) => [],
): ProbePlace[] {
  const [written = "", count = ""] = rest;
  const names = kind === "software" ? softwareEvents : hardwareEvents;
  const event = (kind === "software" ? softwareAliases : hardwareAliases)[written] ?? written;
  if (!names.includes(event))
    return fail(`there is no ${kind} event "${written}"`, `known are ${names.join(", ")}`);
  if (rest.length > 2 || (count !== "" && !/^[1-9]\d*$/.test(count)))
    return fail(`write it as ${kind}:EVENT:COUNT`, `e.g. ${kind}:${event}:100`);
  // bpftrace's own defaults: every event of the rare kinds, one in a million of the others.
  const usual =
    kind === "hardware" || event.endsWith("clock")
      ? 1_000_000
      : event === "page-faults" || event === "minor-faults"
        ? 100
        : 1;
  return [{ kind, event, period: count === "" ? usual : Number(count) }];
}
