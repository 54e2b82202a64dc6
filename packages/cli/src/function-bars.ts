import type { Exporter } from "@go3s/agent";
import {
  decodeProtobuf,
  type ExponentialHistogramDataPoint,
  ExportMetricsServiceRequest,
} from "@go3s/telemetry";
import { valuesOf } from "./attribute-values.js";
import { durationText } from "./duration-text.js";
import type { Output } from "./output.js";
import { cellText } from "./table.js";

const width = 40;

/** withFunctionBars shows the metric go3s.function.duration as bars, each time that calls came, besides what the exporter does. */
export function withFunctionBars(exporter: Exporter, output: Output): Exporter {
  const shown = new Map<string, bigint>();
  return {
    ...exporter,
    send(signal, body, items, done) {
      if (signal === "metrics") {
        for (const { name, point } of functionPoints(body)) {
          if (shown.get(name) === point.count) continue;
          shown.set(name, point.count);
          if (output.json) output.value(pointValue(name, point));
          else for (const line of barLines(name, point)) output.line(line);
        }
      }
      exporter.send(signal, body, items, done);
    },
  };
}

function* functionPoints(
  body: Uint8Array,
): Generator<{ name: string; point: ExponentialHistogramDataPoint }> {
  for (const group of decodeProtobuf(ExportMetricsServiceRequest, body).resourceMetrics) {
    for (const metric of group.scopeMetrics.flatMap((each) => each.metrics)) {
      if (metric.name !== "go3s.function.duration") continue;
      for (const point of metric.exponentialHistogram?.dataPoints ?? []) {
        yield { name: String(valuesOf(point.attributes)["code.function.name"] ?? ""), point };
      }
    }
  }
}

function pointValue(name: string, point: ExponentialHistogramDataPoint): Record<string, unknown> {
  return {
    signal: "metric",
    name: "go3s.function.duration",
    unit: "ns",
    timestamp_ns: point.timeUnixNano,
    count: point.count,
    sum: point.sum ?? 0,
    buckets: bucketsOf(point).map(({ from, to, count }) => ({ from_ns: from, to_ns: to, count })),
    attributes: { "code.function.name": name },
  };
}

interface Bucket {
  readonly from: number;
  readonly to: number;
  readonly count: bigint;
}

/** bucketsOf gives the powers of two from the first to the last that have calls. */
function bucketsOf({ positive }: ExponentialHistogramDataPoint): Bucket[] {
  const counts = positive?.bucketCounts ?? [];
  const first = counts.findIndex((count) => count > 0n);
  const last = counts.findLastIndex((count) => count > 0n);
  if (first < 0) return [];
  return counts.slice(first, last + 1).map((count, i) => {
    const power = (positive?.offset ?? 0) + first + i;
    return { from: 2 ** power, to: 2 ** (power + 1), count };
  });
}

/** barLines draws one function's histogram. */
export function barLines(name: string, point: ExponentialHistogramDataPoint): string[] {
  const buckets = bucketsOf(point);
  const most = Math.max(1, ...buckets.map(({ count }) => Number(count)));
  const average = point.count === 0n ? 0 : (point.sum ?? 0) / Number(point.count);
  return [
    `${cellText(name)}: ${point.count} calls, ${durationText(average)} on average`,
    ...buckets.map(({ from, to, count }) => {
      const bar = "█".repeat(Math.max(count > 0n ? 1 : 0, Math.round((Number(count) / most) * width)));
      return `  ${durationText(from).padStart(8)} to ${durationText(to).padEnd(8)} ${bar.padEnd(width)} ${count}`;
    }),
  ];
}
