import type { Range } from "../api/types.js";
import type { Chosen, RequestRow, Requests } from "./model.js";
import { ascending, gTest, median, proportionZ, quantile, separation } from "./statistics.js";

/** Symptom is what got worse, proven on the requests themselves; `isBad` tells which ones. */
export interface Symptom {
  readonly figure: "latency" | "errors" | "mix";
  /** share of the window's requests that are bad, and of those before. */
  readonly share: number;
  readonly shareBefore: number;
  readonly now: number;
  readonly before: number;
  readonly isBad: (request: RequestRow) => boolean;
}

const leastRequests = 20;

/** isLittle tells that there are too few requests to hold against each other. */
export const isLittle = ({ affected, baseline }: Requests): boolean =>
  affected.length < leastRequests || baseline.length < leastRequests;

// What is called worse: thresholds on the size of the change, and z values that chance reaches once in some ten thousand times.
const failing = { leastShare: 0.01, leastZ: 4 } as const;
// The window was chosen for standing out, so that chance gets more than one try: 3 is once in 60 million for a window chosen blindly.
const slow = { leastExcess: 0.04, leastZ: 3, leastRatio: 1.2 } as const;

const shareOf = (rows: readonly RequestRow[], isBad: Symptom["isBad"]): number =>
  rows.length === 0 ? 0 : rows.filter(isBad).length / rows.length;

/** errorSymptom is there when a larger share of requests fails. */
export function errorSymptom({ affected, baseline }: Requests): Symptom | undefined {
  const isBad = (request: RequestRow) => request.failed;
  const share = shareOf(affected, isBad);
  const shareBefore = shareOf(baseline, isBad);
  const z = proportionZ(
    share * affected.length,
    affected.length,
    shareBefore * baseline.length,
    baseline.length,
  );
  if (share - shareBefore < failing.leastShare || z < failing.leastZ) return undefined;
  return { figure: "errors", share, shareBefore, now: share, before: shareBefore, isBad };
}

/** latencySymptom is there when requests are slower than others of their own operation were; "mix" when only the operations differ. */
export function latencySymptom({ affected, baseline }: Requests): Symptom | undefined {
  const usual = usualDurations(baseline);
  const ratio = (request: RequestRow) => request.ns / usual(request.operation);
  const p95 = (rows: readonly RequestRow[]) => quantile(ascending(rows.map((row) => row.ns)), 0.95);
  const now = p95(affected);
  const before = p95(baseline);
  const own = worse(baseline.map(ratio), affected.map(ratio));
  if (own !== undefined) {
    const isBad = (request: RequestRow) => ratio(request) > own;
    return {
      figure: "latency",
      share: shareOf(affected, isBad),
      shareBefore: shareOf(baseline, isBad),
      now,
      before,
      isBad,
    };
  }
  const any = worse(
    baseline.map((row) => row.ns),
    affected.map((row) => row.ns),
  );
  if (any === undefined) return undefined;
  const isBad = (request: RequestRow) => request.ns > any;
  return {
    figure: "mix",
    share: shareOf(affected, isBad),
    shareBefore: shareOf(baseline, isBad),
    now,
    before,
    isBad,
  };
}

/** worse gives the value that parts the worse from the usual, when there are enough worse ones and they are worse by enough. */
function worse(before: readonly number[], now: readonly number[]): number | undefined {
  const a = ascending(before);
  const b = ascending(now);
  const { excess, z } = separation(before, now);
  const grew = [0.5, 0.95].some((q) => quantile(b, q) >= slow.leastRatio * quantile(a, q));
  if (excess >= slow.leastExcess && z >= slow.leastZ && grew) return parting(a, b);
  return [0.95, 0.99].map((q) => quantile(a, q) * tail.leastRatio).find((value) => isLongTail(a, b, value));
}
// Where the worse part from the usual most surely: where both samples differ most lies too low when few are worse, as the difference
// of two shares is surer the smaller they are (Anderson and Darling's weight).
const partings = [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99] as const;

function parting(before: readonly number[], now: readonly number[]): number {
  let best = { value: 0, z: 0 };
  for (const share of partings) {
    const value = quantile(before, share);
    const beyond = (sorted: readonly number[]) => sorted.reduce((sum, each) => sum + Number(each > value), 0);
    const z = proportionZ(beyond(now), now.length, beyond(before), before.length);
    if (z > best.z) best = { value, z };
  }
  return best.value;
}

// A few in a hundred that are much slower move no quantile but the last, and are seen by their number.
const tail = { leastRatio: 1.25, leastShare: 0.015, leastCount: 8, leastZ: 5 } as const;

/** isLongTail tells whether many more of the later lie beyond a value than chance makes of what was beyond it before. */
function isLongTail(before: readonly number[], now: readonly number[], value: number): boolean {
  const beyond = (sorted: readonly number[]) => sorted.reduce((sum, each) => sum + Number(each > value), 0);
  const count = beyond(now);
  const expected = (beyond(before) / before.length) * now.length;
  return (
    count >= tail.leastCount &&
    (count - expected) / now.length >= tail.leastShare &&
    (count - expected) / Math.sqrt(expected + 1) >= tail.leastZ
  );
}

/** usualDurations gives the median of an operation before; of all where the operation was not there. */
function usualDurations(baseline: readonly RequestRow[]): (operation: string) => number {
  const byOperation = new Map<string, number[]>();
  for (const row of baseline) {
    const list = byOperation.get(row.operation);
    if (list === undefined) byOperation.set(row.operation, [row.ns]);
    else list.push(row.ns);
  }
  const all = Math.max(1, median(baseline.map((row) => row.ns)));
  const usual = new Map(
    [...byOperation].flatMap(([name, list]) => (list.length >= 5 ? [[name, Math.max(1, median(list))]] : [])),
  );
  return (operation) => usual.get(operation) ?? all;
}

// Traces that are looked into whole, per group: enough that a share of a tenth is seen, few enough to read in a moment.
const mostTraces = 200;

/**
 * chosenTraces picks bad requests, others of the same time, and usual ones of before; both others have the operations of the bad
 * ones in the same amounts, so that a difference is none of operations.
 */
export function chosenTraces({ affected, baseline }: Requests, symptom: Symptom): Chosen {
  const bad = affected.filter(symptom.isBad).slice(0, mostTraces);
  const rest = affected.filter((row) => !symptom.isBad(row));
  const usual = symptom.figure === "errors" ? baseline.filter((row) => !row.failed) : baseline;
  if (symptom.figure === "mix")
    return { bad, rest: rest.slice(0, mostTraces), baseline: usual.slice(0, mostTraces) };
  const matched = matching(bad, usual);
  return {
    bad,
    rest: matching(bad, rest),
    baseline: matched.length === 0 ? usual.slice(0, mostTraces) : matched,
  };
}

/** matching takes as many of each operation as the bad ones have, or that many times more when there are few of them. */
function matching(bad: readonly RequestRow[], from: readonly RequestRow[]): RequestRow[] {
  const times = Math.max(1, Math.floor(mostTraces / Math.max(1, bad.length)));
  const left = new Map<string, number>();
  for (const { operation } of bad) left.set(operation, (left.get(operation) ?? 0) + times);
  return from.filter((row) => {
    const count = left.get(row.operation) ?? 0;
    left.set(row.operation, count - 1);
    return count > 0;
  });
}

// A part that is cut off the window has to differ from the rest of it beyond chance.
const leastCut = 10;

/** trimmedTo finds where, within a window that is known by steps, bad requests begin and end. */
export function trimmedTo(window: Range, { affected }: Requests, { isBad, shareBefore }: Symptom): Range {
  const rows = [...affected]
    .sort((a, b) => a.atMs - b.atMs)
    .map((row) => ({ at: row.atMs, bad: isBad(row) }));
  const from_ms = cutAt(rows, shareBefore) ?? window.from_ms;
  const kept = rows.filter((row) => row.at >= from_ms).reverse();
  const last = cutAt(kept, shareBefore);
  return { from_ms: Math.floor(from_ms), to_ms: last === undefined ? window.to_ms : Math.ceil(last) + 1 };
}

/** cutAt gives the time of the first row that belongs to what is bad; undefined when all do. */
function cutAt(
  rows: readonly { readonly at: number; readonly bad: boolean }[],
  usual: number,
): number | undefined {
  const total = rows.filter((row) => row.bad).length;
  let before = 0;
  let best: { readonly at: number; readonly score: number } | undefined;
  rows.forEach((row, at) => {
    const left = rows.length - at;
    const [early, late] = [at === 0 ? 0 : before / at, (total - before) / left];
    const score = at === 0 ? 0 : gTest(total - before, left, before, at);
    if (score >= leastCut && early < (usual + late) / 2 && score > (best?.score ?? 0))
      best = { at: row.at, score };
    before += Number(row.bad);
  });
  return best?.at;
}
