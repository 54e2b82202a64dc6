import assert from "node:assert/strict";
import { it } from "node:test";
import { heatAnswer } from "../testing/trace-fixture.js";
import { heatGrid, nsOfLevel } from "./heatmap.js";

it("lays a heatmap's cells into a grid, and leaves out what lies beside it", () => {
  const answer = heatAnswer(1_795_000_000_000);
  const grid = heatGrid(answer);
  assert.deepEqual([grid.low, grid.levels, grid.columns, grid.most], [48, 12, 60, 90]);
  assert.equal(grid.count[11 * 60 + 50], 4);
  assert.equal(grid.errors[11 * 60 + 50], 3);
  assert.equal(nsOfLevel(2), 2);
  const beside = heatGrid({
    ...answer,
    cells: { bucket: [-1, 60], level: [4, 4], count: [1, 1], errors: [0, 0] },
  });
  assert.equal(beside.most, 0);
  const none = heatGrid({ ...answer, cells: { bucket: [], level: [], count: [], errors: [] } });
  assert.deepEqual([none.levels, none.count.length], [0, 0]);
});
