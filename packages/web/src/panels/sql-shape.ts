import type { JSONCompactAnswer } from "@go3s/server";
import type { PlotSeries } from "../widgets/plot.js";

/** SqlPlot is a result as lines over time. */
export interface SqlPlot {
  readonly times: readonly number[];
  readonly series: readonly PlotSeries[];
}

/** Pick is which columns to draw, by their names; what is not named is chosen by the shape. */
export interface Pick {
  readonly x?: string;
  readonly y?: string;
}

/** axesOf lists the columns that can be an axis. */
export function axesOf(meta: JSONCompactAnswer["meta"]): {
  readonly x: readonly string[];
  readonly y: readonly string[];
} {
  const names = (fits: (type: string) => boolean) =>
    meta.flatMap((column) => (fits(column.type) ? [column.name] : []));
  return { x: names(isTime), y: names(isNumber) };
}

const isTime = (type: string): boolean => /^(Nullable\()?Date(Time)?(64)?\b/.test(type);
const isNumber = (type: string): boolean =>
  /^(Nullable\(|LowCardinality\()*(U?Int\d+|Float\d+|Decimal)/.test(type);
const isText = (type: string): boolean => /String|Enum/.test(type);
const mostSeries = 10;

/** momentOf reads a ClickHouse date or time, which is UTC here, as Unix milliseconds. */
export function momentOf(value: unknown): number {
  const text = String(value);
  return Date.parse(text.includes(" ") ? `${text.replace(" ", "T").slice(0, 23)}Z` : text);
}

/**
 * plotOf chooses a plot by the result's shape: a time and numbers are a line per number; a time, one text and one number
 * are a line per text (the ten largest). Anything else is a table.
 */
export function plotOf(answer: JSONCompactAnswer, pick: Pick = {}): SqlPlot | undefined {
  const types = answer.meta.map((column) => column.type);
  const named = (name: string | undefined, fits: (type: string) => boolean): number =>
    answer.meta.findIndex((column) => column.name === name && fits(column.type));
  const asked = { x: named(pick.x, isTime), y: named(pick.y, isNumber) };
  const time = asked.x >= 0 ? asked.x : types.findIndex(isTime);
  const numbers = asked.y >= 0 ? [asked.y] : types.flatMap((type, at) => (isNumber(type) ? [at] : []));
  const texts = types.flatMap((type, at) => (isText(type) && at !== time ? [at] : []));
  if (time < 0 || numbers.length === 0 || answer.data.length < 2 || texts.length > 1) return undefined;
  const times = [...new Set(answer.data.map((row) => momentOf(row[time])))]
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  if (times.length < 2) return undefined;
  const place = new Map(times.map((ms, at) => [ms, at]));
  const lines = new Map<string, (number | null)[]>();
  for (const row of answer.data) {
    const at = place.get(momentOf(row[time]));
    if (at === undefined) continue;
    for (const column of numbers) {
      const label = [
        texts.length === 1 ? String(row[texts[0] ?? 0]) : "",
        numbers.length > 1 || texts.length === 0 ? (answer.meta[column]?.name ?? "") : "",
      ]
        .filter((part) => part !== "")
        .join(" ");
      let line = lines.get(label);
      if (line === undefined) {
        line = new Array<number | null>(times.length).fill(null);
        lines.set(label, line);
      }
      const value = row[column];
      line[at] = value === null ? null : Number(value);
    }
  }
  const largest = [...lines].sort((a, b) => sum(b[1]) - sum(a[1])).slice(0, mostSeries);
  const dashes = [undefined, "dash", "dots"] as const;
  return {
    times,
    series: largest.map(([label, values], at) => {
      const dash = dashes[Math.floor(at / 4) % 3];
      return { label, values, colour: (at * 5 + 8) % 12, ...(dash === undefined ? {} : { dash }) };
    }),
  };
}

const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, value) => total + Math.abs(value ?? 0), 0);
