import assert from "node:assert/strict";
import { test } from "node:test";
import { orderProblems } from "./pass.js";
import { passes } from "./pipeline.js";

test("every pass finds what it needs", () => {
  assert.deepEqual(orderProblems(passes), []);
});

test("a pass that comes too early is found", () => {
  assert.ok(orderProblems([...passes].reverse()).length > 0);
});

test("selection gets split edges and expanded comparisons, and all proofs were made", () => {
  const given = new Set(passes.flatMap((pass) => pass.gives));
  for (const fact of [
    "nil-checked",
    "owned-checked",
    "locks-checked",
    "dynptrs-checked",
    "bounded",
    "no-traps",
    "compares-expanded",
    "edges-split",
  ] as const) {
    assert.ok(given.has(fact), fact);
  }
});
