import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { spotOf } from "./completion.js";

/** spot reads an expression with | for the cursor. */
const spot = (text: string) => spotOf(text.replace("|", ""), text.indexOf("|"));

describe("completion of PromQL", () => {
  it("knows what the cursor stands in", () => {
    assert.deepEqual(spot("ra|"), { kind: "name", from: 0 });
    assert.deepEqual(spot("sum(rate(http.re|"), { kind: "name", from: 9 });
    assert.deepEqual(spot("up{jo|}"), { kind: "label", from: 3, metric: "up" });
    assert.deepEqual(spot('up{job="a", in|}'), { kind: "label", from: 12, metric: "up" });
    assert.deepEqual(spot('up{job=~"che|"}'), { kind: "value", from: 9, metric: "up", label: "job" });
    assert.deepEqual(spot("rate(up[5|"), { kind: "duration", from: 8 });
    assert.deepEqual(spot("sum by (l|) (rate(x_bucket[5m]))"), {
      kind: "label",
      from: 8,
      metric: "x_bucket",
    });
  });

  it("offers nothing in texts, comments and after an operator of a matcher", () => {
    assert.equal(spot('label_replace(up, "a|").').kind, "none");
    assert.equal(spot("up # the ra|").kind, "none");
    assert.equal(spot("up{job=|}").kind, "none");
    assert.deepEqual(spot('up{job="}"} + fo|'), { kind: "name", from: 14 });
  });
});
