import type { TraceModel } from "./model.js";

/** CriticalPath is the stretches of time that decided how long the trace took, by row: row r owns from[first[r]] … from[first[r+1]-1]. */
export interface CriticalPath {
  readonly first: Int32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** self: nanoseconds of the path in each row. */
  readonly self: Float64Array;
}

/**
 * criticalPath walks back from the end of the longest root: at any moment the path is in the child that ends last before
 * it, else in the span itself. What outlives its parent counts only up to the parent's end.
 */
export function criticalPath(model: TraceModel): CriticalPath {
  const { count, parent, start, length } = model;
  const rows: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  const [childFirst, children] = childrenByEnd(model);
  let root = -1;
  for (let row = 0; row < count; row++) {
    if ((parent[row] ?? -1) < 0 && (root < 0 || (length[row] ?? 0) > (length[root] ?? 0))) root = row;
  }
  const work: number[] = [];
  const limits: number[] = [];
  if (root >= 0) {
    work.push(root);
    limits.push(Number.POSITIVE_INFINITY);
  }
  while (work.length > 0) {
    const row = work.pop() ?? 0;
    const begin = start[row] ?? 0;
    let cursor = Math.min(limits.pop() ?? 0, begin + (length[row] ?? 0));
    for (let at = childFirst[row] ?? 0; at < (childFirst[row + 1] ?? 0); at++) {
      const child = children[at] ?? 0;
      const childStart = Math.max(begin, start[child] ?? 0);
      if (childStart >= cursor) continue;
      const childEnd = Math.min(cursor, (start[child] ?? 0) + (length[child] ?? 0));
      if (childEnd <= childStart) continue;
      if (childEnd < cursor) {
        rows.push(row);
        from.push(childEnd);
        to.push(cursor);
      }
      work.push(child);
      limits.push(childEnd);
      cursor = childStart;
    }
    if (cursor > begin) {
      rows.push(row);
      from.push(begin);
      to.push(cursor);
    }
  }
  return byRow(count, rows, from, to);
}

function childrenByEnd({ count, parent, start, length }: TraceModel): [Int32Array, Int32Array] {
  const first = new Int32Array(count + 2);
  for (let row = 0; row < count; row++) {
    const above = parent[row] ?? -1;
    if (above >= 0) first[above + 2] = (first[above + 2] ?? 0) + 1;
  }
  for (let row = 0; row <= count; row++) first[row + 1] = (first[row + 1] ?? 0) + (first[row] ?? 0);
  const list = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    const above = parent[row] ?? -1;
    if (above < 0) continue;
    const at = first[above + 1] ?? 0;
    list[at] = row;
    first[above + 1] = at + 1;
  }
  const end = (row: number) => (start[row] ?? 0) + (length[row] ?? 0);
  for (let row = 0; row < count; row++) {
    const low = first[row] ?? 0;
    const high = first[row + 1] ?? 0;
    if (high - low > 1) list.subarray(low, high).sort((a, b) => end(b) - end(a));
  }
  return [first, list];
}

function byRow(
  count: number,
  rows: readonly number[],
  from: readonly number[],
  to: readonly number[],
): CriticalPath {
  const first = new Int32Array(count + 1);
  for (const row of rows) first[row + 1] = (first[row + 1] ?? 0) + 1;
  for (let row = 0; row < count; row++) first[row + 1] = (first[row + 1] ?? 0) + (first[row] ?? 0);
  const next = first.slice(0, count);
  const sortedFrom = new Float64Array(rows.length);
  const sortedTo = new Float64Array(rows.length);
  const self = new Float64Array(count);
  rows.forEach((row, index) => {
    const at = next[row] ?? 0;
    next[row] = at + 1;
    sortedFrom[at] = from[index] ?? 0;
    sortedTo[at] = to[index] ?? 0;
    self[row] = (self[row] ?? 0) + (to[index] ?? 0) - (from[index] ?? 0);
  });
  return { first, from: sortedFrom, to: sortedTo, self };
}
