import type { Part, PartKind, RequestPath, Site } from "./request-path.js";
import { mean, median, rankSumZ } from "./statistics.js";

/** PathChange is a place that keeps bad requests waiting for longer than it keeps others. */
export interface PathChange {
  readonly kind: PartKind | "waiting" | "calls" | "retries";
  readonly service: string;
  /** operation has most of it, operations all that have a good part of it. */
  readonly operation: string;
  readonly operations: readonly string[];
  readonly target: string;
  /** deltaNs is how much longer, a request; share is its part of all that is longer. */
  readonly deltaNs: number;
  readonly share: number;
  readonly nowNs: number;
  readonly usualNs: number;
  readonly z: number;
  /** calls in a request, for "calls" and "retries". */
  readonly callsNow: number;
  readonly callsUsual: number;
}

const leastShare = 0.12;
const leastZ = 3;
// A loop or a retry makes at least so many more calls, each about as long as before.
const moreCalls = 1.6;
const sameLength = 1.6;

/** pathChanges compares the paths of bad requests with usual ones: what explains most of the added time comes first. */
export function pathChanges(
  bad: readonly RequestPath[],
  usual: readonly RequestPath[],
): readonly PathChange[] {
  const added = mean(bad.map((path) => path.ns)) - mean(usual.map((path) => path.ns));
  if (bad.length === 0 || usual.length === 0 || added <= 0) return [];
  const counts = siteChanges(bad, usual, added);
  const found = partChanges(bad, usual, added).filter((part) => !isInside(part, counts));
  return [...counts, ...found]
    .filter((change) => change.share >= leastShare && change.z >= leastZ)
    .sort((a, b) => b.deltaNs - a.deltaNs);
}

/** isInside tells whether a part's time is that of calls that became more. */
function isInside(part: PathChange, counts: readonly PathChange[]): boolean {
  return counts.some((site) =>
    part.kind === "self"
      ? part.service === site.target
      : part.service === site.service && part.target === site.target,
  );
}

function partChanges(
  bad: readonly RequestPath[],
  usual: readonly RequestPath[],
  added: number,
): PathChange[] {
  const keys = new Map<string, Part>();
  for (const path of bad) for (const [key, part] of path.parts) keys.set(key, part);
  return [...keys].map(([key, part]) => {
    const now = bad.map((path) => path.parts.get(key)?.ns ?? 0);
    const before = usual.map((path) => path.parts.get(key)?.ns ?? 0);
    const nowNs = mean(now);
    const usualNs = mean(before);
    const waiting = part.kind === "self" ? waitsBefore(key, bad, usual, nowNs - usualNs) : "";
    return {
      kind: waiting === "" ? part.kind : ("waiting" as const),
      service: part.service,
      ...operationsOf(key, bad, usual, nowNs - usualNs),
      target: waiting === "" ? part.target : waiting,
      deltaNs: nowNs - usualNs,
      share: (nowNs - usualNs) / added,
      nowNs,
      usualNs,
      z: surely(now, before),
      callsNow: 0,
      callsUsual: 0,
    };
  });
}

/** surely is how sure it is that values grew: among all requests, or among those that have a part in it at all. */
function surely(now: readonly number[], before: readonly number[]): number {
  const some = (values: readonly number[]) => values.filter((value) => value > 0);
  return Math.max(rankSumZ(now, before), rankSumZ(some(now), some(before)));
}

// An operation with less of what a service takes longer is not named.
const leastOfOperation = 0.15;

/** operationsOf lists in which operations a part grew, the most first. */
function operationsOf(
  key: string,
  bad: readonly RequestPath[],
  usual: readonly RequestPath[],
  delta: number,
): { readonly operation: string; readonly operations: readonly string[] } {
  const names = new Set(bad.flatMap((path) => [...(path.parts.get(key)?.byOperation.keys() ?? [])]));
  const at = (paths: readonly RequestPath[], name: string): number =>
    mean(paths.map((path) => path.parts.get(key)?.byOperation.get(name) ?? 0));
  const grown = [...names]
    .map((name) => ({ name, ns: at(bad, name) - at(usual, name) }))
    .sort((a, b) => b.ns - a.ns);
  const operations = grown.filter((row) => row.ns >= leastOfOperation * delta).map((row) => row.name);
  return { operation: grown[0]?.name ?? "", operations };
}

/** waitsBefore names the call before which nearly all of the added own time lies, when other own time did not grow. */
function waitsBefore(
  key: string,
  bad: readonly RequestPath[],
  usual: readonly RequestPath[],
  delta: number,
): string {
  const nexts = new Set(bad.flatMap((path) => [...(path.parts.get(key)?.before.keys() ?? [])]));
  if (nexts.size < 2 || delta <= 0) return "";
  const at = (paths: readonly RequestPath[], next: string): number =>
    mean(paths.map((path) => path.parts.get(key)?.before.get(next) ?? 0));
  for (const next of nexts) {
    if (next !== "" && at(bad, next) - at(usual, next) >= 0.8 * delta) return next;
  }
  return "";
}

function siteChanges(
  bad: readonly RequestPath[],
  usual: readonly RequestPath[],
  added: number,
): PathChange[] {
  const keys = new Map<string, Site>();
  for (const path of bad) for (const [key, site] of path.sites) keys.set(key, site);
  const found: PathChange[] = [];
  for (const [key, site] of keys) {
    const callsNow = mean(bad.flatMap((path) => path.sites.get(key)?.count ?? []));
    const callsUsual = mean(usual.flatMap((path) => path.sites.get(key)?.count ?? []));
    if (callsUsual === 0 || callsNow / callsUsual < moreCalls || callsNow - callsUsual < 0.5) continue;
    const failed = mean(bad.flatMap((path) => path.sites.get(key)?.failed ?? []));
    const failedUsual = mean(usual.flatMap((path) => path.sites.get(key)?.failed ?? []));
    const isRetry = failed - failedUsual >= 0.4 * (callsNow - callsUsual);
    const lengthNow = lengthOf(bad, key);
    const lengthUsual = lengthOf(usual, key);
    // Calls that are longer as well are slow calls; but attempts that wait for a time-out are longer.
    if (!isRetry && lengthUsual > 0 && lengthNow / lengthUsual > sameLength) continue;
    const now = bad.map((path) => path.sites.get(key)?.pathNs ?? 0);
    const before = usual.map((path) => path.sites.get(key)?.pathNs ?? 0);
    const nowNs = mean(now);
    const usualNs = mean(before);
    found.push({
      kind: isRetry ? "retries" : "calls",
      service: site.service,
      operation: site.operation,
      operations: [site.operation],
      target: site.target,
      deltaNs: nowNs - usualNs,
      share: (nowNs - usualNs) / added,
      nowNs,
      usualNs,
      z: rankSumZ(now, before),
      callsNow,
      callsUsual,
    });
  }
  return found;
}

function lengthOf(paths: readonly RequestPath[], key: string): number {
  return median(
    paths.flatMap((path) => {
      const site = path.sites.get(key);
      return site === undefined ? [] : [site.totalNs / site.count];
    }),
  );
}

/** WaitChange is a goroutine's state that bad requests are in for longer. */
export interface WaitChange {
  readonly state: number;
  readonly deltaNs: number;
  readonly share: number;
}

/** waitChange says what a service's goroutines do in the added time, when most of it is one thing. */
export function waitChange(
  at: string,
  bad: readonly RequestPath[],
  usual: readonly RequestPath[],
  deltaNs: number,
): WaitChange | undefined {
  const of = (paths: readonly RequestPath[]) => paths.flatMap((path) => path.waits.get(at) ?? []);
  const count = bad.find((path) => path.waits.has(at))?.waits.get(at)?.length ?? 0;
  if (count === 0 || deltaNs <= 0) return undefined;
  const known = (paths: readonly RequestPath[]) => paths.filter((path) => path.waits.has(at)).length;
  if (known(bad) < 5 || known(usual) < 5) return undefined;
  const now = of(bad);
  const before = of(usual);
  let best: WaitChange | undefined;
  for (let state = 0; state < count; state++) {
    const pick = (values: readonly number[]) => mean(values.filter((_, i) => i % count === state));
    const delta = pick(now) - pick(before);
    if (best === undefined || delta > best.deltaNs) best = { state, deltaNs: delta, share: delta / deltaNs };
  }
  return best !== undefined && best.share >= 0.5 ? best : undefined;
}
