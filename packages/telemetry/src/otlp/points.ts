import { KeyValue } from "./common.js";
import {
  child,
  double,
  fixed64,
  hex,
  list,
  type MessageType,
  message,
  oneof,
  optional,
  repeated,
  sfixed64,
  sint32,
  uint32,
  uint64,
} from "./message.js";

const PACKAGE = "opentelemetry.proto.metrics.v1";

/** Exemplar is one measurement that a point stands for, with the span it came from. */
export interface Exemplar {
  readonly filteredAttributes: readonly KeyValue[];
  readonly timeUnixNano: bigint;
  readonly asDouble?: number;
  readonly asInt?: bigint;
  readonly spanId: string;
  readonly traceId: string;
}

/** NumberDataPoint is a value of a gauge or a sum. */
export interface NumberDataPoint {
  readonly attributes: readonly KeyValue[];
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly asDouble?: number;
  readonly asInt?: bigint;
  readonly exemplars: readonly Exemplar[];
  readonly flags: number;
}

/** HistogramDataPoint counts values in buckets with explicit bounds. */
export interface HistogramDataPoint {
  readonly attributes: readonly KeyValue[];
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly count: bigint;
  readonly sum?: number;
  readonly bucketCounts: readonly bigint[];
  readonly explicitBounds: readonly number[];
  readonly exemplars: readonly Exemplar[];
  readonly flags: number;
  readonly min?: number;
  readonly max?: number;
}

/** Buckets are the counts of one side of an exponential histogram, from bucket `offset` on. */
export interface Buckets {
  readonly offset: number;
  readonly bucketCounts: readonly bigint[];
}

/** ExponentialHistogramDataPoint counts values in buckets whose bounds grow by 2^(2^-scale). */
export interface ExponentialHistogramDataPoint {
  readonly attributes: readonly KeyValue[];
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly count: bigint;
  readonly sum?: number;
  readonly scale: number;
  readonly zeroCount: bigint;
  readonly positive?: Buckets;
  readonly negative?: Buckets;
  readonly flags: number;
  readonly exemplars: readonly Exemplar[];
  readonly min?: number;
  readonly max?: number;
  readonly zeroThreshold: number;
}

/** ValueAtQuantile is one quantile of a summary. */
export interface ValueAtQuantile {
  readonly quantile: number;
  readonly value: number;
}

/** SummaryDataPoint carries quantiles that the sender computed. */
export interface SummaryDataPoint {
  readonly attributes: readonly KeyValue[];
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly count: bigint;
  readonly sum: number;
  readonly quantileValues: readonly ValueAtQuantile[];
  readonly flags: number;
}

export const Exemplar: MessageType<Exemplar> = message<Exemplar>(`${PACKAGE}.Exemplar`, {
  filteredAttributes: list(7, () => KeyValue),
  timeUnixNano: fixed64(2),
  asDouble: oneof("value", double(3)),
  asInt: oneof("value", sfixed64(6)),
  spanId: hex(4),
  traceId: hex(5),
});

export const NumberDataPoint: MessageType<NumberDataPoint> = message<NumberDataPoint>(
  `${PACKAGE}.NumberDataPoint`,
  {
    attributes: list(7, () => KeyValue),
    startTimeUnixNano: fixed64(2),
    timeUnixNano: fixed64(3),
    asDouble: oneof("value", double(4)),
    asInt: oneof("value", sfixed64(6)),
    exemplars: list(5, () => Exemplar),
    flags: uint32(8),
  },
);

export const HistogramDataPoint: MessageType<HistogramDataPoint> = message<HistogramDataPoint>(
  `${PACKAGE}.HistogramDataPoint`,
  {
    attributes: list(9, () => KeyValue),
    startTimeUnixNano: fixed64(2),
    timeUnixNano: fixed64(3),
    count: fixed64(4),
    sum: optional(double(5)),
    bucketCounts: repeated(fixed64(6)),
    explicitBounds: repeated(double(7)),
    exemplars: list(8, () => Exemplar),
    flags: uint32(10),
    min: optional(double(11)),
    max: optional(double(12)),
  },
);

export const Buckets: MessageType<Buckets> = message<Buckets>(
  `${PACKAGE}.ExponentialHistogramDataPoint.Buckets`,
  { offset: sint32(1), bucketCounts: repeated(uint64(2)) },
);

export const ExponentialHistogramDataPoint: MessageType<ExponentialHistogramDataPoint> =
  message<ExponentialHistogramDataPoint>(`${PACKAGE}.ExponentialHistogramDataPoint`, {
    attributes: list(1, () => KeyValue),
    startTimeUnixNano: fixed64(2),
    timeUnixNano: fixed64(3),
    count: fixed64(4),
    sum: optional(double(5)),
    scale: sint32(6),
    zeroCount: fixed64(7),
    positive: child(8, () => Buckets),
    negative: child(9, () => Buckets),
    flags: uint32(10),
    exemplars: list(11, () => Exemplar),
    min: optional(double(12)),
    max: optional(double(13)),
    zeroThreshold: double(14),
  });

export const ValueAtQuantile: MessageType<ValueAtQuantile> = message<ValueAtQuantile>(
  `${PACKAGE}.SummaryDataPoint.ValueAtQuantile`,
  { quantile: double(1), value: double(2) },
);

export const SummaryDataPoint: MessageType<SummaryDataPoint> = message<SummaryDataPoint>(
  `${PACKAGE}.SummaryDataPoint`,
  {
    attributes: list(7, () => KeyValue),
    startTimeUnixNano: fixed64(2),
    timeUnixNano: fixed64(3),
    count: fixed64(4),
    sum: double(5),
    quantileValues: list(6, () => ValueAtQuantile),
    flags: uint32(8),
  },
);
