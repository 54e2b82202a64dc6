import type { Samples } from "../promql/series.js";
import { number, type Row } from "../query/rows.js";
import { boundText, cumulative, seriesLabels } from "./rows.js";
import { cells, identityOf, pointsOf, type Wanted, wantedParts } from "./stored.js";

/** BUCKETS_MAX bounds the series that one exponential histogram becomes; beyond it neighbours are joined. */
const BUCKETS_MAX = 160;

/**
 * exponentialSeries gives an exponential histogram as the series of a classic one. All its points are brought to one scale, so
 * that each bound is a series throughout; a bucket of scale s lies whole within one of a lower scale.
 */
export function exponentialSeries(row: Row, wanted: readonly Wanted[]): Samples[] {
  const identity = identityOf(row);
  const names = wantedParts(identity, wanted);
  if (names.length === 0) return [];
  const points = pointsOf(row);
  const isDelta = number(row, "is_delta") === 1;
  const shape = { ...points, ...(isDelta ? { starts: undefined } : {}) };
  const values = (given: Float64Array): Float64Array => (isDelta ? cumulative(given) : given);
  return names.flatMap((naming) => {
    const labels = (more: readonly (readonly [string, string])[] = []) =>
      seriesLabels(identity, naming, more);
    if (naming.part === "_count")
      return [{ ...shape, values: values(cells(row, "counts")), labels: labels() }];
    if (naming.part === "_sum") return [{ ...shape, values: values(cells(row, "sums")), labels: labels() }];
    return bucketColumns(row, points.times.length).map(({ bound, counts }) => ({
      ...shape,
      values: values(counts),
      labels: labels([["le", boundText(bound)]]),
    }));
  });
}

interface Column {
  readonly bound: number;
  readonly counts: Float64Array;
}

/** bucketColumns gives the cumulative counts below each bound, ascending, at each point. */
function bucketColumns(row: Row, count: number): Column[] {
  const positive = sideOf(row, "positive");
  const negative = sideOf(row, "negative");
  let scale = number(row, "common_scale");
  while (scale > -10 && widthAt(positive, scale) + widthAt(negative, scale) > BUCKETS_MAX) scale--;
  const base = 2 ** (2 ** -scale);
  const added = new Map<number, Float64Array>();
  const add = (bound: number, i: number, value: number): void => {
    let column = added.get(bound);
    if (column === undefined) {
      column = new Float64Array(count);
      added.set(bound, column);
    }
    column[i] = (column[i] ?? 0) + value;
  };
  // Bucket i holds what is above base^i and at most base^(i+1); of the negative side that is below -base^i.
  positive.each(scale, (i, bucket, value) => add(base ** (bucket + 1), i, value));
  negative.each(scale, (i, bucket, value) => add(-(base ** bucket), i, value));
  const zeros = cells(row, "zeros");
  const totals = cells(row, "counts");
  for (let i = 0; i < count; i++) {
    add(0, i, zeros[i] ?? 0);
    add(Number.POSITIVE_INFINITY, i, 0);
  }
  const bounds = [...added.keys()].sort((a, b) => a - b);
  let below: Float64Array = new Float64Array(count);
  return bounds.map((bound) => {
    const own = added.get(bound);
    below = bound === Number.POSITIVE_INFINITY ? totals : below.map((value, i) => value + (own?.[i] ?? 0));
    return { bound, counts: below };
  });
}

interface Side {
  readonly each: (scale: number, take: (point: number, bucket: number, count: number) => void) => void;
}

function sideOf(row: Row, side: "positive" | "negative"): Side {
  const scales = cells(row, "scales");
  const offsets = cells(row, `${side}_offsets`);
  const lengths = cells(row, `${side}_lengths`);
  const counts = cells(row, `${side}_counts`);
  return {
    each(scale, take) {
      let at = 0;
      for (let i = 0; i < lengths.length; i++) {
        const shift = 2 ** Math.max(0, (scales[i] ?? 0) - scale);
        for (let b = 0; b < (lengths[i] ?? 0); b++, at++) {
          const value = counts[at] ?? 0;
          if (value > 0) take(i, Math.floor(((offsets[i] ?? 0) + b) / shift), value);
        }
      }
    },
  };
}

function widthAt(side: Side, scale: number): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  side.each(scale, (_, bucket) => {
    least = Math.min(least, bucket);
    most = Math.max(most, bucket);
  });
  return most < least ? 0 : most - least + 1;
}
