import type { Exporter } from "@go3s/agent";
import {
  decodeProtobuf,
  ExportTraceServiceRequest,
  type LogRecord,
  type ScopeSpans,
  SPAN_KIND,
  type Span,
  STATUS_CODE,
} from "@go3s/telemetry";
import { type Values, valuesOf } from "./attribute-values.js";
import { clockText } from "./clock-text.js";
import { durationText } from "./duration-text.js";
import type { Output } from "./output.js";
import { newMetricPrinter, printLogs } from "./signal-lines.js";
import { cellText } from "./table.js";

/** ownScope is the scope of what the agent makes of what it sees. */
const ownScope = "go3s.agent";

const kinds = namesByNumber(SPAN_KIND);
const statuses = namesByNumber(STATUS_CODE);

function namesByNumber(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(table).map(([name, number]) => [number, name]));
}

/**
 * printingExporter shows spans instead of sending them: lines for people, or one JSON value a line; with `all` also log
 * records and points.
 */
export function printingExporter(output: Output, all = false, logs = false): Exporter {
  let sentItems = 0;
  const printMetrics = newMetricPrinter();
  return {
    send(signal, body, items) {
      if (signal === "logs" && (all || logs)) printLogs(body, output, all ? undefined : isWritten);
      if (all && signal === "metrics") printMetrics(body, output);
      // Logs of connections are for the store; on a terminal they would drown the spans.
      if (signal !== "traces") return;
      sentItems += items;
      for (const group of decodeProtobuf(ExportTraceServiceRequest, body).resourceSpans) {
        const resource = valuesOf(group.resource?.attributes ?? []);
        for (const scope of group.scopeSpans) {
          for (const span of scope.spans) {
            if (output.json) output.value({ ...spanValue(span, resource), ...madeValue(span, scope) });
            else output.line(spanLine(span, resource, output));
          }
        }
      }
    },
    stats: () => ({ sentItems, sentBytes: 0, waitingBytes: 0, dropped: {} }),
    close: async () => undefined,
  };
}

/** silentExporter takes everything and shows nothing. */
export const silentExporter = (): Exporter => ({
  send: () => undefined,
  stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
  close: async () => undefined,
});

/** isWritten tells a line of a process's log from what the agent tells of connections. */
const isWritten = ({ attributes }: LogRecord): boolean =>
  attributes.some(({ key }) => key === "log.iostream" || key === "log.file.path");

/** spanValue is a span as `observe --json` prints it (spec/cli.md). */
export function spanValue(span: Span, resource: Values): Values {
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    ...(span.traceState === "" ? {} : { trace_state: span.traceState }),
    service_name: resource["service.name"] ?? "",
    operation: span.name,
    kind: kinds.get(span.kind) ?? "UNSPECIFIED",
    status_code: statuses.get(span.status?.code ?? 0) ?? "UNSET",
    status_message: span.status?.message ?? "",
    duration_ns: span.endTimeUnixNano - span.startTimeUnixNano,
    timestamp_ns: span.startTimeUnixNano,
    attributes: valuesOf(span.attributes),
    resource,
  };
}

/** madeValue is what only spans have that a program makes itself: its scope, events and links. */
function madeValue({ events, links }: Span, { scope }: ScopeSpans): Values {
  return {
    ...(scope === undefined || scope.name === ownScope
      ? {}
      : { scope_name: scope.name, scope_version: scope.version }),
    ...(events.length === 0
      ? {}
      : {
          events: events.map(({ timeUnixNano, name, attributes }) => ({
            timestamp_ns: timeUnixNano,
            name,
            attributes: valuesOf(attributes),
          })),
        }),
    ...(links.length === 0
      ? {}
      : {
          links: links.map(({ traceId, spanId, attributes }) => ({
            trace_id: traceId,
            span_id: spanId,
            attributes: valuesOf(attributes),
          })),
        }),
  };
}

function spanLine(span: Span, resource: Values, { paint }: Output): string {
  const values = valuesOf(span.attributes);
  const time = clockText(span.startTimeUnixNano);
  const status = String(values["http.response.status_code"] ?? values["error.type"] ?? "-");
  const bad = (span.status?.code ?? 0) === STATUS_CODE.ERROR;
  const path = String(values["url.path"] ?? values["db.query.text"] ?? values["dns.question.name"] ?? "");
  const shown = span.name.endsWith(path) ? span.name : `${span.name}  ${path}`;
  return [
    paint.dim(time),
    cellText(resource["service.name"] ?? "").padEnd(12),
    (kinds.get(span.kind) ?? "").padEnd(6),
    durationText(Number(span.endTimeUnixNano - span.startTimeUnixNano)).padStart(8),
    bad ? paint.red(status) : status,
    cellText(values["code.function.name"] === undefined ? shown : callText(span.name, values)),
    paint.dim(span.traceId.slice(0, 8)),
  ].join("  ");
}

/** callText writes a call with its arguments and results as a program would. */
function callText(name: string, values: Values): string {
  const of = (prefix: string): string[] =>
    Object.entries(values)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => `${key.slice(prefix.length)}=${String(value)}`);
  const results = of("go3s.result.");
  return `${name}(${of("go3s.arg.").join(", ")})${results.length === 0 ? "" : ` → ${results.join(", ")}`}`;
}
