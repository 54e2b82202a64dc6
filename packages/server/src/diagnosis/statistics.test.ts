import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  chanceOf,
  discoveries,
  gTest,
  median,
  proportionZ,
  quantile,
  rankSumZ,
  separation,
  spreadAbout,
  wilsonLow,
} from "./statistics.js";

const near = (a: number, b: number, by = 1e-3) => assert.ok(Math.abs(a - b) <= by, `${a} is not about ${b}`);

describe("statistics", () => {
  it("gives quantiles between neighbours", () => {
    assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
    assert.equal(quantile([], 0.5), 0);
    assert.equal(median([9, 1, 5]), 5);
    near(spreadAbout([1, 2, 3, 4, 100], 3), 1.4826);
  });

  it("agrees with published values", () => {
    // Two of a hundred against ten of a hundred; the interval of 5 in 50; chances of z values from tables.
    near(proportionZ(10, 100, 2, 100), 2.3816);
    near(wilsonLow(5, 50), 0.0435, 1e-4);
    near(chanceOf(1.96), 0.05);
    near(chanceOf(0), 1);
    near(gTest(10, 20, 5, 20), 2.7042, 0.05);
    // Mann and Whitney: every one of five is larger than every one of five.
    near(rankSumZ([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]), 2.6112);
    assert.equal(rankSumZ([1, 1, 1], [1, 1, 1]), 0);
  });

  it("finds where two samples part", () => {
    const found = separation([1, 2, 3, 4], [3, 4, 50, 60]);
    assert.equal(found.threshold, 2);
    assert.equal(found.excess, 0.5);
  });

  it("parts a sample from itself nowhere, and others within 0 and 1", () => {
    const values = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 60 });
    fc.assert(fc.property(values, (all) => separation(all, all).excess === 0));
    fc.assert(
      fc.property(values, values, (a, b) => {
        const { excess, threshold } = separation(a, b);
        const above = (list: number[]) => list.filter((value) => value > threshold).length / list.length;
        return excess >= 0 && excess <= 1 && (excess === 0 || Math.abs(above(b) - above(a) - excess) < 1e-9);
      }),
    );
  });

  it("keeps few discoveries among many chances", () => {
    const stands = discoveries([0.001, 0.2, 0.5, 0.9, 0.011], 0.05);
    assert.deepEqual(stands, [true, false, false, false, true]);
  });
});
