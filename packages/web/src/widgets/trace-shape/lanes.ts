import type { TraceModel } from "../waterfall/model.js";

// A flame graph of a trace by time: a span lies below its parent, and what runs at the same time lies in lanes of its own.

/** Lanes holds each lane's rows by start; spans of a lane do not overlap, but for the last one's when there are too many. */
export interface Lanes {
  readonly lanes: readonly Int32Array[];
  /** laneOf gives each row's lane. */
  readonly laneOf: Int32Array;
  /** crowded: spans for which there was no lane left; they lie in the last. */
  readonly crowded: number;
}

/** mostLanes bounds the work and what anyone would scroll through. */
export const mostLanes = 512;

/** lanesOf places every span in the first lane below its parent's that is free from its start on. */
export function lanesOf(model: TraceModel): Lanes {
  const { count, parent, start, length } = model;
  const order = Int32Array.from({ length: count }, (_, row) => row);
  // Equal starts stay in the tree's order, so a parent comes before its children.
  order.sort((a, b) => (start[a] ?? 0) - (start[b] ?? 0) || a - b);
  const ends: number[] = [];
  const lists: number[][] = [];
  const laneOf = new Int32Array(count).fill(-1);
  let crowded = 0;
  for (const row of order) {
    const begin = start[row] ?? 0;
    const above = parent[row] ?? -1;
    // A child that starts before its parent has no lane to lie below yet: it begins at the tree's depth.
    const below =
      above < 0 ? 0 : (laneOf[above] ?? -1) < 0 ? (model.depth[row] ?? 0) : (laneOf[above] ?? 0) + 1;
    let lane = Math.min(below, mostLanes - 1);
    while (lane < mostLanes - 1 && (ends[lane] ?? Number.NEGATIVE_INFINITY) > begin) lane++;
    if ((ends[lane] ?? Number.NEGATIVE_INFINITY) > begin) crowded++;
    while (lists.length <= lane) {
      lists.push([]);
      ends.push(Number.NEGATIVE_INFINITY);
    }
    lists[lane]?.push(row);
    ends[lane] = Math.max(ends[lane] ?? 0, begin + (length[row] ?? 0));
    laneOf[row] = lane;
  }
  return { lanes: lists.map((list) => Int32Array.from(list)), laneOf, crowded };
}

/** firstFrom finds the first place of a lane whose span starts at or after a moment. */
export function firstFrom(lane: Int32Array, start: Float64Array, moment: number): number {
  let low = 0;
  let high = lane.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((start[lane[middle] ?? 0] ?? 0) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** rowIn finds the span of a lane at a moment; `slack` nanoseconds around it count, so that thin ones can be hit. -1 for none. */
export function rowIn(lane: Int32Array, model: TraceModel, moment: number, slack: number): number {
  const after = firstFrom(lane, model.start, moment + slack);
  const row = lane[after - 1];
  if (row === undefined) return -1;
  const end = (model.start[row] ?? 0) + (model.length[row] ?? 0);
  return end + slack >= moment ? row : -1;
}
