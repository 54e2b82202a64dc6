import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { flameAnswer } from "../../testing/profile-fixture.js";
import { changeOf, flameModel, hottest, nodeAt, pathOf } from "./model.js";

describe("a flame graph", () => {
  const model = flameModel(flameAnswer(0, true));

  it("places children beside each other within their parent", () => {
    assert.deepEqual([...model.depth], [0, 1, 2, 3, 2, 2, 1]);
    assert.equal(model.rows, 4);
    assert.ok(Math.abs((model.x[4] ?? 0) - 0.5) < 1e-9 && Math.abs((model.x[6] ?? 0) - 0.9) < 1e-9);
    for (const [at, node] of model.nodes.entries()) {
      if (node.parent < 0) continue;
      const end = (model.x[at] ?? 0) + (model.width[at] ?? 0);
      assert.ok(end <= (model.x[node.parent] ?? 0) + (model.width[node.parent] ?? 0) + 1e-9);
    }
  });

  it("finds a place again by its path, or the deepest that is still there", () => {
    assert.equal(nodeAt(model, pathOf(model, 3)), 3);
    assert.equal(nodeAt(model, "runtime.main;main.serve;gone"), 1);
    assert.equal(nodeAt(model, ""), -1);
  });

  it("counts a function that calls itself once", () => {
    const rows = hottest(model);
    const json = rows.find((row) => row.name === "encoding/json.Marshal");
    assert.deepEqual([json?.self, json?.total], [2e9, 2e9]);
    assert.equal(rows[0], json);
    assert.ok(!rows.some((row) => row.name === ""));
  });

  it("tells shares that grew from shares that shrank", () => {
    assert.equal(changeOf(model, 2), 0.375);
    assert.ok(changeOf(model, 6) < 0);
  });
});
