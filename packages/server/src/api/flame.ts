import { number, type Row, text } from "../query/rows.js";
import type { FlameNode } from "./profile-types.js";

type Place = { -readonly [Key in keyof FlameNode]: FlameNode[Key] } & { children: number[] };

/** Flame is a tree of at most so many places. */
export interface Flame {
  readonly nodes: readonly FlameNode[];
  readonly total: number;
  readonly base_total: number;
  readonly samples: number;
  readonly omitted: number;
}

/**
 * flameOf makes the tree of rows of profile-flame.sql, which come by weight. `totals` is what all roots weigh: what the
 * rows leave out becomes a node of the kind `other` under each parent that misses something.
 */
export function flameOf(found: readonly Row[]): Flame {
  const byId = new Map<string, number>();
  const places: Place[] = [];
  const roots: number[] = [];
  let samples = 0;
  for (const row of found) {
    const above = text(row, "parent");
    const parent = above === "0" ? -1 : byId.get(above);
    // Only values below zero can weigh more than their parent; what has none is left out with the rest.
    if (parent === undefined) continue;
    const at = places.length;
    byId.set(text(row, "id"), at);
    places.push({
      parent,
      name: text(row, "name"),
      kind: text(row, "kind"),
      file: text(row, "source"),
      total: number(row, "total"),
      self: number(row, "self"),
      base_total: number(row, "base_total"),
      base_self: number(row, "base_self"),
      children: [],
    });
    if (parent === -1) {
      roots.push(at);
      samples += number(row, "sampled");
    } else places[parent]?.children.push(at);
  }
  const sum = (key: "total" | "base_total") => roots.reduce((all, at) => all + (places[at]?.[key] ?? 0), 0);
  const all = found[0] === undefined ? 0 : number(found[0], "places");
  return {
    nodes: ordered(places, roots),
    total: sum("total"),
    base_total: sum("base_total"),
    samples,
    omitted: Math.max(0, all - places.length),
  };
}

/** ordered numbers the places anew, depth first, and adds what is missing of each. */
function ordered(places: readonly Place[], roots: readonly number[]): FlameNode[] {
  const nodes: FlameNode[] = [];
  // A stack of its own: a tree may be as deep as a stack has frames.
  const waiting = [...roots].reverse().map((at) => ({ at, parent: -1 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { at, parent } = next;
    const place = places[at];
    if (place === undefined) continue;
    const { children, ...rest } = place;
    const own = nodes.length;
    nodes.push({ ...rest, parent });
    const kept = (key: "total" | "base_total") =>
      children.reduce((sum, child) => sum + (places[child]?.[key] ?? 0), 0);
    const missing = rest.total - rest.self - kept("total");
    const baseMissing = rest.base_total - rest.base_self - kept("base_total");
    if (missing !== 0 || baseMissing !== 0)
      nodes.push({
        parent: own,
        name: "",
        kind: "other",
        file: "",
        total: missing,
        self: missing,
        base_total: baseMissing,
        base_self: baseMissing,
      });
    for (let i = children.length - 1; i >= 0; i--) waiting.push({ at: children[i] ?? 0, parent: own });
  }
  return nodes;
}
