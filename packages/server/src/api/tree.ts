/** Tree is the order of a trace's spans for drawing: depth first, children by start. */
export interface Tree {
  /** Input rows in the order of the output. */
  readonly order: Int32Array;
  /** By output row: the parent's output row, -1 for a root, -2 when the parent is not here. */
  readonly parent: Int32Array;
  readonly depth: Int32Array;
}

/**
 * treeOf orders spans, given by start, into a tree. Any input gives every span exactly once: of spans with the same id the first is
 * the parent; a span that is its own ancestor starts a tree of its own, as if its parent were missing.
 */
export function treeOf(ids: readonly string[], parentIds: readonly string[]): Tree {
  const size = ids.length;
  const byId = new Map<string, number>();
  for (let row = size - 1; row >= 0; row--) byId.set(ids[row] ?? "", row);
  const parentRow = new Int32Array(size);
  // Children as linked lists: first child of a row, next sibling of a row; filled backwards so that siblings stay in order.
  const first = new Int32Array(size).fill(-1);
  const next = new Int32Array(size).fill(-1);
  for (let row = size - 1; row >= 0; row--) {
    const parentId = parentIds[row] ?? "";
    const found = byId.get(parentId);
    const parent = parentId === "" ? -1 : found === undefined || found === row ? -2 : found;
    parentRow[row] = parent;
    if (parent < 0) continue;
    next[row] = at(first, parent);
    first[parent] = row;
  }
  const tree = { order: new Int32Array(size), parent: new Int32Array(size), depth: new Int32Array(size) };
  const placed = new Int32Array(size).fill(-1);
  let used = 0;
  const walk = (root: number, missing: number) => {
    const stack = [root];
    for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
      if (at(placed, row) >= 0) continue;
      const above = row === root ? missing : at(placed, at(parentRow, row));
      placed[row] = used;
      tree.order[used] = row;
      tree.parent[used] = above;
      tree.depth[used] = above < 0 ? 0 : at(tree.depth, above) + 1;
      used++;
      const children: number[] = [];
      for (let child = at(first, row); child >= 0; child = at(next, child)) children.push(child);
      for (const child of children.reverse()) stack.push(child);
    }
  };
  for (let row = 0; row < size; row++) if (at(parentRow, row) < 0) walk(row, at(parentRow, row));
  // What is left are cycles and what hangs below them.
  for (let row = 0; row < size; row++) if (at(placed, row) < 0) walk(row, -2);
  return tree;
}

function at(values: Int32Array, index: number): number {
  return values[index] ?? -1;
}
