import type { Series } from "@go3s/lang";
import { formatTime } from "./time-format.js";

/** Moment is one interval of a series: what was measured in it, undefined where nothing was. */
export interface Moment {
  /** start in nanoseconds since 1970. */
  readonly start: bigint;
  readonly value: bigint | undefined;
}

/** Part is what one processor holds of an interval. */
export interface Part {
  readonly epoch: bigint;
  readonly count: bigint;
  readonly value: bigint;
  readonly time: bigint;
}

/** smaller of two: Math.min knows no bigints. */
function smaller(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** reduced puts the processors' parts of one interval together. */
function reduced(parts: readonly Part[], how: Series["reduce"]): bigint {
  const [first, ...others] = parts;
  if (first === undefined) return 0n;
  const sum = parts.reduce((total, part) => total + part.value, 0n);
  switch (how) {
    case "sum":
      return sum;
    case "avg": {
      const count = parts.reduce((total, part) => total + part.count, 0n);
      return count === 0n ? 0n : sum / count;
    }
    case "min":
      return others.reduce((least, { value }) => smaller(least, value), first.value);
    case "max":
      return others.reduce((most, { value }) => (smaller(most, value) === most ? value : most), first.value);
    case "last":
      return others.reduce((latest, part) => (part.time > latest.time ? part : latest), first).value;
  }
}

/** lastEpoch is the latest interval that any of the parts is of. */
export function lastEpoch(parts: readonly Part[]): bigint {
  return parts.reduce((last, { count, epoch }) => (count > 0n && epoch > last ? epoch : last), -1n);
}

/** moments are the intervals up to the last of all series, from the first in which this one has something. */
export function moments(parts: readonly Part[], series: Series, last: bigint): Moment[] {
  const first = last - series.count + 1n;
  const byEpoch = new Map<bigint, Part[]>();
  for (const part of parts)
    if (part.count > 0n && part.epoch >= first)
      byEpoch.set(part.epoch, [...(byEpoch.get(part.epoch) ?? []), part]);
  if (byEpoch.size === 0) return [];
  const rows: Moment[] = [];
  const start = [...byEpoch.keys()].reduce(smaller);
  for (let epoch = start; epoch <= last; epoch++) {
    const own = byEpoch.get(epoch);
    rows.push({
      start: epoch * series.interval,
      value: own === undefined ? undefined : reduced(own, series.reduce),
    });
  }
  return rows;
}

const graphWidth = 53;
const float = Math.fround;

/** units of an interval: the letters, and how many digits of a second it is worth to show. */
function unitOf(interval: bigint): { readonly name: string; readonly digits: number } {
  if (interval >= 1_000_000_000n) return { name: "", digits: 0 };
  if (interval >= 1_000_000n) return { name: "ms", digits: 3 };
  return interval >= 1000n ? { name: "μs", digits: 6 } : { name: "ns", digits: 9 };
}

/** graph draws a series from above to below, one line for each interval. */
export function graph(rows: readonly Moment[]): string {
  const values = rows.flatMap(({ value }) => value ?? []);
  const [firstRow, lastRow] = [rows[0], rows.at(-1)];
  let [least] = values;
  if (firstRow === undefined || lastRow === undefined || least === undefined) return "<no data>";
  let most = least;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least === most) {
    least -= least === 0n ? 0n : 1n;
    most += 1n;
  }
  const steps = rows.length > 1 ? BigInt(rows.length - 1) : 1n;
  const unit = unitOf((lastRow.start - firstRow.start) / steps);
  const heading = unit.digits === 0 ? "hh:mm:ss" : `hh:mm:ss.${unit.name}`;
  const width = unit.digits === 0 ? 8 : 9 + unit.digits;
  const range = Number(most - least);
  const bounds = `${least.toString().padEnd(21)}${most.toString().padStart(graphWidth - 21)}`;
  const zero =
    least < 0n && most > 0n ? Math.trunc(float(float(graphWidth * Number(-least)) / float(range))) : 0;
  const lines = rows.map(({ start, value }) => {
    const line = Array.from<unknown, string>({ length: graphWidth }, (_, i) =>
      i === 0 || i === graphWidth - 1 ? "|" : " ",
    );
    if (zero > 0) line[zero] = ".";
    const fraction = (start % 1_000_000_000n).toString().padStart(9, "0").slice(0, unit.digits);
    const time = `${formatTime("%H:%M:%S", start)}${unit.digits === 0 ? "" : `.${fraction}`}`;
    if (value === undefined) return `${time} ${line.join("")} -\n`;
    const offset = Math.trunc(float(float((graphWidth - 1) * Number(value - (least ?? 0n))) / float(range)));
    line[Math.max(0, Math.min(graphWidth - 1, offset))] = "*";
    return `${time} ${line.join("")} ${value}\n`;
  });
  return [
    `${" ".repeat(width + 1)}${bounds}\n`,
    `${heading.padEnd(width + 1)}|${"_".repeat(graphWidth - 2)}|\n`,
    ...lines,
    `${" ".repeat(width)} v${"_".repeat(graphWidth - 2)}v\n`,
    `${" ".repeat(width)} ${bounds}\n`,
  ].join("");
}

/** seriesJson is a series as JSON has it: the times in UTC, intervals without a value left out. */
export function seriesJson(rows: readonly Moment[]): unknown {
  return rows.flatMap(({ start, value }) => {
    if (value === undefined) return [];
    const whole = new Date(Number(start / 1_000_000n)).toISOString().replace("T", " ").slice(0, 19);
    const fraction = (start % 1_000_000_000n).toString().padStart(9, "0");
    return [{ interval_start: `${whole}.${fraction}`, value }];
  });
}
