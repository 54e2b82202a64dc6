import {
  decodeProtobuf,
  ExportMetricsServiceRequest,
  encodeProtobuf,
  type Input,
  type Metric,
  Resource,
} from "@go3s/telemetry";
import type { MetricSource } from "./metric-source.js";

/** unixNow is the time in nanoseconds, to the millisecond. */
export const unixNow = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** collectMetrics asks all sources for their points since `start` and encodes them as one request. */
export function collectMetrics(
  sources: readonly MetricSource[],
  scope: { readonly name: string; readonly version: string },
  start: bigint,
): { readonly request: Uint8Array; readonly points: number } {
  const byResource = new Map<Uint8Array, Input<Metric>[]>();
  const interval = { start, end: unixNow() };
  let points = 0;
  for (const source of sources) {
    source.collect(interval, (resource, metric, count) => {
      points += count;
      const metrics = byResource.get(resource);
      if (metrics === undefined) byResource.set(resource, [metric]);
      else metrics.push(metric);
    });
  }
  const resourceMetrics = [...byResource].map(([resource, metrics]) => ({
    resource: decodeProtobuf(Resource, resource),
    scopeMetrics: [{ scope, metrics }],
  }));
  return { request: encodeProtobuf(ExportMetricsServiceRequest, { resourceMetrics }), points };
}
