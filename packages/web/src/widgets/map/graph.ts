import type { MapAnswer, MapEdge, MapNode, Red } from "@go3s/server";

/** Pair is what is drawn from one node to another: calls seen as spans, connections seen by TCP, or both. */
export interface Pair {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly spans: MapEdge | undefined;
  readonly tcp: MapEdge | undefined;
}

/** Graph is a service map ready for a layout; nodes and pairs are in the order of their ids, so that a layout repeats. */
export interface Graph {
  readonly nodes: readonly MapNode[];
  readonly pairs: readonly Pair[];
  /** merged: how many outside addresses stand in one node. */
  readonly merged: number;
}

/** nodeSize is the box of a node in the map's units. */
export const nodeSize = { width: 168, height: 46 } as const;

/** callersId and calledId are the nodes that stand for many outside addresses: those that call in, and those called. */
export const callersId = "outside callers";
export const calledId = "outside called";

// More outside addresses than this are one node: a map of every client's port tells nothing.
const mostOutside = 8;

const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

/** graphOf joins edges of both sources and folds many outside addresses into one node unless `all`. */
export function graphOf(answer: MapAnswer, all: boolean): Graph {
  const outside = new Set(answer.nodes.filter((node) => node.kind === "external").map((node) => node.id));
  const fold = !all && outside.size > mostOutside;
  const pairs = new Map<string, Pair>();
  for (const edge of answer.edges) {
    const from = fold && outside.has(edge.from) ? callersId : edge.from;
    const to = fold && outside.has(edge.to) ? calledId : edge.to;
    const id = `${from} → ${to}`;
    const old = pairs.get(id) ?? { id, from, to, spans: undefined, tcp: undefined };
    const joined = joinEdges(edge.source === "spans" ? old.spans : old.tcp, { ...edge, from, to });
    pairs.set(id, edge.source === "spans" ? { ...old, spans: joined } : { ...old, tcp: joined });
  }
  const nodes = answer.nodes.filter((node) => !fold || !outside.has(node.id));
  const folded = (id: string, ends: (edge: MapEdge) => string, words: string): readonly MapNode[] => {
    const members = new Set(answer.edges.map(ends).filter((end) => outside.has(end)));
    const rows = answer.nodes.filter((node) => members.has(node.id));
    return rows.length === 0
      ? []
      : [{ ...joinRed(rows), id, name: `${rows.length} ${words}`, kind: "external" }];
  };
  const merged = fold
    ? [
        ...folded(callersId, (edge) => edge.from, "outside callers"),
        ...folded(calledId, (edge) => edge.to, "addresses called"),
      ]
    : [];
  return {
    nodes: [...nodes, ...merged].sort(byId),
    pairs: [...pairs.values()].sort(byId),
    merged: fold ? outside.size : 0,
  };
}

function joinRed(rows: readonly Red[]): Red {
  const requests = rows.reduce((sum, row) => sum + row.requests, 0);
  const errors = rows.reduce((sum, row) => sum + row.errors, 0);
  return {
    requests,
    errors,
    rate: rows.reduce((sum, row) => sum + row.rate, 0),
    error_share: requests === 0 ? 0 : errors / requests,
    // Quantiles cannot be added; the largest is an honest upper bound.
    p50_ns: Math.max(...rows.map((row) => row.p50_ns)),
    p95_ns: Math.max(...rows.map((row) => row.p95_ns)),
    p99_ns: Math.max(...rows.map((row) => row.p99_ns)),
  };
}

function joinEdges(old: MapEdge | undefined, edge: MapEdge): MapEdge {
  if (old === undefined) return edge;
  return {
    ...edge,
    ...joinRed([old, edge]),
    bytes_sent: old.bytes_sent + edge.bytes_sent,
    bytes_received: old.bytes_received + edge.bytes_received,
  };
}

/** redOf is what a pair is labelled with: calls where there are spans, connections where there are not. */
export const redOf = (pair: Pair): MapEdge | undefined => pair.spans ?? pair.tcp;

/** shapeKey changes only when nodes or pairs come or go: figures alone never move anything. */
export const shapeKey = (graph: Graph): string =>
  `${graph.nodes.map((node) => node.id).join("\n")}\n\n${graph.pairs.map((pair) => pair.id).join("\n")}`;
