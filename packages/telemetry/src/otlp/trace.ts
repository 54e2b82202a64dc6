import { InstrumentationScope, KeyValue, Resource } from "./common.js";
import {
  child,
  enumeration,
  fixed32,
  fixed64,
  hex,
  int64,
  list,
  type MessageType,
  message,
  string,
  uint32,
} from "./message.js";

const PACKAGE = "opentelemetry.proto.trace.v1";
const COLLECTOR = "opentelemetry.proto.collector.trace.v1";

/** SPAN_KIND gives the numbers of Span.kind. */
export const SPAN_KIND = {
  UNSPECIFIED: 0,
  INTERNAL: 1,
  SERVER: 2,
  CLIENT: 3,
  PRODUCER: 4,
  CONSUMER: 5,
} as const;

/** STATUS_CODE gives the numbers of SpanStatus.code. */
export const STATUS_CODE = { UNSET: 0, OK: 1, ERROR: 2 } as const;

/** ExportTraceServiceRequest is what a client sends to /v1/traces. */
export interface ExportTraceServiceRequest {
  readonly resourceSpans: readonly ResourceSpans[];
}

/** ResourceSpans are the spans of one resource. */
export interface ResourceSpans {
  readonly resource?: Resource;
  readonly scopeSpans: readonly ScopeSpans[];
  readonly schemaUrl: string;
}

/** ScopeSpans are the spans of one instrumentation scope. */
export interface ScopeSpans {
  readonly scope?: InstrumentationScope;
  readonly spans: readonly Span[];
  readonly schemaUrl: string;
}

/** Span is one operation; ids are lower-case hex, times Unix nanoseconds. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly parentSpanId: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly events: readonly SpanEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly SpanLink[];
  readonly droppedLinksCount: number;
  readonly status?: SpanStatus;
}

/** SpanEvent is something that happened during a span. */
export interface SpanEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
}

/** SpanLink points from a span to another one, maybe of another trace. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

/** SpanStatus says whether the operation failed. */
export interface SpanStatus {
  readonly message: string;
  readonly code: number;
}

/** ExportTracePartialSuccess tells the client which part was refused. */
export interface ExportTracePartialSuccess {
  readonly rejectedSpans: bigint;
  readonly errorMessage: string;
}

/** ExportTraceServiceResponse is the answer to an export; empty when all was taken. */
export interface ExportTraceServiceResponse {
  readonly partialSuccess?: ExportTracePartialSuccess;
}

export const SpanStatus: MessageType<SpanStatus> = message<SpanStatus>(`${PACKAGE}.Status`, {
  message: string(2),
  code: enumeration(3),
});

export const SpanLink: MessageType<SpanLink> = message<SpanLink>(`${PACKAGE}.Span.Link`, {
  traceId: hex(1),
  spanId: hex(2),
  traceState: string(3),
  attributes: list(4, () => KeyValue),
  droppedAttributesCount: uint32(5),
  flags: fixed32(6),
});

export const SpanEvent: MessageType<SpanEvent> = message<SpanEvent>(`${PACKAGE}.Span.Event`, {
  timeUnixNano: fixed64(1),
  name: string(2),
  attributes: list(3, () => KeyValue),
  droppedAttributesCount: uint32(4),
});

export const Span: MessageType<Span> = message<Span>(`${PACKAGE}.Span`, {
  traceId: hex(1),
  spanId: hex(2),
  traceState: string(3),
  parentSpanId: hex(4),
  flags: fixed32(16),
  name: string(5),
  kind: enumeration(6),
  startTimeUnixNano: fixed64(7),
  endTimeUnixNano: fixed64(8),
  attributes: list(9, () => KeyValue),
  droppedAttributesCount: uint32(10),
  events: list(11, () => SpanEvent),
  droppedEventsCount: uint32(12),
  links: list(13, () => SpanLink),
  droppedLinksCount: uint32(14),
  status: child(15, () => SpanStatus),
});

export const ScopeSpans: MessageType<ScopeSpans> = message<ScopeSpans>(`${PACKAGE}.ScopeSpans`, {
  scope: child(1, () => InstrumentationScope),
  spans: list(2, () => Span),
  schemaUrl: string(3),
});

export const ResourceSpans: MessageType<ResourceSpans> = message<ResourceSpans>(`${PACKAGE}.ResourceSpans`, {
  resource: child(1, () => Resource),
  scopeSpans: list(2, () => ScopeSpans),
  schemaUrl: string(3),
});

export const ExportTraceServiceRequest: MessageType<ExportTraceServiceRequest> =
  message<ExportTraceServiceRequest>(`${COLLECTOR}.ExportTraceServiceRequest`, {
    resourceSpans: list(1, () => ResourceSpans),
  });

export const ExportTracePartialSuccess: MessageType<ExportTracePartialSuccess> =
  message<ExportTracePartialSuccess>(`${COLLECTOR}.ExportTracePartialSuccess`, {
    rejectedSpans: int64(1),
    errorMessage: string(2),
  });

export const ExportTraceServiceResponse: MessageType<ExportTraceServiceResponse> =
  message<ExportTraceServiceResponse>(`${COLLECTOR}.ExportTraceServiceResponse`, {
    partialSuccess: child(1, () => ExportTracePartialSuccess),
  });
