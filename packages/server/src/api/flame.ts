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
 * flameOf makes the tree of rows of profile-flame.sql, which come by weight. What they leave out becomes a node of the kind
 * `other` under each parent that misses something, and beside the roots.
 */
export function flameOf(found: readonly Row[]): Flame {
  const byId = new Map<string, number>();
  const places: Place[] = [];
  const roots: number[] = [];
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
    if (parent === -1) roots.push(at);
    else places[parent]?.children.push(at);
  }
  const of = (name: string) => (found[0] === undefined ? 0 : number(found[0], name));
  const [total, base_total] = [of("all_total"), of("all_base_total")];
  const nodes = ordered(places, roots);
  addOther(nodes, -1, total - sumOf(places, roots, "total"), base_total - sumOf(places, roots, "base_total"));
  const omitted = Math.max(0, of("places") - places.length);
  return { nodes, total, base_total, samples: of("all_sampled"), omitted };
}

function sumOf(places: readonly Place[], which: readonly number[], key: "total" | "base_total"): number {
  return which.reduce((sum, at) => sum + (places[at]?.[key] ?? 0), 0);
}

/** addOther adds what is missing under a node, if anything is. */
function addOther(nodes: FlameNode[], parent: number, total: number, base: number): void {
  if (total === 0 && base === 0) return;
  nodes.push({
    parent,
    name: "",
    kind: "other",
    file: "",
    total,
    self: total,
    base_total: base,
    base_self: base,
  });
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
    addOther(
      nodes,
      own,
      rest.total - rest.self - sumOf(places, children, "total"),
      rest.base_total - rest.base_self - sumOf(places, children, "base_total"),
    );
    for (let i = children.length - 1; i >= 0; i--) waiting.push({ at: children[i] ?? 0, parent: own });
  }
  return nodes;
}
