import type { Shape, ShapeNode } from "./shape.js";

/** Side is one of the two figures of a compared operation, per trace. */
export interface Side {
  readonly count: number;
  readonly errors: number;
  readonly total: number;
  readonly self: number;
}

/** ComparedNode is one operation of either side, or of both, at its place in the tree. */
export interface ComparedNode {
  readonly parent: number;
  readonly depth: number;
  readonly service: string;
  readonly operation: string;
  /** row of the longest span on the left side, -1 where only the right has it. */
  readonly row: number;
  readonly left: Side;
  readonly right: Side;
}

const nothing: Side = { count: 0, errors: 0, total: 0, self: 0 };

/** sideOf gives a node's figures for one trace when `traces` were merged. */
function sideOf(node: ShapeNode | undefined, traces: number): Side {
  if (node === undefined || traces === 0) return nothing;
  return {
    count: node.count / traces,
    errors: node.errors / traces,
    total: node.total / traces,
    self: node.self / traces,
  };
}

/** differenceOf is how much longer the left side takes by itself at a node. */
export const differenceOf = (node: ComparedNode): number => node.left.self - node.right.self;

interface Joined {
  readonly parent: number;
  readonly left: number;
  readonly right: number;
}

/**
 * compareShapes lays two trees over each other by service and operation, depth first, the larger children first.
 * `traces` is of how many traces the right one was made.
 */
export function compareShapes(left: Shape, right: Shape, traces: number): readonly ComparedNode[] {
  const joined: Joined[] = [];
  const leftAt = new Int32Array(left.nodes.length);
  const rightAt = new Int32Array(right.nodes.length);
  const known = new Map<string, number>();
  const keyOf = (parent: number, node: ShapeNode) => `${parent}\u0000${node.service}\u0000${node.operation}`;
  left.nodes.forEach((node, at) => {
    const parent = node.parent < 0 ? -1 : (leftAt[node.parent] ?? -1);
    leftAt[at] = joined.length;
    known.set(keyOf(parent, node), joined.length);
    joined.push({ parent, left: at, right: -1 });
  });
  right.nodes.forEach((node, at) => {
    const parent = node.parent < 0 ? -1 : (rightAt[node.parent] ?? -1);
    const key = keyOf(parent, node);
    const found = known.get(key);
    if (found === undefined) {
      rightAt[at] = joined.length;
      known.set(key, joined.length);
      joined.push({ parent, left: -1, right: at });
    } else {
      rightAt[at] = found;
      joined[found] = { parent, left: joined[found]?.left ?? -1, right: at };
    }
  });
  return inOrder(joined, left, right, traces);
}

function inOrder(joined: readonly Joined[], left: Shape, right: Shape, traces: number): ComparedNode[] {
  const children = new Map<number, number[]>();
  joined.forEach(({ parent }, at) => {
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [at]);
    else list.push(at);
  });
  const sides = joined.map((node) => ({
    left: sideOf(left.nodes[node.left], 1),
    right: sideOf(right.nodes[node.right], traces),
  }));
  const size = (at: number) => Math.max(sides[at]?.left.total ?? 0, sides[at]?.right.total ?? 0);
  const nodes: ComparedNode[] = [];
  const stack: { at: number; parent: number; depth: number }[] = [];
  const put = (at: number, parent: number, depth: number) => {
    const list = [...(children.get(at) ?? [])].sort((a, b) => size(a) - size(b));
    for (const child of list) stack.push({ at: child, parent, depth });
  };
  put(-1, -1, 0);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const node = joined[next.at];
    const known = node === undefined ? undefined : (left.nodes[node.left] ?? right.nodes[node.right]);
    const side = sides[next.at];
    if (node === undefined || known === undefined || side === undefined) continue;
    put(next.at, nodes.length, next.depth + 1);
    nodes.push({
      parent: next.parent,
      depth: next.depth,
      service: known.service,
      operation: known.operation,
      row: node.left < 0 ? -1 : known.row,
      ...side,
    });
  }
  return nodes;
}

/** largest gives the operations where the two sides differ most by themselves, largest first, without what is below a hundredth of all. */
export function largest(nodes: readonly ComparedNode[], most: number): readonly ComparedNode[] {
  const all = nodes.reduce((sum, node) => sum + Math.abs(differenceOf(node)), 0);
  return [...nodes]
    .filter((node) => Math.abs(differenceOf(node)) > all / 100)
    .sort((a, b) => Math.abs(differenceOf(b)) - Math.abs(differenceOf(a)))
    .slice(0, most);
}
