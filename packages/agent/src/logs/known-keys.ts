import type { Pairs } from "./json-line.js";
import { hasZone, parseTime, unixTime } from "./line-time.js";
import type { LogValue, ParsedLine } from "./parsed-line.js";
import { severityName, severityOf, severityOfNumber } from "./severity.js";

// What libraries call the same things, in small letters: slog, zap, zerolog, logrus, pino, bunyan, log4j, loguru, ECS, Python's, .NET's, PostgreSQL's
// and Google's JSON.
const times = [
  "time",
  "ts",
  "timestamp",
  "@timestamp",
  "t",
  "datetime",
  "asctime",
  "timemillis",
  "record.time.timestamp",
  "@t",
];
const levels = [
  "level",
  "severity",
  "lvl",
  "log.level",
  "levelname",
  "loglevel",
  "error_severity",
  "record.level.name",
  "@l",
];
const messages = ["msg", "message", "event", "body", "short_message", "record.message", "@m", "@mt"];
const traces = ["trace_id", "traceid", "trace.id", "oteltraceid"];
const spans = ["span_id", "spanid", "span.id", "otelspanid"];
// A second and its nanoseconds apart: log4j's and Google's.
const halves = [
  ["instant.epochsecond", "instant.nanoofsecond"],
  ["timestamp.seconds", "timestamp.nanos"],
] as const;
// What may stand in front of a message whose library writes it before the program's own fields.
const front = /^(?:caller|logger|logger_name|name|source\..*|func|function|file|thread)$/;

/** fromPairs makes a line of keys and values: the known ones get their place, the rest are attributes. */
export function fromPairs(format: string, { list, dropped }: Pairs): ParsedLine | undefined {
  const taken = new Set<number>();
  const names = list.map(([name]) => name.toLowerCase());
  /** take gives the first that can be read, in the order of the names. A program's own field of such a name stands behind its library's. */
  const take = <T>(known: readonly string[], read: (value: LogValue) => T | undefined): T | undefined => {
    for (const name of known) {
      for (let at = names.indexOf(name); at >= 0; at = names.indexOf(name, at + 1)) {
        const value = list[at]?.[1];
        const found = value === undefined || taken.has(at) ? undefined : read(value);
        if (found === undefined) continue;
        taken.add(at);
        return found;
      }
    }
    return undefined;
  };
  const takeNumber = (name: string): number | undefined =>
    take([name], (value) => (typeof value === "number" ? value : undefined));
  const time = take(times, timeOf) ?? halfTime(takeNumber);
  const level = take(levels, (value) => {
    const severity = typeof value === "number" ? severityOfNumber(value) : severityOf(String(value), true);
    if (severity === 0) return undefined;
    return { severity, text: typeof value === "number" ? severityName(severity) : String(value) };
  });
  const message = takeMessage(list, names, taken);
  if (level === undefined && message === undefined && time === undefined) return undefined;
  const id = (known: readonly string[], length: number): string =>
    take(known, (value) => {
      const text = String(value).toLowerCase();
      return text.length === length && /^[0-9a-f]+$/.test(text) && !/^0+$/.test(text) ? text : undefined;
    }) ?? "";
  const traceId = id(traces, 32);
  const spanId = id(spans, 16);
  return {
    format,
    timeNs: time?.ns,
    isLocal: time?.isLocal ?? false,
    severity: level?.severity ?? 0,
    severityText: level?.text ?? "",
    message: message ?? "",
    // Of a name that comes twice the last is kept, as JSON has it.
    attributes: [...new Map(list.filter((_, at) => !taken.has(at)))],
    droppedAttributes: dropped,
    traceId,
    spanId: traceId === "" ? "" : spanId,
  };
}

interface LineTime {
  readonly ns: bigint;
  readonly isLocal: boolean;
}

const zoned = (ns: bigint | undefined): LineTime | undefined =>
  ns === undefined ? undefined : { ns, isLocal: false };

function timeOf(value: LogValue): LineTime | undefined {
  if (typeof value === "number") return zoned(unixTime(value));
  const text = String(value);
  const ns = parseTime(text);
  if (ns !== undefined) return { ns, isLocal: !hasZone(text) };
  return /^\d{9,19}(?:\.\d+)?$/.test(text) ? zoned(unixDigits(text)) : undefined;
}

/** unixDigits reads a count as text; nanoseconds keep all their digits. */
const unixDigits = (text: string): bigint | undefined =>
  text.length === 19 && !text.includes(".") ? BigInt(text) : unixTime(Number(text));

function halfTime(takeNumber: (name: string) => number | undefined): LineTime | undefined {
  for (const [seconds, nanos] of halves) {
    const whole = takeNumber(seconds);
    if (whole === undefined || !Number.isSafeInteger(whole)) continue;
    return zoned(BigInt(whole) * 1_000_000_000n + BigInt(Math.trunc(takeNumber(nanos) ?? 0)));
  }
  return undefined;
}

/**
 * takeMessage takes a line's message. Where a name comes twice it is the first with a time and nothing but the library's own in front of it
 * (slog, zap), else the last (zerolog, pino).
 */
function takeMessage(list: Pairs["list"], names: readonly string[], taken: Set<number>): string | undefined {
  for (const name of messages) {
    const first = names.indexOf(name);
    if (first < 0) continue;
    const before = names.slice(0, first);
    const isFront = before.every((each) => front.test(each) || times.includes(each) || levels.includes(each));
    const isFirst = isFront && before.some((each) => times.includes(each));
    const at = isFirst ? first : names.lastIndexOf(name);
    const value = list[at]?.[1];
    if (typeof value !== "string") continue;
    taken.add(at);
    return value;
  }
  return undefined;
}
