import type { Point } from "./attach-point.js";
import type { ProbePlace } from "./script.js";

/** Fail reports what is wrong with an attach point and gives none. */
export type Fail = (message: string, hint?: string, id?: "bad-attribute" | "unattachable") => [];

const units: Readonly<Record<string, number>> = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 };

/** softwareEvents are the names of enum perf_sw_ids, include/uapi/linux/perf_event.h, with bpftrace's short ones. */
export const softwareEvents: readonly (readonly [name: string, alias: string])[] = [
  ["alignment-faults", ""],
  ["bpf-output", ""],
  ["context-switches", "cs"],
  ["cpu-clock", "cpu"],
  ["cpu-migrations", ""],
  ["dummy", ""],
  ["emulation-faults", ""],
  ["major-faults", ""],
  ["minor-faults", ""],
  ["page-faults", "faults"],
  ["task-clock", ""],
];

/** hardwareEvents are those of enum perf_hw_id. */
export const hardwareEvents: readonly (readonly [name: string, alias: string])[] = [
  ["backend-stalls", ""],
  ["branch-instructions", "branches"],
  ["branch-misses", ""],
  ["bus-cycles", ""],
  ["cache-misses", ""],
  ["cache-references", ""],
  ["cpu-cycles", "cycles"],
  ["frontend-stalls", ""],
  ["instructions", ""],
  ["ref-cycles", ""],
];

/** amount reads a count: digits, `1e6`, or undefined. */
function amount(text: string): number | undefined {
  const match = /^(\d[\d_]*)(?:e(\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  return Number((match[1] ?? "").replaceAll("_", "")) * 10 ** Number(match[2] ?? 0);
}

/** timedPlaces are interval and profile probes: UNIT:COUNT, or a duration alone. */
export function timedPlaces(kind: "interval" | "profile", point: Point, fail: Fail): ProbePlace[] {
  const texts = point.parts.map((part) => part.text);
  const title = `${kind}:${texts.join(":")}`;
  if (texts.length === 1) {
    const match = /^(.+?)(ns|us|ms|s)?$/.exec(texts[0] ?? "");
    const count = amount(match?.[1] ?? "");
    if (count === undefined || count <= 0) return fail("Invalid rate of interval probe", `e.g. ${kind}:1s`);
    const period = count * (units[match?.[2] ?? "ns"] ?? 1);
    return [kind === "interval" ? { kind, period, title } : { kind, frequency: undefined, period, title }];
  }
  const [unit = "", written = ""] = texts;
  const count = amount(written);
  if (texts.length !== 2 || count === undefined)
    return fail(`write it as ${kind}:UNIT:COUNT`, `e.g. ${kind}:${kind === "profile" ? "hz:99" : "s:1"}`);
  if (count <= 0) return fail(`${kind} count must be larger than 0`);
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined && unit !== "hz")
    return fail(`Invalid unit of ${kind} probe: ${unit}`, "units are s, ms, us and hz");
  const period = Math.round((factor ?? 0) * count);
  if (kind === "interval") return [{ kind, period: unit === "hz" ? Math.round(1e9 / count) : period, title }];
  return unit === "hz"
    ? [{ kind, frequency: count, period: undefined, title }]
    : [{ kind, frequency: undefined, period, title }];
}

/** countedPlaces are software and hardware probes: EVENT:COUNT. */
export function countedPlaces(kind: "software" | "hardware", point: Point, fail: Fail): ProbePlace[] {
  const [written = "", count = "", ...more] = point.parts.map((part) => part.text);
  const rows = kind === "software" ? softwareEvents : hardwareEvents;
  const event = rows.find(([name, alias]) => name === written || (alias !== "" && alias === written))?.[0];
  if (event === undefined)
    return fail(`${written} is not a ${kind} probe`, `known are ${rows.map(([name]) => name).join(", ")}`);
  const given = count === "" ? undefined : amount(count);
  if (more.length > 0 || (count !== "" && (given === undefined || given <= 0)))
    return fail(`write it as ${kind}:EVENT:COUNT`, `e.g. ${kind}:${event}:100`);
  // bpftrace's own defaults: every event of the rare kinds, one in a million of the others.
  const usual =
    kind === "hardware" || event.endsWith("clock")
      ? 1_000_000
      : event === "page-faults" || event === "minor-faults"
        ? 100
        : 1;
  const period = given ?? usual;
  return [{ kind, event, period, title: `${kind}:${written}${count === "" ? "" : `:${period}`}` }];
}
