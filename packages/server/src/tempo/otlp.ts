import {
  ExportTraceServiceRequest,
  encodeProtobuf,
  type Input,
  type KeyValue,
  type ResourceSpans,
  type ScopeSpans,
  type Span,
} from "@go3s/telemetry";
import type { WholeSpan } from "../whole/spans.js";
import { jsonKeyValues, keyValues } from "../whole/values.js";

/** otlpOf gives spans as OTLP, by resource and scope. */
export function otlpOf(spans: readonly WholeSpan[]): Input<ResourceSpans>[] {
  const resources = new Map<
    string,
    {
      attributes: Input<KeyValue>[];
      scopes: Map<string, { name: string; version: string; spans: Input<Span>[] }>;
    }
  >();
  for (const span of spans) {
    const resource = resources.get(span.resource) ?? {
      attributes: keyValues(span.resource_attributes, span.resource_attribute_types),
      scopes: new Map(),
    };
    resources.set(span.resource, resource);
    const key = `${span.scope_name}\u0000${span.scope_version}`;
    const scope = resource.scopes.get(key) ?? {
      name: span.scope_name,
      version: span.scope_version,
      spans: [],
    };
    resource.scopes.set(key, scope);
    scope.spans.push(otlpSpan(span));
  }
  return [...resources.values()].map(({ attributes, scopes }) => ({
    resource: { attributes },
    scopeSpans: [...scopes.values()].map(
      ({ name, version, spans: list }): Input<ScopeSpans> => ({ scope: { name, version }, spans: list }),
    ),
  }));
}

function otlpSpan(span: WholeSpan): Input<Span> {
  return {
    traceId: span.trace_id,
    spanId: span.span_id,
    parentSpanId: span.parent_span_id,
    traceState: span.trace_state,
    flags: span.flags,
    name: span.operation,
    kind: span.kind,
    startTimeUnixNano: span.start_ns,
    endTimeUnixNano: span.start_ns + span.duration_ns,
    attributes: keyValues(span.attributes, span.attribute_types),
    events: span.events.map(({ time_ns, name, attributes }) => ({
      timeUnixNano: time_ns,
      name,
      attributes: keyValues(attributes),
    })),
    links: span.links.map(({ trace_id, span_id, trace_state, attributes }) => ({
      traceId: trace_id,
      spanId: span_id,
      traceState: trace_state,
      attributes: keyValues(attributes),
    })),
    status: { code: span.status, message: span.status_message },
  };
}

/** traceProtobuf is a trace as tempopb.Trace, which is OTLP's ResourceSpans in field 1. */
export function traceProtobuf(spans: readonly WholeSpan[]): Uint8Array {
  return encodeProtobuf(ExportTraceServiceRequest, { resourceSpans: otlpOf(spans) });
}

/** answerProtobuf is tempopb.TraceByIDResponse: the trace in field 1. */
export function answerProtobuf(spans: readonly WholeSpan[]): Uint8Array {
  const trace = traceProtobuf(spans);
  const head: number[] = [0x0a];
  for (let length = trace.length; ; length = Math.floor(length / 128)) {
    head.push(length > 127 ? (length % 128) | 0x80 : length);
    if (length <= 127) break;
  }
  return Uint8Array.from([...head, ...trace]);
}

const KINDS = [
  "SPAN_KIND_UNSPECIFIED",
  "SPAN_KIND_INTERNAL",
  "SPAN_KIND_SERVER",
  "SPAN_KIND_CLIENT",
  "SPAN_KIND_PRODUCER",
  "SPAN_KIND_CONSUMER",
];
const STATUSES = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];
const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");

/** traceJson is a trace as Tempo writes it in JSON: protobuf's own mapping, with ids in base64 and numbers of 64 bits as texts. */
export function traceJson(spans: readonly WholeSpan[]): unknown[] {
  const resources = new Map<string, WholeSpan[]>();
  for (const span of spans) {
    const key = `${span.resource}\u0000${span.scope_name}\u0000${span.scope_version}`;
    const list = resources.get(key);
    if (list === undefined) resources.set(key, [span]);
    else list.push(span);
  }
  return [...resources.values()].map((list) => ({
    resource: {
      attributes: jsonKeyValues(list[0]?.resource_attributes ?? {}, list[0]?.resource_attribute_types),
    },
    scopeSpans: [
      {
        scope: { name: list[0]?.scope_name ?? "", version: list[0]?.scope_version ?? "" },
        spans: list.map(jsonSpan),
      },
    ],
  }));
}

function jsonSpan(span: WholeSpan): unknown {
  return {
    traceId: base64(span.trace_id),
    spanId: base64(span.span_id),
    ...(span.parent_span_id === "" ? {} : { parentSpanId: base64(span.parent_span_id) }),
    ...(span.trace_state === "" ? {} : { traceState: span.trace_state }),
    name: span.operation,
    kind: KINDS[span.kind] ?? "SPAN_KIND_UNSPECIFIED",
    startTimeUnixNano: String(span.start_ns),
    endTimeUnixNano: String(span.start_ns + span.duration_ns),
    attributes: jsonKeyValues(span.attributes, span.attribute_types),
    events: span.events.map((event) => ({
      timeUnixNano: String(event.time_ns),
      name: event.name,
      attributes: jsonKeyValues(event.attributes),
    })),
    links: span.links.map((link) => ({
      traceId: base64(link.trace_id),
      spanId: base64(link.span_id),
      attributes: jsonKeyValues(link.attributes),
    })),
    status: {
      ...(span.status === 0 ? {} : { code: STATUSES[span.status] }),
      ...(span.status_message === "" ? {} : { message: span.status_message }),
    },
  };
}
