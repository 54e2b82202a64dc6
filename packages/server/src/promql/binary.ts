import { type Binary, COMPARISONS, type Matching } from "./ast.js";
import { executionError } from "./errors.js";
import {
  dropMetadata,
  keep,
  keyOf,
  type Labels,
  labelOf,
  METADATA_LABELS,
  printAllLabels,
  withLabel,
  without,
} from "./labels.js";
import { computed } from "./operators.js";
import { Collector, merged, newPoints, type Points, setPoint } from "./series.js";

/** scalars computes an operation of two numbers at each step. */
export function scalars(expr: Binary, left: Float64Array, right: Float64Array): Float64Array {
  return left.map((value, i) => computed(expr.operator, value, right[i] ?? Number.NaN));
}

/** vectorScalar computes an operation of each element with a number; `swapped` says that the number stands left. */
export function vectorScalar(
  expr: Binary,
  vector: readonly Points[],
  scalar: Float64Array,
  swapped: boolean,
): Points[] {
  const { operator, bool } = expr;
  const comparison = COMPARISONS.has(operator);
  const keepsMeaning = comparison && !bool;
  const trims = operator === "</" || operator === ">/";
  if (trims) return [];
  return vector.map((each) => {
    const result = newPoints(each.labels, scalar.length, each.dropName || !keepsMeaning);
    for (let i = 0; i < scalar.length; i++) {
      if (each.present[i] === 0) continue;
      const own = each.values[i] ?? Number.NaN;
      const other = scalar[i] ?? Number.NaN;
      const value = swapped ? computed(operator, other, own) : computed(operator, own, other);
      if (!keepsMeaning) setPoint(result, i, value);
      else if (value === 1) setPoint(result, i, own);
    }
    return result;
  });
}

const ignored = (matching: Matching): readonly string[] => [...METADATA_LABELS, ...matching.labels];

function signatureLabels(labels: Labels, matching: Matching): Labels {
  return matching.on ? keep(labels, matching.labels) : without(labels, ignored(matching));
}

/** Side is one operand with the number of each element's match group. */
interface Side {
  readonly series: readonly Points[];
  readonly groups: readonly number[];
}

function grouped(
  left: readonly Points[],
  right: readonly Points[],
  matching: Matching,
): [Side, Side, Labels[]] {
  const numbers = new Map<string, number>();
  const labels: Labels[] = [];
  const number = (each: Points): number => {
    const own = signatureLabels(each.labels, matching);
    const key = keyOf(own);
    let found = numbers.get(key);
    if (found === undefined) {
      found = labels.length;
      labels.push(own);
      numbers.set(key, found);
    }
    return found;
  };
  return [{ series: left, groups: left.map(number) }, { series: right, groups: right.map(number) }, labels];
}

/** setOperation is `and`, `or` and `unless`. */
export function setOperation(
  expr: Binary,
  left: readonly Points[],
  right: readonly Points[],
  count: number,
): Points[] {
  const { operator, matching } = expr;
  const [l, r, groups] = grouped(left, right, matching);
  const results = left.map((each) => newPoints(each.labels, count, each.dropName));
  const added = right.map((each) => newPoints(each.labels, count, each.dropName));
  const present = new Uint8Array(groups.length);
  for (let i = 0; i < count; i++) {
    const other = operator === "or" ? l : r;
    present.fill(0);
    for (const [n, each] of other.series.entries())
      if (each.present[i] === 1) present[other.groups[n] ?? 0] = 1;
    for (const [n, each] of left.entries()) {
      if (each.present[i] === 0) continue;
      const met = present[l.groups[n] ?? 0] === 1;
      const result = results[n];
      if (result !== undefined && (operator === "or" || met === (operator === "and"))) {
        setPoint(result, i, each.values[i] ?? Number.NaN);
      }
    }
    if (operator !== "or") continue;
    for (const [n, each] of right.entries()) {
      const result = added[n];
      if (each.present[i] === 0 || present[r.groups[n] ?? 0] === 1 || result === undefined) continue;
      setPoint(result, i, each.values[i] ?? Number.NaN);
    }
  }
  // What one side says at one time and the other at another is one series.
  return merged([...results, ...added]);
}

/** vectorVector computes an operation of the elements of two vectors that belong together. Throws where it is not clear which do. */
export function vectorVector(
  expr: Binary,
  left: readonly Points[],
  right: readonly Points[],
  count: number,
): Points[] {
  const { operator, bool, matching } = expr;
  if (operator === "</" || operator === ">/") return [];
  const [l, r, groups] = grouped(left, right, matching);
  const swapped = matching.group === "right";
  const [many, one] = swapped ? [r, l] : [l, r];
  const [fillMany, fillOne] = swapped
    ? [matching.fillRight, matching.fillLeft]
    : [matching.fillLeft, matching.fillRight];
  const comparison = COMPARISONS.has(operator);
  const out = new Collector(count);
  const names = resultNames(expr, many, one, groups);
  const ones = new Int32Array(groups.length);
  for (let i = 0; i < count; i++) {
    ones.fill(-1);
    for (const [n, each] of one.series.entries()) {
      if (each.present[i] === 0) continue;
      const group = one.groups[n] ?? 0;
      const before = one.series[ones[group] ?? -1];
      if (before !== undefined) throw duplicates(groups[group] ?? [], before.labels, each.labels, swapped);
      ones[group] = n;
    }
    const matched = new Map<number, Set<string>>();
    const combine = (m: number, o: number, group: number, manyValue: number, oneValue: number): void => {
      const { labels, key } = names(m, o, group);
      const seen = matched.get(group);
      if (seen === undefined) matched.set(group, new Set([key]));
      else if (matching.group === undefined) {
        throw executionError(
          "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
        );
      } else if (seen.has(key)) {
        throw executionError("multiple matches for labels: grouping labels must ensure unique matches");
      } else seen.add(key);
      const [a, b] = swapped ? [oneValue, manyValue] : [manyValue, oneValue];
      const value = computed(operator, a, b);
      if (comparison && !bool) {
        if (value === 1) setPoint(out.at(labels, false, key), i, a);
      } else setPoint(out.at(labels, bool, key), i, value);
    };
    for (const [m, each] of many.series.entries()) {
      if (each.present[i] === 0) continue;
      const group = many.groups[m] ?? 0;
      const o = ones[group] ?? -1;
      const value = o >= 0 ? one.series[o]?.values[i] : fillOne;
      if (value !== undefined) combine(m, o, group, each.values[i] ?? Number.NaN, value);
    }
    if (fillMany === undefined) continue;
    for (const [o, each] of one.series.entries()) {
      const group = one.groups[o] ?? 0;
      if (each.present[i] === 0 || matched.has(group)) continue;
      combine(-1, o, group, fillMany, each.values[i] ?? Number.NaN);
    }
  }
  return out.series;
}

function duplicates(group: Labels, a: Labels, b: Labels, swapped: boolean): Error {
  const [first, second] = [printAllLabels(a), printAllLabels(b)].sort();
  return executionError(
    `found duplicate series for the match group ${printAllLabels(group)} on the ${swapped ? "left" : "right"} hand-side of the operation: ` +
      `[${first}, ${second}];many-to-many matching not allowed: matching labels must be unique on one side`,
  );
}

/** resultNames gives the labels of a pair's result; -1 stands for an element that was filled in. */
function resultNames(
  expr: Binary,
  many: Side,
  one: Side,
  groups: readonly Labels[],
): (m: number, o: number, group: number) => { readonly labels: Labels; readonly key: string } {
  const { matching, operator } = expr;
  const known = new Map<number, { labels: Labels; key: string }>();
  const width = one.series.length + 1;
  const keepsMeaning = COMPARISONS.has(operator);
  return (m, o, group) => {
    const place = m >= 0 ? m * width + o + 1 : -1 - o;
    const found = known.get(place);
    if (found !== undefined) return found;
    const from = many.series[m]?.labels ?? groups[group] ?? [];
    const other = one.series[o]?.labels ?? groups[group] ?? [];
    let labels = keepsMeaning ? from : dropMetadata(from);
    if (matching.group === undefined) {
      labels = matching.on ? keep(labels, matching.labels) : without(labels, matching.labels);
    }
    for (const name of matching.include) labels = withLabel(labels, name, labelOf(other, name));
    const made = { labels, key: keyOf(labels) };
    known.set(place, made);
    return made;
  };
}
