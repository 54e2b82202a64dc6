import { parseTime, unixTime } from "./line-time.js";
import type { LogValue, ParsedLine } from "./parsed-line.js";
import { severityName, severityOf, severityOfNumber } from "./severity.js";

// What libraries call the same things: slog, zap, zerolog, logrus, pino, bunyan, ECS, Python's and Google's JSON.
const times = ["time", "ts", "timestamp", "@timestamp", "t", "datetime", "asctime"];
const levels = ["level", "severity", "lvl", "log.level", "levelname", "loglevel"];
const messages = ["msg", "message", "event", "body"];
const traces = ["trace_id", "traceid", "trace.id", "traceId", "traceID", "otelTraceID"];
const spans = ["span_id", "spanid", "span.id", "spanId", "spanID", "otelSpanID"];

/** fromPairs makes a line of keys and values: the known ones get their place, the rest are attributes. */
export function fromPairs(
  format: string,
  pairs: readonly (readonly [string, LogValue])[],
): ParsedLine | undefined {
  const taken = new Set<string>();
  const values = new Map(pairs);
  const take = <T>(names: readonly string[], read: (value: LogValue) => T | undefined): T | undefined => {
    for (const name of names) {
      const value = values.get(name);
      const found = value === undefined ? undefined : read(value);
      if (found === undefined) continue;
      taken.add(name);
      return found;
    }
    return undefined;
  };
  const timeNs = take(times, (value) =>
    typeof value === "number" ? unixTime(value) : parseTime(String(value)),
  );
  const level = take(levels, (value) => {
    const severity = typeof value === "number" ? severityOfNumber(value) : severityOf(String(value));
    if (severity === 0) return undefined;
    return { severity, text: typeof value === "number" ? severityName(severity) : String(value) };
  });
  const message = take(messages, (value) => (typeof value === "string" ? value : undefined));
  if (level === undefined && message === undefined && timeNs === undefined) return undefined;
  const id = (names: readonly string[], length: number): string =>
    take(names, (value) => {
      const text = String(value).toLowerCase();
      return text.length === length && /^[0-9a-f]+$/.test(text) && !/^0+$/.test(text) ? text : undefined;
    }) ?? "";
  const traceId = id(traces, 32);
  const spanId = id(spans, 16);
  return {
    format,
    timeNs,
    severity: level?.severity ?? 0,
    severityText: level?.text ?? "",
    message: message ?? "",
    attributes: pairs.filter(([name]) => !taken.has(name)),
    traceId,
    spanId: traceId === "" ? "" : spanId,
  };
}
