import type { TailLog, TailSpan } from "@go3s/server";
import { clockText } from "../clock-text.js";
import { durationText } from "../duration-text.js";
import type { Output } from "../output.js";
import { cellText } from "../table.js";

const clock = (ns: string): string => clockText(BigInt(ns));

/** Large numbers stay texts in JSON, as everywhere in Go3s. */
const number = (text: string): number | string => (Number.isSafeInteger(Number(text)) ? Number(text) : text);

/** showSpan prints a span as `go3s observe` does. */
export function showSpan(span: TailSpan, output: Output): void {
  const { paint } = output;
  if (output.json) {
    output.value({ ...span, duration_ns: number(span.duration_ns), timestamp_ns: number(span.timestamp_ns) });
    return;
  }
  const status =
    span.attributes["http.response.status_code"] ??
    span.attributes["rpc.response.status_code"] ??
    span.attributes["rpc.grpc.status_code"] ??
    "-";
  const bad = span.status_code === "ERROR";
  const why = bad && span.status_message !== "" ? paint.red(cellText(span.status_message)) : "";
  output.line(
    [
      paint.dim(clock(span.timestamp_ns)),
      cellText(span.service_name).padEnd(12),
      span.kind.padEnd(8),
      durationText(Number(span.duration_ns)).padStart(8),
      bad ? paint.red(status === "-" ? "error" : status) : status,
      cellText(span.operation),
      paint.dim(span.trace_id.slice(0, 8)),
      why,
    ]
      .join("  ")
      .trimEnd(),
  );
}

/** showLog prints a log record. */
export function showLog(log: TailLog, output: Output): void {
  const { paint } = output;
  if (output.json) {
    const { tie: _, ...rest } = log;
    output.value({ ...rest, timestamp_ns: number(log.timestamp_ns) });
    return;
  }
  const level = log.level.padEnd(5);
  const attributes = Object.entries(log.attributes).map(([key, value]) => `${key}=${cellText(value)}`);
  output.line(
    [
      paint.dim(clock(log.timestamp_ns)),
      cellText(log.service_name).padEnd(12),
      log.severity_number >= 17 ? paint.red(level) : log.severity_number >= 13 ? paint.yellow(level) : level,
      cellText(log.body === "" ? log.event_name : log.body),
      paint.dim(attributes.join(" ")),
      paint.dim(log.trace_id.slice(0, 8)),
    ]
      .join("  ")
      .trimEnd(),
  );
}
