import { apiUrl } from "../../base/api.js";
import type { Interval } from "../../base/range.js";

// Prometheus' HTTP API (prometheus.io/docs/prometheus/latest/querying/api), as docs/prometheus.md says that it is answered.

/** Labels of a series. */
export type Labels = Readonly<Record<string, string>>;

/** Point is a moment in seconds and a value as text, since it may be NaN or an infinity. */
export type Point = readonly [seconds: number, value: string];

/** Success is what every answer is wrapped in. */
export interface Success<T> {
  readonly data: T;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** Matrix is the answer of query_range. */
export interface Matrix {
  readonly result: readonly { readonly metric: Labels; readonly values: readonly Point[] }[];
}

/** Instant is the answer of query. */
export type Instant =
  | {
      readonly resultType: "vector";
      readonly result: readonly { readonly metric: Labels; readonly value: Point }[];
    }
  | { readonly resultType: "matrix"; readonly result: Matrix["result"] }
  | { readonly resultType: "scalar"; readonly result: Point }
  | { readonly resultType: "string"; readonly result: Point };

/** Exemplars of one series. */
export interface Exemplars {
  readonly seriesLabels: Labels;
  readonly exemplars: readonly {
    readonly labels: Labels;
    readonly value: string;
    readonly timestamp: number;
  }[];
}

/** Metadata says of each metric family what it counts. */
export type Metadata = Readonly<
  Record<string, readonly { readonly type: string; readonly help: string; readonly unit: string }[]>
>;

/** promUrl prints an address of the API; a moment is given in milliseconds as `start`, `end` or `time`. */
export function promUrl(path: string, params: Readonly<Record<string, string>>): string {
  return apiUrl(path, params).replace("/api/v1/", "/prometheus/api/v1/");
}

/** seconds prints a moment as Prometheus takes it. */
export const seconds = (ms: number): string => String(Math.round(ms) / 1000);

/** during gives the parameters of a range. */
export const during = (span: Interval): { start: string; end: string } => ({
  start: seconds(span.from),
  end: seconds(span.to),
});
