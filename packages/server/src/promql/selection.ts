import type { At, Duration, DurationContext, Expr, Shift, VectorSelector } from "./ast.js";
import { infoSelector } from "./info.js";
import { type Grid, timeAt } from "./series.js";

/** QueryTimes is what a whole query's times are; in an instant query start is end and step is 0. Milliseconds. */
export interface QueryTimes extends DurationContext {
  readonly start: number;
  readonly end: number;
  /** lookback is how old the newest sample may be. */
  readonly lookback: number;
  /** subqueryStep is the distance of a subquery's evaluations that names none. */
  readonly subqueryStep: number;
}

/** Needed is the times of which a selector's samples may be asked: after `from`, up to and with `to`. */
export interface Needed {
  readonly from: number;
  readonly to: number;
}

/** atTime resolves `@`; undefined where there is none. */
export function atTime(at: At | undefined, times: QueryTimes): number | undefined {
  if (at === "start") return times.start;
  if (at === "end") return times.end;
  return at;
}

/** offsetOf resolves `offset`. */
export function offsetOf(offset: Duration | undefined, times: QueryTimes): number {
  return offset === undefined ? 0 : Math.round(offset(times));
}

/** moments gives a shifted expression's own time at each step: first and last for planning, and one for each step. */
export function momentAt(shift: Shift, grid: Grid, i: number, times: QueryTimes): number {
  return (atTime(shift.at, times) ?? timeAt(grid, i)) - offsetOf(shift.offset, times);
}

/** subqueryGrid gives the times at which a subquery's expression is evaluated: multiples of its step, however the query begins. */
export function subqueryGrid(expr: Expr & { kind: "subquery" }, grid: Grid, times: QueryTimes): Grid {
  const range = Math.round(expr.range(times));
  const step = Math.max(1, Math.round(expr.step?.(times) ?? times.subqueryStep));
  const first = momentAt(expr, grid, 0, times);
  const last = momentAt(expr, grid, Math.max(0, grid.count - 1), times);
  let start = step * Math.trunc((first - range) / step);
  if (start <= first - range) start += step;
  return { start, step, count: Math.max(0, Math.floor((last - start) / step) + 1) };
}

/** plan finds every selector of an expression and the times of which it needs samples. */
export function plan(
  expr: Expr,
  grid: Grid,
  times: QueryTimes,
  out = new Map<VectorSelector, Needed>(),
): Map<VectorSelector, Needed> {
  switch (expr.kind) {
    case "selector":
      need(expr, times.lookback, grid);
      break;
    case "range":
      need(expr.selector, Math.round(expr.range(times)), grid);
      break;
    case "subquery": {
      const inner = subqueryGrid(expr, grid, times);
      if (inner.count > 0) plan(expr.expr, inner, times, out);
      break;
    }
    case "binary":
      plan(expr.left, grid, times, out);
      plan(expr.right, grid, times, out);
      break;
    case "unary":
    case "paren":
      plan(expr.expr, grid, times, out);
      break;
    case "aggregate":
      plan(expr.expr, grid, times, out);
      if (expr.parameter !== undefined) plan(expr.parameter, grid, times, out);
      break;
    case "call":
      if (expr.name === "info") {
        need(infoSelector(expr), times.lookback, grid);
        for (const argument of expr.args.slice(0, 1)) plan(argument, grid, times, out);
      } else for (const argument of expr.args) plan(argument, grid, times, out);
      break;
    case "number":
    case "string":
      break;
  }
  return out;

  function need(selector: VectorSelector, back: number, own: Grid): void {
    const first = momentAt(selector, own, 0, times);
    const last = momentAt(selector, own, Math.max(0, own.count - 1), times);
    const beyond = selector.extended === undefined ? 0 : times.lookback;
    const after = selector.extended === "smoothed" ? times.lookback : 0;
    const before = out.get(selector);
    out.set(selector, {
      from: Math.min(before?.from ?? Number.POSITIVE_INFINITY, first - back - beyond),
      to: Math.max(before?.to ?? Number.NEGATIVE_INFINITY, last + after),
    });
  }
}
