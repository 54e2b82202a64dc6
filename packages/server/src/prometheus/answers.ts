import { plainNumber } from "../promql/aggregate.js";
import type { Labels } from "../promql/labels.js";
import type { PromqlResult } from "../promql/query.js";
import { timeAt } from "../promql/series.js";

/** Answer is the body of a successful answer of Prometheus' API. */
export interface Answer {
  readonly status: "success";
  readonly data: unknown;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

type Pair = readonly [seconds: number, value: string];

const pair = (milliseconds: number, value: number): Pair => [milliseconds / 1000, sampleText(value)];

/** sampleText writes a sample's value as Prometheus does. */
export function sampleText(value: number): string {
  return plainNumber(value);
}

/** metricOf gives labels as an object; a label may be called as anything. */
export function metricOf(labels: Labels): Record<string, string> {
  return Object.fromEntries(labels);
}

/** answerOf gives a query's result as Prometheus' API does. */
export function answerOf(result: PromqlResult, isRange: boolean): Answer {
  return {
    status: "success",
    data: dataOf(result, isRange),
    ...(result.warnings.length > 0 ? { warnings: result.warnings } : {}),
    ...(result.infos.length > 0 ? { infos: result.infos } : {}),
  };
}

function dataOf(result: PromqlResult, isRange: boolean): unknown {
  const { type, grid, series, samples, scalar, text } = result;
  if (isRange) {
    return {
      resultType: "matrix",
      result: series.map(({ labels, values, present }) => {
        const pairs: Pair[] = [];
        for (let i = 0; i < grid.count; i++) {
          if (present[i] === 1) pairs.push(pair(timeAt(grid, i), values[i] ?? Number.NaN));
        }
        return { metric: metricOf(labels), values: pairs };
      }),
    };
  }
  if (type === "scalar") return { resultType: "scalar", result: pair(grid.start, scalar ?? Number.NaN) };
  if (type === "string") return { resultType: "string", result: [grid.start / 1000, text ?? ""] };
  if (type === "matrix") {
    return {
      resultType: "matrix",
      result: samples.map(({ labels, times, values }) => ({
        metric: metricOf(labels),
        values: Array.from(times, (time, i) => pair(time, values[i] ?? Number.NaN)),
      })),
    };
  }
  return {
    resultType: "vector",
    result: series.map(({ labels, values }) => ({
      metric: metricOf(labels),
      value: pair(grid.start, values[0] ?? Number.NaN),
    })),
  };
}
