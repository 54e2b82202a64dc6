import { executionError } from "./errors.js";
import { compareLabels, dropMetadata, keyOf, type Labels } from "./labels.js";

/** Grid is the times of an evaluation: `count` of them, `step` milliseconds apart from `start` on (Unix milliseconds). */
export interface Grid {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** timeAt gives a grid's i-th time. */
export function timeAt(grid: Grid, i: number): number {
  return grid.start + grid.step * i;
}

/** Samples is a stored series: times rise, in Unix milliseconds. */
export interface Samples {
  readonly labels: Labels;
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** stale is 1 where the series ended (a staleness marker); such a sample has no value. */
  readonly stale?: Uint8Array | undefined;
  /** starts are the times from which cumulative values count, 0 where that is not known. */
  readonly starts?: Float64Array | undefined;
}

/** Points is a series on a grid; where `present` is 0 there is no value. */
export interface Points {
  labels: Labels;
  /** dropName takes the metric's name away at the end of the whole evaluation, so that label_replace may still read it. */
  dropName: boolean;
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

/** newPoints makes a series without values. */
export function newPoints(labels: Labels, count: number, dropName = false): Points {
  return { labels, dropName, values: new Float64Array(count), present: new Uint8Array(count) };
}

/** setPoint gives a series a value. */
export function setPoint(points: Points, i: number, value: number): void {
  points.values[i] = value;
  points.present[i] = 1;
}

/** hasPoints tells whether there is any value. */
export function hasPoints(points: Points): boolean {
  return points.present.includes(1);
}

/** Collector gathers results by their labels, one value for each labels and step. */
export class Collector {
  readonly #count: number;
  readonly #series = new Map<string, Points>();

  constructor(count: number) {
    this.#count = count;
  }

  /** at gives the series of these labels; `dropName` counts when it is new. */
  at(labels: Labels, dropName = false, key = keyOf(labels)): Points {
    let points = this.#series.get(key);
    if (points === undefined) {
      points = newPoints(labels, this.#count, dropName);
      this.#series.set(key, points);
    }
    return points;
  }

  /** series gives what has values, in the order in which it came. */
  get series(): Points[] {
    return [...this.#series.values()].filter(hasPoints);
  }
}

/** merged brings series of equal labels together. Throws when two of them have a value at the same time. */
export function merged(series: readonly Points[]): Points[] {
  const byKey = new Map<string, Points>();
  for (const each of series) {
    const key = keyOf(each.labels);
    const first = byKey.get(key);
    if (first === undefined) byKey.set(key, each);
    else join(first, each);
  }
  return [...byKey.values()];
}

function join(into: Points, from: Points): void {
  for (let i = 0; i < from.present.length; i++) {
    if (from.present[i] === 0) continue;
    if (into.present[i] === 1) throw executionError("vector cannot contain metrics with the same labelset");
    setPoint(into, i, from.values[i] ?? Number.NaN);
  }
}

/** named takes names away where that was put off, and brings together what is then equal. */
export function named(series: readonly Points[]): Points[] {
  return merged(
    series.map((each) =>
      each.dropName ? { ...each, labels: dropMetadata(each.labels), dropName: false } : each,
    ),
  );
}

/** byLabels orders series as range queries give them. */
export function byLabels(series: readonly Points[]): Points[] {
  return [...series].sort((a, b) => compareLabels(a.labels, b.labels));
}

/** fresh leaves out staleness markers: ranges do not hold them. */
export function fresh(samples: Samples): Samples {
  const { stale, times, values, starts, labels } = samples;
  if (stale === undefined || !stale.includes(1)) return samples;
  const kept = Array.from(stale.keys()).filter((i) => stale[i] === 0);
  const pick = (from: Float64Array): Float64Array => Float64Array.from(kept, (i) => from[i] ?? Number.NaN);
  return { labels, times: pick(times), values: pick(values), starts: starts && pick(starts) };
}
