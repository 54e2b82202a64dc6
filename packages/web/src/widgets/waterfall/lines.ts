import type { TraceModel } from "./model.js";

/** Gap stands for spans that a filter hides between two that show: rows from `first` to before `end`. */
export interface Gap {
  readonly first: number;
  readonly end: number;
  readonly errors: number;
  /** ns: time of the outermost of them, added up. */
  readonly ns: number;
  /** from, to: where they lie in the trace. */
  readonly from: number;
  readonly to: number;
}

/**
 * Lines is what a waterfall shows from top to bottom. `rows` has a row of the model, or for a gap the complement of its
 * first row; either way the rows meant grow from line to line.
 */
export interface Lines {
  readonly rows: Int32Array;
  readonly gaps: ReadonlyMap<number, Gap>;
}

/** rowAt gives the row of a line, of a gap its first. */
export const rowAt = (lines: Lines, place: number): number => {
  const value = lines.rows[place] ?? 0;
  return value < 0 ? ~value : value;
};

/** gapAt gives the gap of a line, undefined for a span's. */
export const gapAt = (lines: Lines, place: number): Gap | undefined => {
  const value = lines.rows[place] ?? 0;
  return value < 0 ? lines.gaps.get(~value) : undefined;
};

/** linesOf lists what to draw: none below a folded row, and of those not marked in `keep` one line for each run of them. */
export function linesOf(model: TraceModel, folded: Uint8Array, keep?: Uint8Array): Lines {
  const rows = new Int32Array(model.count);
  const gaps = new Map<number, Gap>();
  let used = 0;
  let row = 0;
  while (row < model.count) {
    if (keep === undefined || keep[row] === 1) {
      rows[used++] = row;
      row = folded[row] === 1 ? (model.end[row] ?? row + 1) : row + 1;
      continue;
    }
    const first = row;
    while (row < model.count && keep[row] !== 1) row++;
    gaps.set(first, gapOf(model, first, row));
    rows[used++] = ~first;
  }
  return { rows: rows.subarray(0, used), gaps };
}

function gapOf(model: TraceModel, first: number, end: number): Gap {
  let errors = 0;
  let ns = 0;
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  let outside = first;
  for (let row = first; row < end; row++) {
    errors += model.failed[row] ?? 0;
    const start = model.start[row] ?? 0;
    const length = model.length[row] ?? 0;
    from = Math.min(from, start);
    to = Math.max(to, start + length);
    if (row < outside) continue;
    ns += length;
    outside = model.end[row] ?? row + 1;
  }
  return { first, end, errors, ns, from, to };
}

/** placeOf finds the line of a row by bisection; -1 when it is hidden. */
export function placeOf(lines: Lines, row: number): number {
  const place = placeBefore(lines, row);
  return place >= 0 && lines.rows[place] === row ? place : -1;
}

/** placeBefore finds the last line that is a row's own or before it; -1 when all are behind. */
export function placeBefore(lines: Lines, row: number): number {
  let low = 0;
  let high = lines.rows.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (rowAt(lines, middle) <= row) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}
