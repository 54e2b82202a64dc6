import { ascending, quantile } from "./statistics.js";

/** BucketFigures is a bucket of time of the requests asked about; quantiles are null where there was none. */
export interface BucketFigures {
  readonly requests: number;
  readonly errors: number;
  readonly p50_ns: number | null;
  readonly p95_ns: number | null;
}

/** Stretch is a run of buckets, `to` not included, in which a figure is above what it usually is. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly figure: "latency" | "errors";
  readonly score: number;
}

// Each bucket counts by how many usual deviations it is above the usual, less `drift`: the sum over a run is largest over what
// truly stands out (Page's CUSUM, from both ends). One far bucket may count as ten deviations and not decide alone.
const drift = 1.5;
const mostOfOne = 10;
const leastScore = 14;
// What a figure moves by itself: ten percent of a duration, about one request in a hundred that fails.
const floors = { p50: 0.08, p95: 0.12, errors: 0.06 } as const;
// From the tenth to the fortieth hundredth of a normal distribution it is so many deviations.
const lowerPart = 1.028;
const leastRequests = 3;
const leastBuckets = 8;

/** deviations says per bucket how far a figure is above its usual; null where it is not known. */
function deviations(values: readonly (number | null)[], floor: number): (number | null)[] {
  const known = ascending(values.filter((value): value is number => value !== null));
  if (known.length < leastBuckets) return values.map(() => null);
  // The lower part says what is usual, and how far it spreads: what got worse may have lasted for half of what is looked at.
  const centre = quantile(known, 0.4);
  const unit = Math.max(floor, (centre - quantile(known, 0.1)) / lowerPart);
  return values.map((value) => (value === null ? null : Math.min(mostOfOne, (value - centre) / unit)));
}

function bestRun(
  values: readonly (number | null)[],
  first: number,
): { from: number; to: number; score: number } {
  let best = { from: first, to: first, score: 0 };
  let from = first;
  let sum = 0;
  for (let at = first; at < values.length; at++) {
    if (sum <= 0) {
      sum = 0;
      from = at;
    }
    sum += (values[at] ?? 0) - drift;
    if (sum > best.score) best = { from, to: at + 1, score: sum };
  }
  return best;
}

/** findStretch finds the run of buckets, from `first` on, that stands out most; undefined when none does. */
export function findStretch(figures: readonly BucketFigures[], first: number): Stretch | undefined {
  const seen = figures.map((row) => (row.requests >= leastRequests ? row : undefined));
  const log = (value: number | null | undefined): number | null =>
    value === null || value === undefined || value <= 0 ? null : Math.log(value);
  // The arc sine of a share's root has the same deviation whatever the share is.
  const share = (row: BucketFigures | undefined): number | null =>
    row === undefined ? null : Math.asin(Math.sqrt(Math.min(1, row.errors / row.requests)));
  const candidates: Stretch[] = [
    { figure: "errors" as const, values: deviations(seen.map(share), floors.errors) },
    {
      figure: "latency" as const,
      values: deviations(
        seen.map((row) => log(row?.p50_ns)),
        floors.p50,
      ),
    },
    {
      figure: "latency" as const,
      values: deviations(
        seen.map((row) => log(row?.p95_ns)),
        floors.p95,
      ),
    },
  ].map(({ figure, values }) => ({ figure, ...bestRun(values, first) }));
  const found = candidates.filter((row) => row.score >= leastScore);
  const most = Math.max(...found.map((row) => row.score));
  // What fails is told before what is slow, when both stand out about as much.
  return (
    found.find((row) => row.figure === "errors" && row.score >= most * 0.6) ??
    found.find((row) => row.score === most)
  );
}
