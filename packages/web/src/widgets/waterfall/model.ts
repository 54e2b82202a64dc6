import type { TraceAnswer } from "@go3s/server";

// A trace as typed arrays in the server's depth-first order: a span is a row number, a subtree is a range of rows, and
// no object per span exists. 100,000 spans are about 4 MB here, their ids apart.

/** TraceModel is one trace ready to be drawn. */
export interface TraceModel {
  readonly answer: TraceAnswer;
  readonly count: number;
  readonly duration: number;
  readonly parent: Int32Array;
  readonly depth: Uint16Array;
  readonly start: Float64Array;
  readonly length: Float64Array;
  readonly service: Uint32Array;
  readonly operation: Uint32Array;
  readonly failed: Uint8Array;
  /** end: the row after a row's subtree. */
  readonly end: Int32Array;
  /** failures inside a row's subtree, itself included. */
  readonly failures: Int32Array;
}

/** modelOf reads an answer. Depths are taken from the order's own parents, so that a wrong one cannot break the tree. */
export function modelOf(answer: TraceAnswer): TraceModel {
  const { spans } = answer;
  const count = spans.span_id.length;
  const parent = Int32Array.from(spans.parent);
  const depth = new Uint16Array(count);
  const end = new Int32Array(count);
  const failed = new Uint8Array(count);
  const failures = new Int32Array(count);
  const open: number[] = [];
  const bad = answer.statuses.indexOf("ERROR");
  for (let row = 0; row < count; row++) {
    const above = parent[row] ?? -1;
    const valid = above >= 0 && above < row;
    while (open.length > 0 && (!valid || open[open.length - 1] !== above)) end[open.pop() ?? 0] = row;
    if (valid && open.length === 0) parent[row] = -2;
    depth[row] = open.length;
    open.push(row);
    if (bad >= 0 && spans.status[row] === bad) failed[row] = 1;
  }
  for (const row of open) end[row] = count;
  for (let row = count - 1; row >= 0; row--) {
    failures[row] = (failures[row] ?? 0) + (failed[row] ?? 0);
    const above = parent[row] ?? -1;
    if (above >= 0) failures[above] = (failures[above] ?? 0) + (failures[row] ?? 0);
  }
  return {
    answer,
    count,
    duration: Math.max(1, answer.duration_ns),
    parent,
    depth,
    start: Float64Array.from(spans.start_offset_ns),
    length: Float64Array.from(spans.duration_ns),
    service: Uint32Array.from(spans.service),
    operation: Uint32Array.from(spans.operation),
    failed,
    end,
    failures,
  };
}

/** serviceOf names a row's service. */
export const serviceOf = (model: TraceModel, row: number): string =>
  model.answer.services[model.service[row] ?? 0] ?? "";

/** operationOf names a row's operation. */
export const operationOf = (model: TraceModel, row: number): string =>
  model.answer.operations[model.operation[row] ?? 0] ?? "";

/** hasChildren tells whether a row can be folded. */
export const hasChildren = (model: TraceModel, row: number): boolean => (model.end[row] ?? 0) > row + 1;

/** foldBelow folds every row at a depth, so that the tree shows that many levels; Infinity unfolds all. */
export function foldBelow(model: TraceModel, level: number): Uint8Array {
  const folded = new Uint8Array(model.count);
  for (let row = 0; row < model.count; row++) {
    if ((model.depth[row] ?? 0) >= level && hasChildren(model, row)) folded[row] = 1;
  }
  return folded;
}

/** unfoldTo opens all rows above one; false when nothing was folded. */
export function unfoldTo(model: TraceModel, folded: Uint8Array, row: number): boolean {
  let changed = false;
  let above = model.parent[row] ?? -1;
  while (above >= 0) {
    if (folded[above] === 1) {
      folded[above] = 0;
      changed = true;
    }
    above = model.parent[above] ?? -1;
  }
  return changed;
}
