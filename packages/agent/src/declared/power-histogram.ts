import type { ExponentialHistogramDataPoint, Input } from "@go3s/telemetry";
import { dense } from "./exponential.js";

/** PowerHistogram adds up what the processors have in a `bpf.Histogram`. */
export interface PowerHistogram {
  /** add takes the value of one processor: its count, its sum, and 65 buckets of 64 bits each. */
  add(view: DataView, at: number): void;
  point(): Input<ExponentialHistogramDataPoint>;
}

// packages/lang/src/types/maps.ts, histogramType: bucket 0 counts zeros, bucket i values from 2^(i-1) to 2^i - 1.
const buckets = 65;
const bucketsAt = 16;

/**
 * newPowerHistogram makes points of scale 0, whose bucket i is (2^i, 2^(i+1)]: ours begin with the power that theirs end
 * with, so a value that is a power of two is told one bucket higher than it belongs.
 */
export function newPowerHistogram(): PowerHistogram {
  const counts = new Map<number, bigint>();
  let count = 0n;
  let zero = 0n;
  let sum = 0n;
  return {
    add(view, at) {
      count += view.getBigUint64(at, true);
      sum += view.getBigUint64(at + 8, true);
      for (let i = 0; i < buckets; i++) {
        const found = view.getBigUint64(at + bucketsAt + i * 8, true);
        if (found === 0n) continue;
        if (i === 0) zero += found;
        else counts.set(i - 1, (counts.get(i - 1) ?? 0n) + found);
      }
    },
    point: () => ({ count, zeroCount: zero, sum: Number(sum), scale: 0, positive: dense(counts) }),
  };
}
