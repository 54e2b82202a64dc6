import { absentLabels, absentPoints } from "./absent.js";
import { aggregated, counted } from "./aggregate.js";
import { type Binary, type Call, type Expr, SETS, type VectorSelector } from "./ast.js";
import { scalars, setOperation, vectorScalar, vectorVector } from "./binary.js";
import { typeOf } from "./check.js";
import { ELEMENT_FUNCTIONS, TIME_FUNCTIONS } from "./element-functions.js";
import { executionError, type Place } from "./errors.js";
import { type HistogramCall, ofHistograms } from "./histograms.js";
import { infoCombined, infoSelector } from "./info.js";
import { newest, smoothed } from "./instant.js";
import { labelJoin, labelReplace, sortedByLabels, sortedByValue } from "./label-functions.js";
import { Notes, noteCounters, noteStarts } from "./notes.js";
import { KEEPS_NAME, RANGE_FUNCTIONS } from "./range-functions.js";
import { extendedSamples, firstAfter, type Ranged, samplesOf } from "./ranged.js";
import { momentAt, type QueryTimes, subqueryGrid } from "./selection.js";
import {
  fresh,
  type Grid,
  hasPoints,
  newPoints,
  type Points,
  type Samples,
  setPoint,
  timeAt,
} from "./series.js";

/** VALUES_MAX bounds how many values one evaluation may make, so that a query ends in an error and not in the process' end: 50 million, 400 MB. */
const VALUES_MAX = 50_000_000;

const ANCHORED = ["changes", "delta", "increase", "rate", "resets"];
const SMOOTHED = ["delta", "increase", "rate"];

/**
 * Evaluator computes expressions on a grid of times from samples that are there already. An expression's value is computed for all
 * steps at once, series by series, as arrays of numbers.
 */
export class Evaluator {
  readonly notes: Notes;
  readonly #times: QueryTimes;
  readonly #samples: ReadonlyMap<VectorSelector, readonly Samples[]>;
  readonly #fresh = new Map<Samples, Samples>();
  #made = 0;

  constructor(text: string, times: QueryTimes, samples: ReadonlyMap<VectorSelector, readonly Samples[]>) {
    this.notes = new Notes(text);
    this.#times = times;
    this.#samples = samples;
  }

  /** vector computes an instant vector. Throws PromqlError. */
  vector(expr: Expr, grid: Grid): Points[] {
    const result = this.#vector(expr, grid).filter(hasPoints);
    this.#made += result.length * grid.count;
    if (this.#made > VALUES_MAX) {
      throw executionError(
        `the query would make more than ${VALUES_MAX} values; ask for fewer series, a shorter range or a larger step`,
      );
    }
    return result;
  }

  #vector(expr: Expr, grid: Grid): Points[] {
    switch (expr.kind) {
      case "selector":
        return expr.extended === "smoothed"
          ? smoothed(this.#freshSamples(expr), expr, grid, this.#times)
          : this.#newest(expr, grid, false);
      case "paren":
        return this.vector(expr.expr, grid);
      case "unary": {
        const inner = this.vector(expr.expr, grid);
        if (!expr.negative) return inner;
        return inner.map((each) => ({ ...each, dropName: true, values: each.values.map((value) => -value) }));
      }
      case "binary":
        return this.#binary(expr, grid);
      case "aggregate": {
        const inner = this.vector(expr.expr, grid);
        const warn = (text: string): void => this.notes.warn(text, expr.parameter ?? expr);
        if (expr.operator === "count_values") {
          return counted(expr, this.#string(expr.parameter), inner, grid.count);
        }
        const parameter = expr.parameter && this.scalar(expr.parameter, grid);
        return aggregated(expr, inner, parameter, grid.count, warn);
      }
      case "call":
        return this.#call(expr, grid);
      default:
        throw executionError(`${typeOf(expr)} where an instant vector is needed`);
    }
  }

  /** scalar computes a number for each step. */
  scalar(expr: Expr, grid: Grid): Float64Array {
    const all = (value: number): Float64Array => new Float64Array(grid.count).fill(value);
    switch (expr.kind) {
      case "number":
        return all(expr.value);
      case "paren":
        return this.scalar(expr.expr, grid);
      case "unary": {
        const inner = this.scalar(expr.expr, grid);
        return expr.negative ? inner.map((value) => -value) : inner;
      }
      case "binary":
        return scalars(expr, this.scalar(expr.left, grid), this.scalar(expr.right, grid));
      case "call":
        break;
      default:
        throw executionError(`${typeOf(expr)} where a number is needed`);
    }
    switch (expr.name) {
      case "time":
        return all(0).map((_, i) => timeAt(grid, i) / 1000);
      case "pi":
        return all(Math.PI);
      case "start":
        return all(this.#times.start / 1000);
      case "end":
        return all(this.#times.end / 1000);
      case "range":
        return all(this.#times.range / 1000);
      case "step":
        return all(this.#times.step / 1000);
      case "min_of":
      case "max_of":
        return this.#chosenOf(expr, grid);
      case "scalar":
        return this.#onlyElement(this.vector(argument(expr, 0), grid), grid);
      default:
        throw executionError(`${expr.name}() gives no number`);
    }
  }

  #chosenOf(expr: Call, grid: Grid): Float64Array {
    const [a, b] = [this.scalar(argument(expr, 0), grid), this.scalar(argument(expr, 1), grid)];
    const choose = expr.name === "min_of" ? Math.min : Math.max;
    return a.map((value, i) => choose(value, b[i] ?? Number.NaN));
  }

  #onlyElement(series: readonly Points[], grid: Grid): Float64Array {
    const result = new Float64Array(grid.count).fill(Number.NaN);
    for (let i = 0; i < grid.count; i++) {
      const there = series.filter((each) => each.present[i] === 1);
      if (there.length === 1) result[i] = there[0]?.values[i] ?? Number.NaN;
    }
    return result;
  }

  #string(expr: Expr | undefined): string {
    if (expr?.kind === "paren") return this.#string(expr.expr);
    if (expr?.kind !== "string") throw executionError("a text is needed here");
    return expr.text;
  }

  #stored(selector: VectorSelector): readonly Samples[] {
    return this.#samples.get(selector) ?? [];
  }

  #freshOf(samples: Samples): Samples {
    let found = this.#fresh.get(samples);
    if (found === undefined) {
      found = fresh(samples);
      this.#fresh.set(samples, found);
    }
    return found;
  }

  #newest(selector: VectorSelector, grid: Grid, times: boolean): Points[] {
    return newest(this.#stored(selector), selector, grid, this.#times, times);
  }

  #freshSamples(selector: VectorSelector): Samples[] {
    return this.#stored(selector).map((each) => this.#freshOf(each));
  }

  #binary(expr: Binary, grid: Grid): Points[] {
    const [left, right] = [typeOf(expr.left), typeOf(expr.right)];
    if (left === "scalar") {
      return vectorScalar(expr, this.vector(expr.right, grid), this.scalar(expr.left, grid), true);
    }
    if (right === "scalar") {
      return vectorScalar(expr, this.vector(expr.left, grid), this.scalar(expr.right, grid), false);
    }
    const operands = [this.vector(expr.left, grid), this.vector(expr.right, grid)] as const;
    if (SETS.has(expr.operator)) return setOperation(expr, ...operands, grid.count);
    return vectorVector(expr, ...operands, grid.count);
  }

  #call(expr: Call, grid: Grid): Points[] {
    const { name } = expr;
    if (RANGE_FUNCTIONS.has(name)) return this.#rangeCall(expr, grid);
    const element = ELEMENT_FUNCTIONS.get(name);
    if (element !== undefined) return this.#elements(expr, grid, element);
    const ofTime = TIME_FUNCTIONS.get(name);
    if (ofTime !== undefined) return this.#timeCall(expr, grid, ofTime);
    const inner = (): Points[] => this.vector(argument(expr, 0), grid);
    const text = (i: number): string => this.#string(expr.args[i]);
    const rest = (from: number): string[] => expr.args.slice(from).map((each) => this.#string(each));
    switch (name) {
      case "vector":
        return [
          { ...newPoints([], grid.count), values: this.scalar(argument(expr, 0), grid), present: ones(grid) },
        ];
      case "timestamp": {
        const selector = unwrapped(argument(expr, 0));
        if (selector.kind === "selector" && selector.extended === undefined) {
          return this.#newest(selector, grid, true).map((each) => ({ ...each, dropName: true }));
        }
        return inner().map((each) => ({
          ...each,
          dropName: true,
          values: each.values.map((_, i) => timeAt(grid, i) / 1000),
        }));
      }
      case "absent":
        return absentPoints(inner(), absentLabels(argument(expr, 0)), grid);
      case "sort":
      case "sort_desc":
        this.#checkSort(expr);
        return sortedByValue(inner(), name === "sort_desc");
      case "sort_by_label":
      case "sort_by_label_desc":
        this.#checkSort(expr);
        return sortedByLabels(inner(), rest(1), name === "sort_by_label_desc");
      case "label_replace":
        return labelReplace(inner(), text(1), text(2), text(3), text(4));
      case "label_join":
        return labelJoin(inner(), text(1), text(2), rest(3));
      case "histogram_quantile":
      case "histogram_quantiles":
      case "histogram_fraction":
        return this.#histograms(expr, grid);
      case "info": {
        return infoCombined(inner(), this.#newest(infoSelector(expr), grid, true), expr, grid.count);
      }
      default:
        // histogram_avg and its like read native histograms only, of which there are none.
        this.vector(argument(expr, 0), grid);
        return [];
    }
  }

  #checkSort(place: Place): void {
    if (this.#times.step === 0) return;
    this.notes.warn(
      "sort is ineffective for range queries since results are always ordered by labels",
      place,
    );
  }

  #elements(expr: Call, grid: Grid, element: (value: number, ...more: number[]) => number): Points[] {
    const more = expr.args.slice(1).map((each) => this.scalar(each, grid));
    return this.vector(argument(expr, 0), grid).map((each) => {
      const result = newPoints(each.labels, grid.count, true);
      for (let i = 0; i < grid.count; i++) {
        if (each.present[i] === 0) continue;
        const parameters = more.map((values) => values[i] ?? Number.NaN);
        if (expr.name === "clamp" && (parameters[1] ?? 0) < (parameters[0] ?? 0)) continue;
        setPoint(result, i, element(each.values[i] ?? Number.NaN, ...parameters));
      }
      return result;
    });
  }

  #timeCall(expr: Call, grid: Grid, part: (seconds: number) => number): Points[] {
    const [given] = expr.args;
    if (given === undefined) {
      const values = ones(grid);
      return [
        {
          ...newPoints([], grid.count),
          present: values,
          values: new Float64Array(grid.count).map((_, i) => part(timeAt(grid, i) / 1000)),
        },
      ];
    }
    return this.vector(given, grid).map((each) => ({
      ...each,
      dropName: true,
      values: each.values.map((value) => part(value)),
    }));
  }

  /** #ranged gives the series a range function reads: stored samples, or a subquery's values. */
  #ranged(expr: Expr, grid: Grid): Ranged {
    if (expr.kind === "paren") return this.#ranged(expr.expr, grid);
    if (expr.kind === "range") {
      const { selector } = expr;
      return {
        series: this.#freshSamples(selector).map((samples) => ({ samples, dropName: false })),
        range: Math.round(expr.range(this.#times)),
        moment: (i) => momentAt(selector, grid, i, this.#times),
        extended: selector.extended,
      };
    }
    if (expr.kind !== "subquery") throw executionError(`${typeOf(expr)} where a range vector is needed`);
    const inner = subqueryGrid(expr, grid, this.#times);
    const series = inner.count === 0 ? [] : this.vector(expr.expr, inner);
    return {
      series: series.map((each) => ({ samples: samplesOf(each, inner), dropName: each.dropName })),
      range: Math.round(expr.range(this.#times)),
      moment: (i) => momentAt(expr, grid, i, this.#times),
      extended: undefined,
    };
  }

  /** matrix gives a range vector's own samples at one time: what an instant query of a range answers. */
  matrix(expr: Expr, grid: Grid): Samples[] {
    const { series, range, moment, extended } = this.#ranged(expr, grid);
    const end = moment(0);
    if (extended !== undefined) {
      const window = { start: end - range, end, lookback: this.#times.lookback };
      return series.flatMap(({ samples }) => extendedSamples(samples, window, extended === "smoothed"));
    }
    return series.flatMap(({ samples }) => {
      const from = firstAfter(samples.times, end - range, 0);
      const to = firstAfter(samples.times, end, from);
      if (to === from) return [];
      return [
        {
          labels: samples.labels,
          times: samples.times.slice(from, to),
          values: samples.values.slice(from, to),
        },
      ];
    });
  }

  #rangeCall(expr: Call, grid: Grid): Points[] {
    const { name, args } = expr;
    const compute = RANGE_FUNCTIONS.get(name);
    const place = args.findIndex((each) => typeOf(each) === "matrix");
    const ranged = this.#ranged(argument(expr, place), grid);
    this.#checkExtended(name, ranged.extended);
    const more = args.flatMap((each, i) => (i === place ? [] : [this.scalar(each, grid)]));
    const { lookback } = this.#times;
    const back = ranged.range + (ranged.extended === undefined ? 0 : lookback);
    const ahead = ranged.extended === "smoothed" ? lookback : 0;
    const warn = (text: string): void => this.notes.warn(text, args.find((_, i) => i !== place) ?? expr);
    const results = ranged.series.map(({ samples, dropName }) => {
      const { labels, times, values, starts } = samples;
      const points = newPoints(labels, grid.count, dropName || !KEEPS_NAME.has(name));
      let [from, to, before] = [0, 0, Number.NEGATIVE_INFINITY];
      for (let i = 0; i < grid.count; i++) {
        const end = ranged.moment(i);
        if (end < before) from = to = 0;
        before = end;
        from = firstAfter(times, end - back, from);
        to = firstAfter(times, end + ahead, Math.max(from, to));
        if (to <= from) continue;
        const parameters = more.map((each) => each[i] ?? Number.NaN);
        const window = { times, values, starts, from, to, start: end - ranged.range, end };
        const value = compute?.(window, {
          parameters,
          time: timeAt(grid, i),
          extended: ranged.extended,
          lookback,
          warn,
        });
        if (value !== undefined) setPoint(points, i, value);
      }
      return points;
    });
    if (name === "rate" || name === "increase") {
      noteCounters(this.notes, results, argument(expr, 0));
      noteStarts(
        this.notes,
        ranged.series.map(({ samples }) => samples),
        argument(expr, 0),
      );
    }
    if (name === "absent_over_time") return absentPoints(results, absentLabels(argument(expr, 0)), grid);
    return results;
  }

  #checkExtended(name: string, extended: "anchored" | "smoothed" | undefined): void {
    const allowed = extended === "anchored" ? ANCHORED : SMOOTHED;
    if (extended === undefined || allowed.includes(name)) return;
    throw executionError(
      `${extended} modifier can only be used with: ${allowed.join(", ")} - not with ${name}`,
    );
  }

  #histograms(expr: Call, grid: Grid): Points[] {
    const { name, args } = expr;
    const place = argument(
      expr,
      args.findIndex((each) => typeOf(each) === "vector"),
    );
    const numberPlaces = args.filter((each) => typeOf(each) === "scalar");
    const call: HistogramCall = {
      name,
      vector: this.vector(place, grid),
      place,
      numbers: numberPlaces.map((each) => this.scalar(each, grid)),
      numberPlaces,
      label: name === "histogram_quantiles" ? this.#string(args[1]) : "",
      count: grid.count,
    };
    return ofHistograms(call, {
      warn: (text, at) => this.notes.warn(text, at),
      inform: (text, at) => this.notes.inform(text, at),
    });
  }
}

function argument(expr: Call, i: number): Expr {
  const found = expr.args[i];
  if (found === undefined) throw executionError(`${expr.name}() lacks an argument`);
  return found;
}

function unwrapped(expr: Expr): Expr {
  return expr.kind === "paren" ? unwrapped(expr.expr) : expr;
}

function ones(grid: Grid): Uint8Array {
  return new Uint8Array(grid.count).fill(1);
}
