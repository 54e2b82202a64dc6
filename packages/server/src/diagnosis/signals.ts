import type { Range } from "../api/types.js";
import type { MetricRow, TemplateRow, VersionRow } from "./model.js";
import { ascending, median, quantile, spreadAbout } from "./statistics.js";

// What logs, metrics and versions say beside the requests themselves. They support a cause; alone they prove none.

/** LogChange is a form of log line that is new, or comes far more often than before. */
export interface LogChange {
  readonly row: TemplateRow;
  readonly isNew: boolean;
  readonly expected: number;
}

const leastLines = 5;

/** logChanges compares counts by the windows' lengths and how many requests they had; the most surprising first. */
export function logChanges(rows: readonly TemplateRow[], ratio: number): readonly LogChange[] {
  const surprise = (row: TemplateRow) => {
    const expected = row.baseline * ratio;
    return (row.affected - expected) / Math.sqrt(expected + 1);
  };
  const isGrave = (row: TemplateRow) => /WARN|ERROR|FATAL/.test(row.level);
  return rows
    .filter(
      (row) => row.affected >= leastLines && surprise(row) >= 5 && row.affected >= 3 * row.baseline * ratio,
    )
    .sort((a, b) => Number(isGrave(b)) - Number(isGrave(a)) || surprise(b) - surprise(a))
    .map((row) => ({ row, isNew: row.baseline === 0, expected: row.baseline * ratio }));
}

/** MetricChange is a metric that left its band. */
export interface MetricChange {
  readonly row: MetricRow;
  readonly now: number;
  readonly usual: number;
  readonly z: number;
}

/** metricChanges compares medians inside and outside of the buckets [from, to); the farthest from its band first. */
export function metricChanges(rows: readonly MetricRow[], from: number, to: number): readonly MetricChange[] {
  return rows
    .flatMap((row) => {
      const known = (values: readonly (number | null)[]) =>
        values.filter((value): value is number => value !== null);
      const inside = known(row.values.slice(from, to));
      const outside = known([...row.values.slice(0, from), ...row.values.slice(to)]);
      if (inside.length < 2 || outside.length < 5) return [];
      const usual = median(outside);
      const now = median(inside);
      const band = quantile(ascending(outside), 0.95) - quantile(ascending(outside), 0.05);
      // A constant series has no spread of its own: five percent of its value is nothing.
      const unit = Math.max(spreadAbout(outside, usual), 0.05 * Math.abs(usual), 1e-9);
      const z = (now - usual) / unit;
      const isFar = Math.abs(now - usual) > band && Math.abs(z) >= 5;
      return isFar && Math.abs(now - usual) >= 0.25 * Math.abs(usual) ? [{ row, now, usual, z }] : [];
    })
    .sort((a, b) => Math.abs(b.z) - Math.abs(a.z));
}

/** deploys lists versions that were seen first shortly before or in the window, when another was seen before them. */
export function deploys(
  rows: readonly VersionRow[],
  affected: Range,
  graceMs: number,
): readonly VersionRow[] {
  return rows.filter(
    (row) =>
      row.firstMs >= affected.from_ms - graceMs &&
      row.firstMs < affected.to_ms &&
      rows.some(
        (other) => other.service === row.service && other.key === row.key && other.firstMs < row.firstMs,
      ),
  );
}
