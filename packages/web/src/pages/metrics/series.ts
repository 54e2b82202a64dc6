import { bytesFigure, countFigure, figureText } from "../../base/number.js";
import { durationText } from "../../base/time.js";
import type { PlotSeries } from "../../widgets/plot.js";
import type { Labels, Matrix } from "./answers.js";

/** Line is one series of one query, on the page's one time axis. */
export interface Line {
  readonly id: string;
  readonly query: number;
  readonly name: string;
  readonly labels: Labels;
  readonly values: readonly (number | null)[];
  readonly least: number;
  readonly most: number;
  readonly last: number;
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
const pointsWanted = 240;

/** autoStep chooses a step in seconds that gives about 240 points; 5 s is as often as most are scraped. */
export function autoStep(widthMs: number): number {
  const wanted = Math.max(5, widthMs / 1000 / pointsWanted);
  return steps.find((step) => step >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400;
}

/** letterOf names a query. */
export const letterOf = (query: number): string => String.fromCharCode(65 + query);

/** labelText writes labels as PromQL does, without the name and without what all lines share. */
export function labelText(labels: Labels, shared: ReadonlySet<string> = new Set()): string {
  const parts = Object.entries(labels)
    .filter(([name]) => name !== "__name__" && !shared.has(name))
    .map(([name, value]) => `${name}="${value}"`);
  return parts.length === 0 ? "" : `{${parts.join(", ")}}`;
}

/** sharedLabels are the names of labels that every one of several series has with the same value. */
export function sharedLabels(all: readonly Labels[]): ReadonlySet<string> {
  const [first, ...rest] = all;
  if (first === undefined || rest.length === 0) return new Set();
  return new Set(
    Object.entries(first).flatMap(([name, value]) =>
      rest.every((other) => other[name] === value) ? [name] : [],
    ),
  );
}

/** timeGrid gives the moments (ms) of a range at a step, as query_range evaluates them. */
export function timeGrid(from: number, to: number, stepSeconds: number): readonly number[] {
  const step = stepSeconds * 1000;
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);
}

/** linesOf puts a query's series on the grid; a moment without a point stays empty, it is not joined over. */
export function linesOf(
  matrix: Matrix,
  query: number,
  from: number,
  stepSeconds: number,
  count: number,
): Line[] {
  const shared = sharedLabels(matrix.result.map((series) => series.metric));
  return matrix.result.map((series, at) => {
    const values = new Array<number | null>(count).fill(null);
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    let last = Number.NaN;
    for (const [time, text] of series.values) {
      const value = Number(text);
      const place = Math.round((time * 1000 - from) / (stepSeconds * 1000));
      if (!Number.isFinite(value) || place < 0 || place >= count) continue;
      values[place] = value;
      least = Math.min(least, value);
      most = Math.max(most, value);
      last = value;
    }
    const name = `${series.metric["__name__"] ?? ""}${labelText(series.metric, shared)}`;
    return {
      id: `${query}.${at}`,
      query,
      name: name === "" ? (matrix.result.length === 1 ? "value" : "{}") : name,
      labels: series.metric,
      values,
      least,
      most,
      last,
    };
  });
}

const dashes = [undefined, "dash", "dots"] as const;

/** plotSeries gives lines their colours: twelve hues, then the same dashed. Seven and twelve have no common divisor. */
export function plotSeries(line: Line, place: number): PlotSeries {
  const dash = dashes[Math.floor(place / 12) % 3];
  return {
    label: `${letterOf(line.query)} ${line.name}`,
    values: line.values,
    colour: (8 + place * 7) % 12,
    ...(dash === undefined ? {} : { dash }),
  };
}

/** Format prints a value in the unit that a query's result has. */
export type Format = (value: number) => string;

const plain: Format = (value) =>
  value !== 0 && Math.abs(value) < 0.01 ? value.toExponential(1) : figureText(countFigure(value));

/** formatOf guesses the unit from the names: `_seconds` and `_bytes` are Prometheus' own rule for names. */
export function formatOf(expression: string): Format {
  const counts = /_count\b|_total\b|\bcount\b|count_over_time/.test(expression);
  const quantile = /histogram_quantile/.test(expression);
  const perSecond = /\b(i?rate|deriv)\s*\(/.test(expression);
  if (/_seconds/.test(expression) && !/\//.test(expression) && (quantile || !(perSecond || counts))) {
    return (value) => (value === 0 ? "0" : durationText(value * 1e9));
  }
  if (/[._]duration/.test(expression) && quantile) return (value) => durationText(value * 1e9);
  if (/_bytes|\bsize\b/.test(expression)) {
    return (value) => `${figureText(bytesFigure(value))}${perSecond ? "/s" : ""}`;
  }
  return plain;
}

/** questionFor is what one wants to know first of a metric of a type. */
export function questionFor(name: string, type: string): string {
  const quoted = /^[\p{L}_:][\p{L}\p{N}_:.]*$/u.test(name) ? name : `{${JSON.stringify(name)}}`;
  if (name.endsWith("_bucket")) return `histogram_quantile(0.99, sum by (le) (rate(${quoted}[5m])))`;
  if (type === "counter" || /_(total|count|sum)$/.test(name)) return `sum(rate(${quoted}[5m]))`;
  return quoted;
}

/** placeOf reads the place that an error of the parser tells, as an offset in the text. */
export function placeOf(
  text: string,
  message: string,
): { readonly from: number; readonly to: number } | undefined {
  const found = /^(?:invalid parameter "query": )?(\d+):(\d+): parse error/.exec(message);
  if (found === null) return undefined;
  let from = Number(found[2]) - 1;
  for (const line of text.split("\n").slice(0, Number(found[1]) - 1)) from += line.length + 1;
  const word = /^[\p{L}\p{N}_:.]+/u.exec(text.slice(from))?.[0].length ?? 1;
  return { from, to: from + word };
}
