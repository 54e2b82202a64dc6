import type { SpanRow } from "./model.js";

/** PartKind is where a request's time went: a service's own code, the way to another service, or a call to what is not watched. */
export type PartKind = "self" | "network" | "dependency";

/** Part is the time that one service alone kept a request waiting: its share of the critical path. */
export interface Part {
  readonly kind: PartKind;
  readonly service: string;
  /** target is the service or thing that is called; "" for own code. */
  readonly target: string;
  ns: number;
  readonly byOperation: Map<string, number>;
  /** before is own time by the call that came next, "" for what came after the last. */
  readonly before: Map<string, number>;
}

/** Site is one place that calls: how often in a request, how often in vain, and how long that kept the request waiting. */
export interface Site {
  readonly service: string;
  readonly operation: string;
  readonly target: string;
  count: number;
  failed: number;
  totalNs: number;
  pathNs: number;
}

/** RequestPath is what became of one request's time. */
export interface RequestPath {
  readonly ns: number;
  readonly operation: string;
  readonly parts: ReadonlyMap<string, Part>;
  readonly sites: ReadonlyMap<string, Site>;
  /** waits are nanoseconds of the request's spans by service, in the order of waitClasses. */
  readonly waits: ReadonlyMap<string, readonly number[]>;
  /** skews are services whose spans began before what called them, by so many nanoseconds. */
  readonly skews: ReadonlyMap<string, number>;
}

/** Tree finds a trace's spans by their parent. */
export type Tree = ReadonlyMap<string, readonly SpanRow[]>;

/** treeOf groups spans by parent; an id counts once in its trace, so that what hangs below is a tree. */
export function treeOf(spans: readonly SpanRow[]): Tree {
  const tree = new Map<string, SpanRow[]>();
  const seen = new Set<string>();
  for (const span of spans) {
    const own = `${span.trace}${span.span}`;
    if (seen.has(own)) continue;
    seen.add(own);
    const at = `${span.trace}${span.parent}`;
    const list = tree.get(at);
    if (list === undefined) tree.set(at, [span]);
    else list.push(span);
  }
  return tree;
}

// Traces are others' data: a chain deeper than this is cut, its time counts where it was cut.
const deepest = 200;
// What two clocks of one machine, or rounding to microseconds, may differ by.
const toleranceNs = 200_000;

const isCall = (span: SpanRow): boolean => span.kind === "CLIENT" || span.kind === "PRODUCER";

/** targetOf names what a call goes to: the service that answered, else what its attributes say, else its name. */
export function targetOf(span: SpanRow, answered: SpanRow | undefined): string {
  return answered?.service ?? (span.peer === "" ? span.operation : span.peer);
}

/** pathOf follows a request's critical path from its end: who kept it waiting at each moment. */
export function pathOf(root: SpanRow, tree: Tree): RequestPath {
  const parts = new Map<string, Part>();
  const sites = new Map<string, Site>();
  const waits = new Map<string, readonly number[]>();
  const skews = new Map<string, number>();
  const open: Site[] = [];

  const answererOf = (span: SpanRow): SpanRow | undefined =>
    tree
      .get(`${span.trace}${span.span}`)
      ?.find((kid) => kid.service !== span.service || kid.kind === "SERVER");

  const add = (span: SpanRow, ns: number, before: string): void => {
    if (ns <= 0) return;
    const answered = isCall(span) ? answererOf(span) : undefined;
    const kind: PartKind = !isCall(span) ? "self" : answered === undefined ? "dependency" : "network";
    const target = kind === "self" ? "" : targetOf(span, answered);
    const at = `${kind}\n${span.service}\n${target}`;
    let part = parts.get(at);
    if (part === undefined) {
      part = { kind, service: span.service, target, ns: 0, byOperation: new Map(), before: new Map() };
      parts.set(at, part);
    }
    part.ns += ns;
    part.byOperation.set(span.operation, (part.byOperation.get(span.operation) ?? 0) + ns);
    if (kind === "self") part.before.set(before, (part.before.get(before) ?? 0) + ns);
    for (const site of open) site.pathNs += ns;
  };

  const siteOf = (span: SpanRow): Site => {
    const target = targetOf(span, answererOf(span));
    const at = `${span.service}\n${span.operation}\n${target}`;
    let site = sites.get(at);
    if (site === undefined) {
      const { service, operation } = span;
      site = { service, operation, target, count: 0, failed: 0, totalNs: 0, pathNs: 0 };
      sites.set(at, site);
    }
    return site;
  };

  /** place moves a child that began before its parent: two machines' clocks differ, durations do not. */
  const place = (span: SpanRow, start: number, kid: SpanRow, shift: number): number => {
    const begins = kid.startNs + shift;
    const apart = kid.service !== span.service && kid.kind !== "CONSUMER";
    if (!apart || (begins >= start - toleranceNs && begins <= start + span.ns + toleranceNs)) return shift;
    const middle = start + Math.max(0, (span.ns - kid.ns) / 2);
    skews.set(kid.service, Math.max(skews.get(kid.service) ?? 0, Math.abs(middle - begins)));
    return shift + middle - begins;
  };

  const walk = (
    span: SpanRow,
    start: number,
    from: number,
    to: number,
    shift: number,
    depth: number,
  ): void => {
    const kids = depth >= deepest ? [] : (tree.get(`${span.trace}${span.span}`) ?? []);
    const placed = kids.map((kid) => {
      const moved = place(span, start, kid, shift);
      return { kid, moved, start: kid.startNs + moved, end: kid.startNs + moved + kid.ns };
    });
    placed.sort((a, b) => b.end - a.end);
    let cursor = to;
    let next = "";
    for (const each of placed) {
      const end = Math.min(each.end, cursor);
      const begin = Math.max(each.start, from);
      if (end <= from || begin >= cursor) continue;
      add(span, cursor - end, next);
      const site = isCall(each.kid) ? siteOf(each.kid) : undefined;
      if (site !== undefined) open.push(site);
      walk(each.kid, each.start, begin, end, each.moved, depth + 1);
      if (site !== undefined) open.pop();
      cursor = begin;
      next = isCall(each.kid) ? targetOf(each.kid, answererOf(each.kid)) : each.kid.operation;
      if (cursor <= from) break;
    }
    add(span, cursor - from, next);
  };

  /** count sees every call, on the critical path or not. */
  const count = (span: SpanRow, depth: number): void => {
    if (span.waits.length > 0) {
      const known = waits.get(span.service);
      waits.set(
        span.service,
        known === undefined ? span.waits : known.map((ns, i) => ns + (span.waits[i] ?? 0)),
      );
    }
    if (isCall(span)) {
      const site = siteOf(span);
      site.count++;
      site.totalNs += span.ns;
      if (span.failed) site.failed++;
    }
    if (depth >= deepest) return;
    for (const kid of tree.get(`${span.trace}${span.span}`) ?? []) count(kid, depth + 1);
  };

  walk(root, root.startNs, root.startNs, root.startNs + root.ns, 0, 0);
  count(root, 0);
  return { ns: root.ns, operation: root.operation, parts, sites, waits, skews };
}
