import type { AnyValue } from "../../otlp/common.js";
import {
  bool,
  bytes,
  child,
  double,
  enumeration,
  hex,
  type Input,
  int32,
  int64,
  list,
  type MessageType,
  message,
  string,
} from "../../otlp/message.js";
import { decodeProtobuf } from "../../otlp/protobuf-decode.js";
import type { ExportTraceServiceRequest } from "../../otlp/trace.js";
import type { JaegerProcess, JaegerSpan, JaegerTag } from "./model.js";
import { jaegerToOtlp } from "./otlp.js";

// jaegertracing/jaeger-idl: proto/api_v2/model.proto and collector.proto.

/** JaegerKeyValue is a tag; vType counts as in ValueType { STRING, BOOL, INT64, FLOAT64, BINARY }. */
export interface JaegerKeyValue {
  readonly key: string;
  readonly vType: number;
  readonly vStr: string;
  readonly vBool: boolean;
  readonly vInt64: bigint;
  readonly vFloat64: number;
  readonly vBinary: Uint8Array;
}

/** ProtoTime is google.protobuf's Timestamp and Duration. */
export interface ProtoTime {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** JaegerLogMessage is an event. */
export interface JaegerLogMessage {
  readonly timestamp?: ProtoTime;
  readonly fields: readonly JaegerKeyValue[];
}

/** JaegerRefMessage is a reference; refType 0 is CHILD_OF, 1 FOLLOWS_FROM. */
export interface JaegerRefMessage {
  readonly traceId: string;
  readonly spanId: string;
  readonly refType: number;
}

/** JaegerProcessMessage is who sends. */
export interface JaegerProcessMessage {
  readonly serviceName: string;
  readonly tags: readonly JaegerKeyValue[];
}

/** JaegerSpanMessage is a span. */
export interface JaegerSpanMessage {
  readonly traceId: string;
  readonly spanId: string;
  readonly operationName: string;
  readonly references: readonly JaegerRefMessage[];
  readonly startTime?: ProtoTime;
  readonly duration?: ProtoTime;
  readonly tags: readonly JaegerKeyValue[];
  readonly logs: readonly JaegerLogMessage[];
  readonly process?: JaegerProcessMessage;
}

/** JaegerBatchMessage holds spans of one process. */
export interface JaegerBatchMessage {
  readonly spans: readonly JaegerSpanMessage[];
  readonly process?: JaegerProcessMessage;
}

/** PostSpansRequest is what jaeger.api_v2.CollectorService/PostSpans takes. */
export interface PostSpansRequest {
  readonly batch?: JaegerBatchMessage;
}

const KeyValueType: MessageType<JaegerKeyValue> = message<JaegerKeyValue>("jaeger.api_v2.KeyValue", {
  key: string(1),
  vType: enumeration(2),
  vStr: string(3),
  vBool: bool(4),
  vInt64: int64(5),
  vFloat64: double(6),
  vBinary: bytes(7),
});

const TimeType: MessageType<ProtoTime> = message<ProtoTime>("google.protobuf.Timestamp", {
  seconds: int64(1),
  nanos: int32(2),
});

const LogType: MessageType<JaegerLogMessage> = message<JaegerLogMessage>("jaeger.api_v2.Log", {
  timestamp: child(1, () => TimeType),
  fields: list(2, () => KeyValueType),
});

const RefType: MessageType<JaegerRefMessage> = message<JaegerRefMessage>("jaeger.api_v2.SpanRef", {
  traceId: hex(1),
  spanId: hex(2),
  refType: enumeration(3),
});

const ProcessType: MessageType<JaegerProcessMessage> = message<JaegerProcessMessage>(
  "jaeger.api_v2.Process",
  {
    serviceName: string(1),
    tags: list(2, () => KeyValueType),
  },
);

const SpanType: MessageType<JaegerSpanMessage> = message<JaegerSpanMessage>("jaeger.api_v2.Span", {
  traceId: hex(1),
  spanId: hex(2),
  operationName: string(3),
  references: list(4, () => RefType),
  startTime: child(6, () => TimeType),
  duration: child(7, () => TimeType),
  tags: list(8, () => KeyValueType),
  logs: list(9, () => LogType),
  process: child(10, () => ProcessType),
});

const BatchType: MessageType<JaegerBatchMessage> = message<JaegerBatchMessage>("jaeger.api_v2.Batch", {
  spans: list(1, () => SpanType),
  process: child(2, () => ProcessType),
});

export const PostSpansRequest: MessageType<PostSpansRequest> = message<PostSpansRequest>(
  "jaeger.api_v2.PostSpansRequest",
  { batch: child(1, () => BatchType) },
);

/** jaegerProtoToOtlp reads a PostSpansRequest. Throws TelemetryError `malformed-protobuf`. */
export function jaegerProtoToOtlp(body: Uint8Array): Input<ExportTraceServiceRequest> {
  const { batch } = decodeProtobuf(PostSpansRequest, body);
  if (batch === undefined) return { resourceSpans: [] };
  return jaegerToOtlp([{ process: processOf(batch.process), spans: batch.spans.map(spanOf) }]);
}

function spanOf(span: JaegerSpanMessage): JaegerSpan {
  const start = nanoseconds(span.startTime);
  return {
    traceId: filled(span.traceId, 32),
    spanId: filled(span.spanId, 16),
    parentSpanId: "",
    name: span.operationName,
    start,
    end: start + nanoseconds(span.duration),
    references: span.references.map((each) => ({
      childOf: each.refType === 0,
      traceId: filled(each.traceId, 32),
      spanId: filled(each.spanId, 16),
    })),
    tags: span.tags.map(tagOf),
    logs: span.logs.map(({ timestamp, fields }) => ({
      time: nanoseconds(timestamp),
      fields: fields.map(tagOf),
    })),
    ...(span.process === undefined ? {} : { process: processOf(span.process) }),
  };
}

function processOf(process: JaegerProcessMessage | undefined): JaegerProcess {
  return { serviceName: process?.serviceName ?? "", tags: process?.tags.map(tagOf) ?? [] };
}

function tagOf(tag: JaegerKeyValue): JaegerTag {
  return { key: tag.key, value: anyValueOf(tag) };
}

function anyValueOf(tag: JaegerKeyValue): AnyValue {
  switch (tag.vType) {
    case 0:
      return { stringValue: tag.vStr };
    case 1:
      return { boolValue: tag.vBool };
    case 2:
      return { intValue: tag.vInt64 };
    case 3:
      return { doubleValue: tag.vFloat64 };
    case 4:
      return { bytesValue: tag.vBinary };
    default:
      return { stringValue: `<Unknown Jaeger TagType ${tag.vType}>` };
  }
}

/** filled brings an id to its full length: those of 64 bits are the lower half. */
function filled(id: string, length: number): string {
  return id.padStart(length, "0");
}

function nanoseconds(time: ProtoTime | undefined): bigint {
  if (time === undefined) return 0n;
  const nanos = time.seconds * 1_000_000_000n + BigInt(time.nanos);
  return nanos < 0n || nanos > 0x7fff_ffff_ffff_ffffn ? 0n : nanos;
}
