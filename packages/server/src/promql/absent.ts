import type { Expr } from "./ast.js";
import { type Labels, labelsOf, METADATA_LABELS } from "./labels.js";
import { type Grid, newPoints, type Points, setPoint } from "./series.js";

/** absentPoints is 1 at the steps at which no series has a value. */
export function absentPoints(series: readonly Points[], labels: Labels, grid: Grid): Points[] {
  const result = newPoints(labels, grid.count);
  for (let i = 0; i < grid.count; i++)
    if (!series.some((each) => each.present[i] === 1)) setPoint(result, i, 1);
  return [result];
}

/** absentLabels are those that a selector's equalities fix; one that is given twice is not. */
export function absentLabels(expr: Expr): Labels {
  const selector = expr.kind === "range" ? expr.selector : expr;
  if (selector.kind !== "selector") return [];
  const fixed = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, operator, value } of selector.matchers) {
    if (METADATA_LABELS.includes(name)) continue;
    if (operator === "=" && !seen.has(name)) fixed.set(name, value);
    else fixed.delete(name);
    if (operator === "=") seen.add(name);
  }
  return labelsOf(fixed);
}
