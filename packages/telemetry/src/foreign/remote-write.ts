import {
  child,
  double,
  enumeration,
  fixed64,
  int32,
  int64,
  list,
  type MessageType,
  message,
  repeated,
  sint32,
  string,
  uint32,
  uint64,
} from "../otlp/message.js";

// Prometheus' prompb: the messages of remote write 1.0 (prometheus.io/docs/specs/prw/remote_write_spec) and 2.0
// (…/remote_write_spec_2_0). Only what can be kept is read; a histogram's float counts are.

/** Label names a series, or a part of an exemplar. */
export interface Label {
  readonly name: string;
  readonly value: string;
}

/**
 * Sample is a value at a time in milliseconds. The value stands as the 64 bits of a double: a number of JavaScript may lose
 * which NaN it is, and one of them means that the series has ended.
 */
export interface Sample {
  readonly value: bigint;
  readonly timestamp: bigint;
}

/** BucketSpan is a run of buckets: how many lie between it and the one before, and its length. */
export interface BucketSpan {
  readonly offset: number;
  readonly length: number;
}

/**
 * NativeHistogram is an exponential histogram as Prometheus has it: runs of buckets, integer counts as differences. The
 * differences are sint64 on the wire; here they stand as they were sent, zigzag and all.
 */
export interface NativeHistogram {
  readonly countInt: bigint;
  readonly countFloat: number;
  /** sum stands as the bits of a double, as a sample's value does. */
  readonly sum: bigint;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCountInt: bigint;
  readonly zeroCountFloat: number;
  readonly negativeSpans: readonly BucketSpan[];
  readonly negativeDeltas: readonly bigint[];
  readonly negativeCounts: readonly number[];
  readonly positiveSpans: readonly BucketSpan[];
  readonly positiveDeltas: readonly bigint[];
  readonly positiveCounts: readonly number[];
  readonly timestamp: bigint;
}

/** ExemplarV1 is an exemplar with labels of its own. */
export interface ExemplarV1 {
  readonly labels: readonly Label[];
  readonly value: number;
  readonly timestamp: bigint;
}

/** SeriesV1 is a series with its samples. */
export interface SeriesV1 {
  readonly labels: readonly Label[];
  readonly samples: readonly Sample[];
  readonly exemplars: readonly ExemplarV1[];
  readonly histograms: readonly NativeHistogram[];
}

/** MetadataV1 tells of a family of series; type counts as in METRIC_TYPE. */
export interface MetadataV1 {
  readonly type: number;
  readonly metricFamilyName: string;
  readonly help: string;
  readonly unit: string;
}

/** WriteRequestV1 is what remote write 1.0 sends. */
export interface WriteRequestV1 {
  readonly timeseries: readonly SeriesV1[];
  readonly metadata: readonly MetadataV1[];
}

/** METRIC_TYPE gives the numbers of a family's type, the same in both versions. */
export const METRIC_TYPE = {
  UNKNOWN: 0,
  COUNTER: 1,
  GAUGE: 2,
  HISTOGRAM: 3,
  GAUGEHISTOGRAM: 4,
  SUMMARY: 5,
} as const;

/** ExemplarV2 refers to its labels' texts in the request's table. */
export interface ExemplarV2 {
  readonly labelsRefs: readonly number[];
  readonly value: number;
  readonly timestamp: bigint;
}

/** MetadataV2 refers to its texts. */
export interface MetadataV2 {
  readonly type: number;
  readonly helpRef: number;
  readonly unitRef: number;
}

/** SeriesV2 is a series whose labels are pairs of references. */
export interface SeriesV2 {
  readonly labelsRefs: readonly number[];
  readonly samples: readonly Sample[];
  readonly histograms: readonly NativeHistogram[];
  readonly exemplars: readonly ExemplarV2[];
  readonly metadata?: MetadataV2;
  readonly createdTimestamp: bigint;
}

/** WriteRequestV2 is what remote write 2.0 sends (io.prometheus.write.v2.Request). */
export interface WriteRequestV2 {
  readonly symbols: readonly string[];
  readonly timeseries: readonly SeriesV2[];
}

const Label: MessageType<Label> = message<Label>("prometheus.Label", { name: string(1), value: string(2) });

const Sample: MessageType<Sample> = message<Sample>("prometheus.Sample", {
  value: fixed64(1),
  timestamp: int64(2),
});

const BucketSpan: MessageType<BucketSpan> = message<BucketSpan>("prometheus.BucketSpan", {
  offset: sint32(1),
  length: uint32(2),
});

const NativeHistogram: MessageType<NativeHistogram> = message<NativeHistogram>("prometheus.Histogram", {
  countInt: uint64(1),
  countFloat: double(2),
  sum: fixed64(3),
  schema: sint32(4),
  zeroThreshold: double(5),
  zeroCountInt: uint64(6),
  zeroCountFloat: double(7),
  negativeSpans: list(8, () => BucketSpan),
  negativeDeltas: repeated(uint64(9)),
  negativeCounts: repeated(double(10)),
  positiveSpans: list(11, () => BucketSpan),
  positiveDeltas: repeated(uint64(12)),
  positiveCounts: repeated(double(13)),
  timestamp: int64(15),
});

const ExemplarV1: MessageType<ExemplarV1> = message<ExemplarV1>("prometheus.Exemplar", {
  labels: list(1, () => Label),
  value: double(2),
  timestamp: int64(3),
});

const SeriesV1: MessageType<SeriesV1> = message<SeriesV1>("prometheus.TimeSeries", {
  labels: list(1, () => Label),
  samples: list(2, () => Sample),
  exemplars: list(3, () => ExemplarV1),
  histograms: list(4, () => NativeHistogram),
});

const MetadataV1: MessageType<MetadataV1> = message<MetadataV1>("prometheus.MetricMetadata", {
  type: enumeration(1),
  metricFamilyName: string(2),
  help: string(4),
  unit: string(5),
});

export const WriteRequestV1: MessageType<WriteRequestV1> = message<WriteRequestV1>(
  "prometheus.WriteRequest",
  {
    timeseries: list(1, () => SeriesV1),
    metadata: list(3, () => MetadataV1),
  },
);

const ExemplarV2: MessageType<ExemplarV2> = message<ExemplarV2>("io.prometheus.write.v2.Exemplar", {
  labelsRefs: repeated(uint32(1)),
  value: double(2),
  timestamp: int64(3),
});

const MetadataV2: MessageType<MetadataV2> = message<MetadataV2>("io.prometheus.write.v2.Metadata", {
  type: int32(1),
  helpRef: uint32(3),
  unitRef: uint32(4),
});

const SeriesV2: MessageType<SeriesV2> = message<SeriesV2>("io.prometheus.write.v2.TimeSeries", {
  labelsRefs: repeated(uint32(1)),
  samples: list(2, () => Sample),
  histograms: list(3, () => NativeHistogram),
  exemplars: list(4, () => ExemplarV2),
  metadata: child(5, () => MetadataV2),
  createdTimestamp: int64(6),
});

export const WriteRequestV2: MessageType<WriteRequestV2> = message<WriteRequestV2>(
  "io.prometheus.write.v2.Request",
  {
    symbols: repeated(string(4)),
    timeseries: list(5, () => SeriesV2),
  },
);
