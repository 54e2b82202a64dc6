import type { Buckets, ServiceRow } from "@go3s/server";

// "What is different now": a figure of a service that left its own usual band. The band is the middle of the earlier
// part of the range, by quartiles, so that one peak of the past does not hide a change and one quiet minute makes none.

/** Change is one figure of one service that left its band and has not come back. */
export interface Change {
  readonly service: string;
  readonly figure: "rate" | "errors" | "p99";
  readonly now: number;
  readonly usual: number;
  /** factor is now / usual; Infinity when it was nothing before. */
  readonly factor: number;
  readonly since_ms: number;
  readonly values: readonly (number | null)[];
}

// Needs enough of a past to call anything usual, and enough requests for a figure to mean something.
const leastBuckets = 10;
const leastRequests = 30;

function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

/** changeOf looks at one series; the last bucket is left out since it is still filling. */
export function changeOf(
  values: readonly (number | null)[],
): { now: number; usual: number; at: number } | undefined {
  const whole = values.slice(0, -1);
  const known = whole.filter((value): value is number => value !== null);
  if (known.length < leastBuckets) return undefined;
  const recent = Math.max(2, Math.round(whole.length / 12));
  const past = whole
    .slice(0, -recent)
    .filter((value): value is number => value !== null)
    .sort((a, b) => a - b);
  const latest = whole.slice(-recent).filter((value): value is number => value !== null);
  if (past.length < leastBuckets / 2 || latest.length === 0) return undefined;
  const usual = quantile(past, 0.5);
  const spread = Math.max(quantile(past, 0.9) - quantile(past, 0.1), usual * 0.25);
  const now = quantile(
    [...latest].sort((a, b) => a - b),
    0.5,
  );
  if (Math.abs(now - usual) <= 1.5 * spread || now === usual) return undefined;
  let at = whole.length - 1;
  while (at > 0 && beyond(whole[at - 1] ?? null, usual, now)) at--;
  return { now, usual, at };
}

function beyond(value: number | null, usual: number, now: number): boolean {
  if (value === null) return now < usual;
  const half = (usual + now) / 2;
  return now > usual ? value > half : value < half;
}

const firstSeen = (row: ServiceRow): number =>
  Math.max(
    0,
    row.spark.rate.findIndex((rate) => rate > 0),
  );

/** tooEarly gives the moment of the first request when no service has enough of a past to call anything usual. */
export function tooEarly(services: readonly ServiceRow[], buckets: Buckets): number | undefined {
  const first = Math.min(...services.map(firstSeen));
  if (services.length === 0 || buckets.count - first > leastBuckets) return undefined;
  return buckets.start_ms + first * buckets.step_ms;
}

/** changesOf lists the largest changes first: errors that rose before anything else. */
export function changesOf(services: readonly ServiceRow[], buckets: Buckets): readonly Change[] {
  const found: Change[] = [];
  for (const row of services) {
    if (row.requests < leastRequests) continue;
    // Before its first request a service was not quiet but unknown: that past says nothing about what is usual.
    const seen = firstSeen(row);
    const series = [
      ["errors", row.spark.errors],
      ["p99", row.spark.p99_ns],
      ["rate", row.spark.rate],
    ] as const;
    for (const [figure, values] of series) {
      const change = changeOf(values.slice(seen));
      if (change === undefined) continue;
      const better = figure !== "rate" && change.now < change.usual;
      const factor = change.usual === 0 ? Number.POSITIVE_INFINITY : change.now / change.usual;
      if (better || (factor < 1.6 && factor > 0.6)) continue;
      const since_ms = buckets.start_ms + (seen + change.at) * buckets.step_ms;
      found.push({
        service: row.service_name,
        figure,
        now: change.now,
        usual: change.usual,
        factor,
        since_ms,
        values,
      });
    }
  }
  const weight = (change: Change) =>
    (change.figure === "errors" ? 100 : 0) +
    Math.min(50, Math.max(change.factor, 1 / Math.max(change.factor, 0.02)));
  return found.sort((a, b) => weight(b) - weight(a)).slice(0, 8);
}
