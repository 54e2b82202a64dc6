import { type Block, type IrFunction, successors } from "./ir.js";

function newPostorder(fn: IrFunction): Block[] {
  const order: Block[] = [];
  const seen = new Set<Block>();
  const [entry] = fn.blocks;
  if (entry === undefined) return order;
  // An explicit stack: unrolled loops make graphs deeper than the call stack.
  const stack = [{ block: entry, to: successors(entry), next: 0 }];
  seen.add(entry);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const to = top.to[top.next++];
    if (to === undefined) {
      order.push(top.block);
      stack.pop();
    } else if (!seen.has(to)) {
      seen.add(to);
      stack.push({ block: to, to: successors(to), next: 0 });
    }
  }
  return order;
}

/** newDominators: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm". */
function newDominators(order: readonly Block[]): Map<Block, Block> {
  const number = new Map(order.map((block, i) => [block, i]));
  const last = order.length - 1;
  // By number: the entry has the highest, and each block's own is lower than its dominator's. -1 is not known yet.
  const above = new Int32Array(order.length).fill(-1);
  const from = order.map((block) => block.predecessors.flatMap((each) => number.get(each) ?? []));
  if (last >= 0) above[last] = last;
  const meet = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (x < y) x = above[x] ?? y;
      while (y < x) y = above[y] ?? x;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = last - 1; i >= 0; i--) {
      let best = -1;
      for (const each of from[i] ?? []) {
        if (above[each] === -1) continue;
        best = best === -1 ? each : meet(each, best);
      }
      if (best === -1 || above[i] === best) continue;
      above[i] = best;
      changed = true;
    }
  }
  const found = new Map<Block, Block>();
  order.forEach((block, i) => {
    const up = order[above[i] ?? -1];
    if (up !== undefined) found.set(block, up);
  });
  return found;
}

/**
 * Graph is what was found of a function's blocks, with the edges it was found from. Twenty questions are asked of each
 * function's graph, which few passes change: comparing the edges takes a tenth of the time of finding all anew.
 */
interface Graph {
  readonly order: readonly Block[];
  /** edges are each block's successors and predecessors, with the ends of both marked. */
  readonly edges: readonly (Block | undefined)[];
  tree: ReadonlyMap<Block, Block> | undefined;
}

const graphs = new WeakMap<IrFunction, Graph>();

/** isOf tells whether a graph is still the function's. */
function isOf({ order, edges }: Graph, fn: IrFunction): boolean {
  if (order.at(-1) !== fn.blocks[0]) return false;
  let at = 0;
  for (const { end, predecessors } of order) {
    if (end?.kind === "jump") {
      if (edges[at++] !== end.to) return false;
    } else if (end?.kind === "branch" && (edges[at++] !== end.yes || edges[at++] !== end.no)) return false;
    if (edges[at++] !== undefined) return false;
    for (const each of predecessors) if (edges[at++] !== each) return false;
    if (edges[at++] !== undefined) return false;
  }
  return true;
}

function graphOf(fn: IrFunction): Graph {
  const known = graphs.get(fn);
  if (known !== undefined && isOf(known, fn)) return known;
  const order = newPostorder(fn);
  const edges: (Block | undefined)[] = [];
  for (const block of order) edges.push(...successors(block), undefined, ...block.predecessors, undefined);
  const graph: Graph = { order, edges, tree: undefined };
  graphs.set(fn, graph);
  return graph;
}

/** postorder lists the reachable blocks, each behind its successors. */
export function postorder(fn: IrFunction): Block[] {
  return [...graphOf(fn).order];
}

/** dominators gives each block's immediate dominator. */
export function dominators(fn: IrFunction): ReadonlyMap<Block, Block> {
  const graph = graphOf(fn);
  graph.tree ??= newDominators(graph.order);
  return graph.tree;
}

/** dominates tells whether every way to `b` leads through `a`. */
export function dominates(tree: ReadonlyMap<Block, Block>, a: Block, b: Block): boolean {
  for (let at = b; ; ) {
    if (at === a) return true;
    const up = tree.get(at);
    if (up === undefined || up === at) return false;
    at = up;
  }
}

/** Loop is a natural loop: its head, the blocks that jump back, all its blocks. */
export interface Loop {
  readonly head: Block;
  readonly latches: readonly Block[];
  readonly blocks: ReadonlySet<Block>;
}

/** naturalLoops finds all loops. Structured programs have no others. */
export function naturalLoops(fn: IrFunction): Loop[] {
  const tree = dominators(fn);
  const loops: Loop[] = [];
  for (const head of fn.blocks) {
    const latches = head.predecessors.filter((from) => dominates(tree, head, from));
    if (latches.length === 0) continue;
    const blocks = new Set<Block>([head]);
    const work = [...latches];
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      if (blocks.has(block)) continue;
      blocks.add(block);
      work.push(...block.predecessors);
    }
    loops.push({ head, latches, blocks });
  }
  return loops;
}

/** loopDepths tells how many loops are around each block. */
export function loopDepths(fn: IrFunction): Map<Block, number> {
  const depths = new Map<Block, number>();
  for (const loop of naturalLoops(fn))
    for (const block of loop.blocks) depths.set(block, (depths.get(block) ?? 0) + 1);
  return depths;
}
