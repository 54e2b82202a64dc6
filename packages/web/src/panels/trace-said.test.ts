import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { traceAnswer } from "../testing/trace-fixture.js";
import { criticalPath } from "../widgets/waterfall/critical-path.js";
import { modelOf } from "../widgets/waterfall/model.js";
import { firstFailure, slowest } from "./trace-said.js";

const base = traceAnswer(0, "a".repeat(32), 6);
const model = modelOf({
  ...base,
  services: ["shop", "bank"],
  operations: ["buy", "pay", "query"],
  spans: {
    ...base.spans,
    parent: [-1, 0, 1, 0, 3, 3],
    start_offset_ns: [0, 5, 10, 40, 42, 60],
    duration_ns: [100, 20, 5, 58, 10, 36],
    service: [0, 0, 1, 0, 1, 1],
    operation: [0, 1, 2, 1, 2, 2],
    status: [1, 1, 0, 1, 1, 1],
  },
});

describe("what is said of a trace", () => {
  it("is where it failed first: the deepest, and of those the one that ended first", () => {
    // Row 1 failed by itself at 25 ns; rows 4 and 5 later; rows 0 and 3 because of what is below them.
    assert.equal(firstFailure(model), 1);
    assert.equal(firstFailure(modelOf({ ...base, statuses: ["UNSET", "OK"] })), -1);
  });

  it("is where its time went: operations by their part of the critical path, with their largest span", () => {
    const path = criticalPath(model);
    const parts = slowest(model, path.self, 2);
    assert.deepEqual(
      parts.map(({ row, ns, count }) => [model.operation[row], row, ns, count]),
      [
        [2, 5, 51, 3],
        [1, 1, 27, 2],
      ],
    );
    assert.deepEqual(slowest(model, new Float64Array(6), 3), []);
  });
});
