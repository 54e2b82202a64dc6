import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { treeOf } from "./tree.js";

const cases = [
  { name: "empty", ids: [], parents: [], order: [], parent: [], depth: [] },
  {
    name: "children by start, depth first",
    ids: ["r", "a", "b", "a1"],
    parents: ["", "r", "r", "a"],
    order: [0, 1, 3, 2],
    parent: [-1, 0, 1, 0],
    depth: [0, 1, 2, 1],
  },
  { name: "parent missing", ids: ["x"], parents: ["gone"], order: [0], parent: [-2], depth: [0] },
  { name: "own parent", ids: ["x"], parents: ["x"], order: [0], parent: [-2], depth: [0] },
  {
    name: "two that are each other's parents",
    ids: ["x", "y"],
    parents: ["y", "x"],
    order: [0, 1],
    parent: [-2, 0],
    depth: [0, 1],
  },
  {
    name: "the same id twice",
    ids: ["r", "a", "a", "b"],
    parents: ["", "r", "r", "a"],
    order: [0, 1, 3, 2],
    parent: [-1, 0, 1, 0],
    depth: [0, 1, 2, 1],
  },
];

for (const { name, ids, parents, order, parent, depth } of cases) {
  test(`tree: ${name}`, () => {
    const tree = treeOf(ids, parents);
    assert.deepEqual([...tree.order], order);
    assert.deepEqual([...tree.parent], parent);
    assert.deepEqual([...tree.depth], depth);
  });
}

test("any ids and parents give every span once, below its parent", () => {
  const id = fc.constantFrom("", "a", "b", "c", "d", "e", "f");
  fc.assert(
    fc.property(fc.array(fc.tuple(id, id), { maxLength: 30 }), (spans) => {
      const tree = treeOf(
        spans.map(([own]) => own),
        spans.map(([, parent]) => parent),
      );
      assert.deepEqual(
        [...tree.order].sort((x, y) => x - y),
        spans.map((_, row) => row),
      );
      for (const [row, parent] of tree.parent.entries()) {
        assert.ok(parent < row);
        assert.equal(tree.depth[row], parent < 0 ? 0 : (tree.depth[parent] ?? 0) + 1);
      }
    }),
  );
});

test("a chain of 100,000 spans does not overflow the stack", () => {
  const ids = Array.from({ length: 100_000 }, (_, row) => String(row));
  const tree = treeOf(ids, ["", ...ids.slice(0, -1)]);
  assert.equal(tree.depth.at(-1), 99_999);
});
