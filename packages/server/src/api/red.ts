import { number, numbers, type Row } from "../query/rows.js";
import type { Range, Red } from "./types.js";

/** redOf reads requests, errors and quantiles of a row as rate, errors, duration over a range. */
export function redOf(row: Row | undefined, range: Range): Red {
  const requests = row ? number(row, "requests") : 0;
  const errors = row ? number(row, "errors") : 0;
  const [p50_ns = 0, p95_ns = 0, p99_ns = 0] = row ? numbers(row, "quantiles") : [];
  return {
    requests,
    rate: (requests * 1000) / (range.to_ms - range.from_ms),
    errors,
    error_share: requests === 0 ? 0 : errors / requests,
    p50_ns,
    p95_ns,
    p99_ns,
  };
}

/** addRed joins two: counts exactly; of quantiles only the larger is known, which is what a map's node shows. */
export function addRed(a: Red, b: Red): Red {
  const requests = a.requests + b.requests;
  const errors = a.errors + b.errors;
  return {
    requests,
    rate: a.rate + b.rate,
    errors,
    error_share: requests === 0 ? 0 : errors / requests,
    p50_ns: Math.max(a.p50_ns, b.p50_ns),
    p95_ns: Math.max(a.p95_ns, b.p95_ns),
    p99_ns: Math.max(a.p99_ns, b.p99_ns),
  };
}
