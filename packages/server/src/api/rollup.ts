import type { FilterNode } from "../filter/ast.js";
import type { Range } from "./types.js";

/** rolledFrom_ms: shorter ranges are read from the spans, as their buckets may be shorter than a minute. */
const rolledFrom_ms = 3_600_000;

/**
 * rolled gives the statement that answers from red_minutes where that is the same: an hour or more (whole minutes; what
 * is left at both ends is read from the spans) and no filter. Counts are equal, quantiles within one percent.
 */
export function rolled(statement: string, range: Range, filter: FilterNode): string {
  const isLong = range.to_ms - range.from_ms >= rolledFrom_ms;
  return isLong && filter.kind === "all" ? `${statement}-rolled` : statement;
}
