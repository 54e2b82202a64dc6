import { InstrumentationScope, KeyValue, Resource } from "./common.js";
import {
  bool,
  child,
  enumeration,
  int64,
  list,
  type MessageType,
  message,
  oneof,
  string,
} from "./message.js";
import {
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  NumberDataPoint,
  SummaryDataPoint,
} from "./points.js";

const PACKAGE = "opentelemetry.proto.metrics.v1";
const COLLECTOR = "opentelemetry.proto.collector.metrics.v1";

/** TEMPORALITY gives the numbers of aggregationTemporality. */
export const TEMPORALITY = { UNSPECIFIED: 0, DELTA: 1, CUMULATIVE: 2 } as const;

/** ExportMetricsServiceRequest is what a client sends to /v1/metrics. */
export interface ExportMetricsServiceRequest {
  readonly resourceMetrics: readonly ResourceMetrics[];
}

/** ResourceMetrics are the metrics of one resource. */
export interface ResourceMetrics {
  readonly resource?: Resource;
  readonly scopeMetrics: readonly ScopeMetrics[];
  readonly schemaUrl: string;
}

/** ScopeMetrics are the metrics of one instrumentation scope. */
export interface ScopeMetrics {
  readonly scope?: InstrumentationScope;
  readonly metrics: readonly Metric[];
  readonly schemaUrl: string;
}

/** Metric is a named series of points of one kind. */
export interface Metric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly gauge?: Gauge;
  readonly sum?: Sum;
  readonly histogram?: Histogram;
  readonly exponentialHistogram?: ExponentialHistogram;
  readonly summary?: Summary;
  readonly metadata: readonly KeyValue[];
}

/** Gauge holds values that are what they are now. */
export interface Gauge {
  readonly dataPoints: readonly NumberDataPoint[];
}

/** Sum holds values that add up. */
export interface Sum {
  readonly dataPoints: readonly NumberDataPoint[];
  readonly aggregationTemporality: number;
  readonly isMonotonic: boolean;
}

/** Histogram holds distributions with explicit bounds. */
export interface Histogram {
  readonly dataPoints: readonly HistogramDataPoint[];
  readonly aggregationTemporality: number;
}

/** ExponentialHistogram holds distributions with exponential bounds. */
export interface ExponentialHistogram {
  readonly dataPoints: readonly ExponentialHistogramDataPoint[];
  readonly aggregationTemporality: number;
}

/** Summary holds quantiles computed by the sender. */
export interface Summary {
  readonly dataPoints: readonly SummaryDataPoint[];
}

/** ExportMetricsPartialSuccess tells the client which part was refused. */
export interface ExportMetricsPartialSuccess {
  readonly rejectedDataPoints: bigint;
  readonly errorMessage: string;
}

/** ExportMetricsServiceResponse is the answer to an export; empty when all was taken. */
export interface ExportMetricsServiceResponse {
  readonly partialSuccess?: ExportMetricsPartialSuccess;
}

export const Gauge: MessageType<Gauge> = message<Gauge>(`${PACKAGE}.Gauge`, {
  dataPoints: list(1, () => NumberDataPoint),
});

export const Sum: MessageType<Sum> = message<Sum>(`${PACKAGE}.Sum`, {
  dataPoints: list(1, () => NumberDataPoint),
  aggregationTemporality: enumeration(2),
  isMonotonic: bool(3),
});

export const Histogram: MessageType<Histogram> = message<Histogram>(`${PACKAGE}.Histogram`, {
  dataPoints: list(1, () => HistogramDataPoint),
  aggregationTemporality: enumeration(2),
});

export const ExponentialHistogram: MessageType<ExponentialHistogram> = message<ExponentialHistogram>(
  `${PACKAGE}.ExponentialHistogram`,
  { dataPoints: list(1, () => ExponentialHistogramDataPoint), aggregationTemporality: enumeration(2) },
);

export const Summary: MessageType<Summary> = message<Summary>(`${PACKAGE}.Summary`, {
  dataPoints: list(1, () => SummaryDataPoint),
});

export const Metric: MessageType<Metric> = message<Metric>(`${PACKAGE}.Metric`, {
  name: string(1),
  description: string(2),
  unit: string(3),
  gauge: oneof(
    "data",
    child(5, () => Gauge),
  ),
  sum: oneof(
    "data",
    child(7, () => Sum),
  ),
  histogram: oneof(
    "data",
    child(9, () => Histogram),
  ),
  exponentialHistogram: oneof(
    "data",
    child(10, () => ExponentialHistogram),
  ),
  summary: oneof(
    "data",
    child(11, () => Summary),
  ),
  metadata: list(12, () => KeyValue),
});

export const ScopeMetrics: MessageType<ScopeMetrics> = message<ScopeMetrics>(`${PACKAGE}.ScopeMetrics`, {
  scope: child(1, () => InstrumentationScope),
  metrics: list(2, () => Metric),
  schemaUrl: string(3),
});

export const ResourceMetrics: MessageType<ResourceMetrics> = message<ResourceMetrics>(
  `${PACKAGE}.ResourceMetrics`,
  {
    resource: child(1, () => Resource),
    scopeMetrics: list(2, () => ScopeMetrics),
    schemaUrl: string(3),
  },
);

export const ExportMetricsServiceRequest: MessageType<ExportMetricsServiceRequest> =
  message<ExportMetricsServiceRequest>(`${COLLECTOR}.ExportMetricsServiceRequest`, {
    resourceMetrics: list(1, () => ResourceMetrics),
  });

export const ExportMetricsPartialSuccess: MessageType<ExportMetricsPartialSuccess> =
  message<ExportMetricsPartialSuccess>(`${COLLECTOR}.ExportMetricsPartialSuccess`, {
    rejectedDataPoints: int64(1),
    errorMessage: string(2),
  });

export const ExportMetricsServiceResponse: MessageType<ExportMetricsServiceResponse> =
  message<ExportMetricsServiceResponse>(`${COLLECTOR}.ExportMetricsServiceResponse`, {
    partialSuccess: child(1, () => ExportMetricsPartialSuccess),
  });
