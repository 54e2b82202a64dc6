import type { FlameAnswer, FlameNode } from "@go3s/server";

/** FlameModel is a flame graph with every node's place: `x` and `width` are shares of the whole, rows grow downwards. */
export interface FlameModel {
  readonly nodes: readonly FlameNode[];
  readonly x: Float64Array;
  readonly width: Float64Array;
  readonly depth: Int32Array;
  /** children of each node, in the order that they are drawn in. */
  readonly children: readonly (readonly number[])[];
  readonly roots: readonly number[];
  readonly rows: number;
  readonly total: number;
  readonly baseTotal: number;
  readonly diff: boolean;
}

/** flameModel places nodes; parents come before their children. */
export function flameModel(answer: Pick<FlameAnswer, "nodes" | "total" | "base" | "base_total">): FlameModel {
  const { nodes } = answer;
  const size = nodes.length;
  const x = new Float64Array(size);
  const width = new Float64Array(size);
  const depth = new Int32Array(size);
  const children: number[][] = nodes.map(() => []);
  const roots: number[] = [];
  nodes.forEach((node, at) => {
    if (node.parent < 0) roots.push(at);
    else children[node.parent]?.push(at);
  });
  const whole = Math.max(1e-9, answer.total);
  const place = (list: readonly number[], from: number, below: number) => {
    let left = from;
    for (const at of list) {
      const node = nodes[at];
      if (node === undefined) continue;
      x[at] = left;
      width[at] = Math.max(0, node.total) / whole;
      depth[at] = below;
      left += width[at] ?? 0;
    }
  };
  place(roots, 0, 0);
  let rows = 0;
  for (let at = 0; at < size; at++) {
    rows = Math.max(rows, (depth[at] ?? 0) + 1);
    place(children[at] ?? [], x[at] ?? 0, (depth[at] ?? 0) + 1);
  }
  return {
    nodes,
    x,
    width,
    depth,
    children,
    roots,
    rows,
    total: answer.total,
    baseTotal: answer.base_total,
    // Compared with nothing, everything would be new: that is said in words instead.
    diff: answer.base !== null && answer.base_total > 0,
  };
}

/** changeOf gives how much larger a node's share is than in the range compared with: -1 to 1. */
export function changeOf(model: FlameModel, at: number): number {
  const node = model.nodes[at];
  if (node === undefined) return 0;
  const now = model.total === 0 ? 0 : node.total / model.total;
  const then = model.baseTotal === 0 ? 0 : node.base_total / model.baseTotal;
  return now - then;
}

/** pathOf numbers a node from its root by function names, for the address; it finds the same place in a newer answer. */
export function pathOf(model: FlameModel, at: number): string {
  const names: string[] = [];
  for (let node = at; node >= 0; node = model.nodes[node]?.parent ?? -1)
    names.unshift(model.nodes[node]?.name ?? "");
  return names.join(";");
}

/** nodeAt finds the node of a path; the deepest of its places that is still there, -1 for none. */
export function nodeAt(model: FlameModel, path: string): number {
  let found = -1;
  let list = model.roots;
  for (const name of path === "" ? [] : path.split(";")) {
    const next = list.find((at) => model.nodes[at]?.name === name);
    if (next === undefined) break;
    found = next;
    list = model.children[next] ?? [];
  }
  return found;
}

/** Hot is one function with all its places added up. */
export interface Hot {
  readonly name: string;
  readonly file: string;
  readonly self: number;
  readonly total: number;
  readonly baseSelf: number;
}

/** hottest adds up places by function. A function that calls itself counts once in `total`: the outermost of its places. */
export function hottest(model: FlameModel): readonly Hot[] {
  const found = new Map<
    string,
    { name: string; file: string; self: number; total: number; baseSelf: number }
  >();
  model.nodes.forEach((node) => {
    if (node.kind === "other") return;
    let row = found.get(node.name);
    if (row === undefined) {
      row = { name: node.name, file: node.file, self: 0, total: 0, baseSelf: 0 };
      found.set(node.name, row);
    }
    row.self += node.self;
    row.baseSelf += node.base_self;
    for (let above = node.parent; ; above = model.nodes[above]?.parent ?? -1) {
      if (above < 0) {
        row.total += node.total;
        break;
      }
      if (model.nodes[above]?.name === node.name) break;
    }
  });
  return [...found.values()].sort((a, b) => b.self - a.self || b.total - a.total);
}
