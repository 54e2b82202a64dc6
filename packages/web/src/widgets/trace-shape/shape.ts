// A trace merged by operation: spans that the same operations called, in the same order from the root, are one node.
// A hundred queries beside each other are one row with their count, and two traces of one shape can be laid side by side.

/** ShapeSource is what is merged: one trace, or several of them with one tree each. */
export interface ShapeSource {
  readonly services: readonly string[];
  readonly operations: readonly string[];
  /** parent's row, before the row; negative for a root. */
  readonly parent: ArrayLike<number>;
  readonly start: ArrayLike<number>;
  readonly length: ArrayLike<number>;
  readonly service: ArrayLike<number>;
  readonly operation: ArrayLike<number>;
  readonly failed: (row: number) => boolean;
}

/** ShapeNode is one operation called by its parent's. Times are nanoseconds of all its spans together. */
export interface ShapeNode {
  readonly parent: number;
  readonly depth: number;
  readonly service: string;
  readonly operation: string;
  count: number;
  errors: number;
  /** total: the spans' durations; those at the same time count each. */
  total: number;
  /** self: what no child covers. */
  self: number;
  /** work: self of the node and of everything below; what a flame graph's width is. */
  work: number;
  /** row: the longest of the spans. */
  row: number;
  longest: number;
}

/** Shape is the merged tree, parents before their children. */
export interface Shape {
  readonly nodes: readonly ShapeNode[];
  /** nodeOf gives each row's node. */
  readonly nodeOf: Int32Array;
}

/** selfTimes gives what of each span no child covers. Rows are depth first with children by start. */
export function selfTimes(source: Pick<ShapeSource, "parent" | "start" | "length">): Float64Array {
  const count = source.parent.length;
  const self = Float64Array.from(source.length);
  const covered = Float64Array.from(source.start);
  for (let row = 0; row < count; row++) {
    const above = source.parent[row] ?? -1;
    if (above < 0 || above >= row) continue;
    const from = Math.max(source.start[row] ?? 0, covered[above] ?? 0);
    const end = (source.start[above] ?? 0) + (source.length[above] ?? 0);
    const to = Math.min((source.start[row] ?? 0) + (source.length[row] ?? 0), end);
    if (to <= from) continue;
    self[above] = (self[above] ?? 0) - (to - from);
    covered[above] = to;
  }
  return self;
}

/** shapeOf merges spans by what they are and what called them. */
export function shapeOf(source: ShapeSource): Shape {
  const count = source.parent.length;
  const nodes: ShapeNode[] = [];
  const nodeOf = new Int32Array(count);
  const self = selfTimes(source);
  const known = new Map<number, number>();
  const operations = Math.max(1, source.operations.length);
  const pairs = Math.max(1, source.services.length) * operations;
  for (let row = 0; row < count; row++) {
    const above = source.parent[row] ?? -1;
    const parent = above >= 0 && above < row ? (nodeOf[above] ?? -1) : -1;
    const service = source.service[row] ?? 0;
    const operation = source.operation[row] ?? 0;
    // Exact below 2^53: 200,000 nodes, services and operations each are 2^53 as well.
    const key = (parent + 1) * pairs + service * operations + operation;
    let at = known.get(key);
    if (at === undefined) {
      at = nodes.length;
      known.set(key, at);
      nodes.push({
        parent,
        depth: parent < 0 ? 0 : (nodes[parent]?.depth ?? 0) + 1,
        service: source.services[service] ?? "",
        operation: source.operations[operation] ?? "",
        count: 0,
        errors: 0,
        total: 0,
        self: 0,
        work: 0,
        row,
        longest: -1,
      });
    }
    nodeOf[row] = at;
    const node = nodes[at];
    if (node === undefined) continue;
    const length = source.length[row] ?? 0;
    node.count++;
    node.total += length;
    node.self += self[row] ?? 0;
    if (source.failed(row)) node.errors++;
    if (length > node.longest) {
      node.longest = length;
      node.row = row;
    }
  }
  for (let at = nodes.length - 1; at >= 0; at--) {
    const node = nodes[at];
    if (node === undefined) continue;
    node.work += Math.max(0, node.self);
    const above = nodes[node.parent];
    if (above !== undefined) above.work += node.work;
  }
  return { nodes, nodeOf };
}
