import type { WholeSpan } from "../whole/spans.js";
import { type Texts, type Types, typeOf } from "../whole/values.js";

/** Tag is a key with a value, as Jaeger's JSON has it. */
export interface Tag {
  readonly key: string;
  readonly type: "string" | "bool" | "int64" | "float64" | "binary";
  readonly value: string | boolean | number;
}

/** JaegerSpan is a span in Jaeger's JSON; times are microseconds. */
export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly flags: number;
  readonly operationName: string;
  readonly references: readonly {
    readonly refType: "CHILD_OF" | "FOLLOWS_FROM";
    readonly traceID: string;
    readonly spanID: string;
  }[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly Tag[];
  readonly logs: readonly { readonly timestamp: number; readonly fields: readonly Tag[] }[];
  readonly processID: string;
  readonly warnings: null;
}

/** JaegerTrace is a trace in Jaeger's JSON (jaeger: model/json). */
export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<
    Record<string, { readonly serviceName: string; readonly tags: readonly Tag[] }>
  >;
  readonly warnings: readonly string[] | null;
}

const KINDS = ["", "internal", "server", "client", "producer", "consumer"];
const STATUSES = ["", "OK", "ERROR"];

const tags = (attributes: Texts, types: Types = {}): Tag[] =>
  Object.entries(attributes).map(([key, text]) => ({ key, ...tagValue(text, typeOf(types, key)) }));

/** tagValue gives a value with its type; arrays and maps are JSON, an int that JavaScript cannot hold is its digits, as Jaeger does it. */
function tagValue(text: string, type: string): Omit<Tag, "key"> {
  const number = Number(text);
  switch (type) {
    case "int":
      return { type: "int64", value: Number.isSafeInteger(number) ? number : text };
    case "double":
      return Number.isFinite(number) ? { type: "float64", value: number } : { type: "string", value: text };
    case "bool":
      return { type: "bool", value: text === "true" };
    case "bytes":
      return { type: "binary", value: text };
    default:
      return { type: "string", value: text };
  }
}

const microseconds = (nanoseconds: bigint): number => Number(nanoseconds / 1000n);

/** jaegerTrace gives a trace's spans as Jaeger's JSON, mapped as OpenTelemetry's specification of Jaeger says. */
export function jaegerTrace(spans: readonly WholeSpan[]): JaegerTrace {
  const names = new Map<string, string>();
  const processes: Record<string, { serviceName: string; tags: Tag[] }> = {};
  const processOf = (span: WholeSpan): string => {
    const found = names.get(span.resource);
    if (found !== undefined) return found;
    const name = `p${names.size + 1}`;
    names.set(span.resource, name);
    const { "service.name": _, ...rest } = span.resource_attributes;
    processes[name] = { serviceName: span.service_name, tags: tags(rest, span.resource_attribute_types) };
    return name;
  };
  return {
    traceID: spans[0]?.trace_id ?? "",
    spans: spans.map((span) => jaegerSpan(span, processOf(span))),
    processes,
    warnings: null,
  };
}

function jaegerSpan(span: WholeSpan, processID: string): JaegerSpan {
  const parent = { refType: "CHILD_OF", traceID: span.trace_id, spanID: span.parent_span_id } as const;
  return {
    traceID: span.trace_id,
    spanID: span.span_id,
    flags: span.flags & 1,
    operationName: span.operation,
    references: [
      ...(span.parent_span_id === "" ? [] : [parent]),
      ...span.links.map((link) => ({
        refType: "FOLLOWS_FROM" as const,
        traceID: link.trace_id,
        spanID: link.span_id,
      })),
    ],
    startTime: microseconds(span.start_ns),
    duration: microseconds(span.duration_ns),
    tags: [...tags(span.attributes, span.attribute_types), ...ownTags(span)],
    logs: span.events.map((event) => ({
      timestamp: microseconds(event.time_ns),
      fields: [{ key: "event", type: "string", value: event.name }, ...tags(event.attributes)],
    })),
    processID,
    warnings: null,
  };
}

/** ownTags are what OTLP has fields for and Jaeger has tags. */
function ownTags(span: WholeSpan): Tag[] {
  const pairs: readonly (readonly [string, string])[] = [
    ["span.kind", KINDS[span.kind] ?? ""],
    ["otel.status_code", STATUSES[span.status] ?? ""],
    ["otel.status_description", span.status_message],
    ["otel.scope.name", span.scope_name],
    ["otel.scope.version", span.scope_version],
    ["w3c.tracestate", span.trace_state],
  ];
  const own: Tag[] = pairs.flatMap(([key, value]) => (value === "" ? [] : [{ key, type: "string", value }]));
  if (span.status === 2) own.push({ key: "error", type: "bool", value: true });
  return own;
}
