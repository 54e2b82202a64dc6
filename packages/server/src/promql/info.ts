import type { Call, Duration, Expr, Matcher, Shift, VectorSelector } from "./ast.js";
import { executionError } from "./errors.js";
import {
  keep,
  keyOf,
  type Labels,
  labelOf,
  labelsOf,
  METADATA_LABELS,
  METRIC_NAME,
  printLabels,
} from "./labels.js";
import { matcherOf } from "./matcher.js";
import { Collector, type Points, setPoint } from "./series.js";

/** IDENTIFYING are the labels by which a series and its info series belong together. */
const IDENTIFYING = ["instance", "job"];

const selectors = new WeakMap<Call, VectorSelector>();

/**
 * infoSelector gives the selector of the series that info() takes labels from: `target_info` unless the call's second
 * argument names others, at the time at which the first argument is read.
 */
export function infoSelector(call: Call): VectorSelector {
  const known = selectors.get(call);
  if (known !== undefined) return known;
  const given = call.args[1];
  const matchers = given?.kind === "selector" ? given.matchers : [];
  const shift = commonShift(call.args[0]);
  const made: VectorSelector = {
    kind: "selector",
    name: undefined,
    matchers: [...matchers.filter((each) => each.name !== METRIC_NAME), ...nameMatchers(matchers)],
    offset: shift?.offset,
    at: shift?.at,
    extended: undefined,
    start: call.start,
    end: call.end,
  };
  selectors.set(call, made);
  return made;
}

/** nameMatchers are the conditions on an info series' name; where all of them only exclude, it must end in `_info`. */
function nameMatchers(matchers: readonly Matcher[]): Matcher[] {
  const named = matchers.filter((each) => each.name === METRIC_NAME);
  if (named.some((each) => each.operator === "=" || each.operator === "=~")) return named;
  const fail = (why: string): Error => executionError(why);
  if (named.length === 0) return [matcherOf(METRIC_NAME, "=", "target_info", fail)];
  return [matcherOf(METRIC_NAME, "=~", ".+_info", fail), ...named];
}

/** commonShift gives the time at which all selectors of an expression read, undefined when they differ. */
function commonShift(expr: Expr | undefined): Shift | undefined {
  const found: Shift[] = [];
  const collect = (each: Expr, outer: readonly Shift[]): void => {
    switch (each.kind) {
      case "selector":
        found.push(outer.reduceRight(shifted, each));
        break;
      case "range":
        collect(each.selector, outer);
        break;
      case "subquery":
        collect(each.expr, [...outer, each]);
        break;
      case "binary":
        collect(each.left, outer);
        collect(each.right, outer);
        break;
      case "paren":
      case "unary":
      case "aggregate":
        collect(each.expr, outer);
        break;
      case "call":
        if (each.name === "vector" || each.args.length === 0)
          found.push({ offset: undefined, at: undefined });
        for (const [i, argument] of each.args.entries())
          if (each.name !== "info" || i === 0) collect(argument, outer);
        break;
      default:
        break;
    }
  };
  if (expr !== undefined) collect(expr, []);
  const [first] = found;
  return first !== undefined && found.every((each) => sameShift(each, first)) ? first : undefined;
}

/** shifted adds an enclosing subquery's shift; a fixed time within it makes it count for nothing. */
function shifted(inner: Shift, outer: Shift): Shift {
  if (inner.at !== undefined) return inner;
  const [a, b] = [inner.offset, outer.offset];
  const offset: Duration | undefined = a && b ? (context) => a(context) + b(context) : (a ?? b);
  return { offset, at: outer.at };
}

function sameShift(a: Shift, b: Shift): boolean {
  const context = { step: 0, range: 0 };
  const value = ({ offset, at }: Shift): string => {
    const by = offset?.(context) ?? 0;
    return typeof at === "number" ? String(at - by) : `${at ?? ""}${by}`;
  };
  return (typeof a.at === "number") === (typeof b.at === "number") && value(a) === value(b);
}

/** infoCombined gives each series the labels of its info series; `times` are those, with each sample's own time as value. */
export function infoCombined(
  base: readonly Points[],
  times: readonly Points[],
  call: Call,
  count: number,
): Points[] {
  const given = call.args[1];
  const data = (given?.kind === "selector" ? given.matchers : []).filter((each) => each.name !== METRIC_NAME);
  const wanted = data.length === 0 ? undefined : new Set(data.map((each) => each.name));
  const required = data.some((each) => !each.matches(""));
  const names = nameMatchers(given?.kind === "selector" ? given.matchers : []);
  const out = new Collector(count);
  const signatures = times.map((each) => signature(each.labels, labelOf(each.labels, METRIC_NAME)));
  const infoNames = [...new Set(times.map((each) => labelOf(each.labels, METRIC_NAME)))];
  const own = base.map((each) => infoNames.map((name) => signature(each.labels, name)));
  for (let i = 0; i < count; i++) {
    const newest = new Map<string, Points>();
    for (const [n, each] of times.entries()) {
      if (each.present[i] === 0) continue;
      const key = signatures[n] ?? "";
      const other = newest.get(key);
      const [time = 0, before = 0] = [each.values[i], other?.values[i]];
      if (other === undefined || time > before) newest.set(key, each);
      else if (time === before) throw duplicate(other.labels, each.labels, time);
    }
    for (const [n, each] of base.entries()) {
      if (each.present[i] === 0) continue;
      const isInfo = names.every((matcher) => matcher.matches(labelOf(each.labels, METRIC_NAME)));
      const labels = isInfo
        ? each.labels
        : enriched(
            each.labels,
            (own[n] ?? []).flatMap((key) => newest.get(key) ?? []),
            wanted,
            required,
          );
      if (labels !== undefined) setPoint(out.at(labels, each.dropName), i, each.values[i] ?? Number.NaN);
    }
  }
  return out.series;
}

/** signature puts series and info series of one target together; one without identifying labels belongs to none. */
function signature(labels: Labels, name: string): string {
  const identity = keep(labels, IDENTIFYING);
  return identity.length === 0 ? `\u0000none ${keyOf(labels)}` : `${name}\u0000${keyOf(identity)}`;
}

function enriched(
  labels: Labels,
  infos: readonly Points[],
  wanted: ReadonlySet<string> | undefined,
  required: boolean,
): Labels | undefined {
  if (infos.length === 0) return required ? undefined : labels;
  const added = new Map<string, string>();
  for (const info of infos) {
    for (const [name, value] of info.labels) {
      if (METADATA_LABELS.includes(name) || (wanted !== undefined && !wanted.has(name))) continue;
      const before = added.get(name);
      if (before !== undefined && before !== value) throw executionError(`conflicting label: ${name}`);
      if (labelOf(labels, name) === "") added.set(name, value);
    }
  }
  return labelsOf([...labels, ...added]);
}

function duplicate(existing: Labels, found: Labels, seconds: number): Error {
  const at = Math.round(seconds * 1000);
  return executionError(
    `found duplicate series for info metric: existing ${printLabels(existing)} @ ${at}, new ${printLabels(found)} @ ${at}`,
  );
}
