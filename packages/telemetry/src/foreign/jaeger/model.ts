import type { AnyValue } from "../../otlp/common.js";

// What Jaeger's two forms, Thrift and protobuf, say alike. Ids are hex of full length, times Unix nanoseconds.

/** JaegerTag is a tag of a span or process, or a field of a log. */
export interface JaegerTag {
  readonly key: string;
  readonly value: AnyValue;
}

/** JaegerReference leads from a span to another one. */
export interface JaegerReference {
  readonly childOf: boolean;
  readonly traceId: string;
  readonly spanId: string;
}

/** JaegerLog is something that happened during a span. */
export interface JaegerLog {
  readonly time: bigint;
  readonly fields: readonly JaegerTag[];
}

/** JaegerProcess is who sends. */
export interface JaegerProcess {
  readonly serviceName: string;
  readonly tags: readonly JaegerTag[];
}

/** JaegerSpan is one operation; `process` stands where it is not the batch's. */
export interface JaegerSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** parentSpanId is "" where it follows from the references. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly references: readonly JaegerReference[];
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly JaegerLog[];
  readonly process?: JaegerProcess;
}

/** JaegerBatch is what a client sends. */
export interface JaegerBatch {
  readonly process: JaegerProcess;
  readonly spans: readonly JaegerSpan[];
}
