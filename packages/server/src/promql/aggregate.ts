import { createHash } from "node:crypto";
import type { Aggregate, AggregateOperator } from "./ast.js";
import { executionError } from "./errors.js";
import { Mean, quantileOf, Sum } from "./kahan.js";
import { keep, keyOf, type Labels, METADATA_LABELS, withLabel, without } from "./labels.js";
import { goFloat } from "./range-functions.js";
import { Collector, newPoints, type Points, setPoint } from "./series.js";

/** Groups says which result each series goes to. */
interface Groups {
  readonly labels: readonly Labels[];
  readonly members: readonly number[];
}

function groupLabels(labels: Labels, { grouping, without: leaves }: Aggregate): Labels {
  return leaves ? without(labels, [...METADATA_LABELS, ...grouping]) : keep(labels, grouping);
}

function groupsOf(series: readonly Points[], expr: Aggregate): Groups {
  const numbers = new Map<string, number>();
  const labels: Labels[] = [];
  const members = series.map((each) => {
    const own = groupLabels(each.labels, expr);
    const key = keyOf(own);
    const found = numbers.get(key) ?? labels.length;
    if (found === labels.length) {
      labels.push(own);
      numbers.set(key, found);
    }
    return found;
  });
  return { labels, members };
}

/** Accumulator takes the values of a group at one step and gives its result. */
interface Accumulator {
  add(value: number): void;
  value(): number;
}

function extreme(better: (value: number, best: number) => boolean): Accumulator {
  let best = Number.NaN;
  return {
    add: (value) => {
      if (Number.isNaN(best) || better(value, best)) best = value;
    },
    value: () => best,
  };
}

/** variance is Welford's: one pass, and no difference of large squares. */
function variance(finish: (variance: number) => number): Accumulator {
  let count = 0;
  let mean = 0;
  let squares = 0;
  return {
    add: (value) => {
      count++;
      if (count === 1) {
        mean = value;
        squares = Number.isFinite(value) ? 0 : Number.NaN;
        return;
      }
      const delta = value - mean;
      mean += delta / count;
      squares += delta * (value - mean);
    },
    value: () => finish(squares / count),
  };
}

function counter(): Accumulator {
  let count = 0;
  return {
    add: () => {
      count++;
    },
    value: () => count,
  };
}

function quantile(q: number): Accumulator {
  const values: number[] = [];
  return {
    add: (value) => values.push(value),
    value: () => quantileOf(q, values),
  };
}

const ACCUMULATORS: Partial<Record<AggregateOperator, (parameter: number) => Accumulator>> = {
  sum: () => new Sum(),
  avg: () => new Mean(),
  count: counter,
  min: () => extreme((value, best) => value < best),
  max: () => extreme((value, best) => value > best),
  group: () => ({ add: () => undefined, value: () => 1 }),
  stddev: () => variance(Math.sqrt),
  stdvar: () => variance((value) => value),
  quantile,
};

/** aggregated brings the elements of each group together at each step. `warn` gets what is odd about the parameter. */
export function aggregated(
  expr: Aggregate,
  series: readonly Points[],
  parameter: Float64Array | undefined,
  count: number,
  warn: (text: string) => void,
): Points[] {
  const { operator } = expr;
  if (operator === "topk" || operator === "bottomk" || operator === "limitk" || operator === "limit_ratio") {
    return chosen(expr, series, parameter ?? new Float64Array(count), count, warn);
  }
  const make = ACCUMULATORS[operator];
  if (make === undefined) return [];
  const { labels, members } = groupsOf(series, expr);
  const results = labels.map((each) => newPoints(each, count));
  for (const [n, each] of series.entries()) {
    const result = results[members[n] ?? 0];
    if (result !== undefined && each.dropName) result.dropName = true;
  }
  for (let i = 0; i < count; i++) {
    const own = parameter?.[i] ?? Number.NaN;
    if (operator === "quantile" && !(own >= 0 && own <= 1)) {
      warn(`quantile value should be between 0 and 1, got ${goFloat(own)}`);
    }
    const accumulators = new Map<number, Accumulator>();
    for (const [n, each] of series.entries()) {
      if (each.present[i] === 0) continue;
      const group = members[n] ?? 0;
      let accumulator = accumulators.get(group);
      if (accumulator === undefined) {
        accumulator = make(own);
        accumulators.set(group, accumulator);
      }
      accumulator.add(each.values[i] ?? Number.NaN);
    }
    for (const [group, accumulator] of accumulators) {
      const result = results[group];
      if (result !== undefined) setPoint(result, i, accumulator.value());
    }
  }
  return results;
}

/** counted is count_values(): one series for each value that occurs, named by it. */
export function counted(expr: Aggregate, label: string, series: readonly Points[], count: number): Points[] {
  if (label === "") throw executionError(`invalid label name "${label}"`);
  const out = new Collector(count);
  for (const each of series) {
    for (let i = 0; i < count; i++) {
      if (each.present[i] === 0) continue;
      const labels = withLabel(each.labels, label, plainNumber(each.values[i] ?? Number.NaN));
      const grouping = expr.without ? expr.grouping : [...expr.grouping, label];
      const result = out.at(groupLabels(labels, { ...expr, grouping }));
      setPoint(result, i, (result.values[i] ?? 0) + 1);
    }
  }
  return out.series;
}

/** plainNumber writes a number without an exponent, as Go's %f with the fewest digits does. */
export function plainNumber(value: number): string {
  if (!Number.isFinite(value)) return goFloat(value);
  const text = Object.is(value, -0) ? "-0" : String(value);
  const found = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (found === null) return text;
  const [, sign, whole = "", fraction = "", exponent] = found;
  const shift = Number(exponent);
  const digits = whole + fraction;
  if (shift < 0) return `${sign}0.${"0".repeat(-shift - 1)}${digits}`;
  return sign + digits.padEnd(shift + 1, "0");
}

/** chosen keeps some elements of each group as they are. */
function chosen(
  expr: Aggregate,
  series: readonly Points[],
  parameter: Float64Array,
  count: number,
  warn: (text: string) => void,
): Points[] {
  const { operator } = expr;
  const { labels, members } = groupsOf(series, expr);
  const results = series.map((each) => newPoints(each.labels, count, each.dropName));
  const order: number[] = [];
  const inOrder = new Set<number>();
  const offsets = operator === "limit_ratio" ? series.map((each) => ratioOf(each.labels)) : [];
  for (let i = 0; i < count; i++) {
    const wanted = limit(operator, parameter[i] ?? Number.NaN, warn);
    const groups: number[][] = labels.map(() => []);
    for (const [n, each] of series.entries()) if (each.present[i] === 1) groups[members[n] ?? 0]?.push(n);
    for (const group of groups) {
      const valueAt = (n: number): number => series[n]?.values[i] ?? Number.NaN;
      const picked =
        operator === "limit_ratio"
          ? group.filter((n) => isInRatio(offsets[n] ?? 0, wanted))
          : (operator === "limitk" ? group : ranked(group, valueAt, operator === "topk")).slice(
              0,
              Math.max(0, wanted),
            );
      for (const n of picked) {
        const result = results[n];
        if (result !== undefined) setPoint(result, i, valueAt(n));
        if (!inOrder.has(n)) {
          inOrder.add(n);
          order.push(n);
        }
      }
    }
  }
  return order.flatMap((n) => results[n] ?? []);
}

function limit(operator: AggregateOperator, value: number, warn: (text: string) => void): number {
  if (operator === "limit_ratio") {
    if (Number.isNaN(value)) throw executionError("Ratio value is NaN");
    if (Math.abs(value) <= 1) return value;
    const capped = Math.sign(value);
    warn(`ratio value should be between -1 and 1, got ${goFloat(value)}, capping to ${capped}`);
    return capped;
  }
  if (Number.isNaN(value)) throw executionError("Parameter value is NaN");
  if (value >= 2 ** 63) throw executionError(`Scalar value ${goFloat(value)} overflows int64`);
  if (value < -(2 ** 63)) throw executionError(`Scalar value ${goFloat(value)} underflows int64`);
  return Math.trunc(value);
}

/** ranked orders by value, NaN last; equal ones stay as they came. */
function ranked(group: readonly number[], valueAt: (n: number) => number, descending: boolean): number[] {
  return [...group].sort((a, b) => {
    const [x, y] = [valueAt(a), valueAt(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return descending ? y - x : x - y;
  });
}

/** ratioOf gives labels a fixed place between 0 and 1, so that limit_ratio() picks the same series every time. */
function ratioOf(labels: Labels): number {
  return createHash("sha256").update(keyOf(labels)).digest().readUInt32LE(0) / 2 ** 32;
}

function isInRatio(offset: number, ratio: number): boolean {
  return ratio >= 0 ? offset < ratio : offset >= 1 + ratio;
}
