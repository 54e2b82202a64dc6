import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { randomOf } from "../testing/incident.js";
import { type BucketFigures, findStretch } from "./window.js";

const random = randomOf(3);
const quiet = (count: number): BucketFigures[] =>
  Array.from({ length: count }, () => ({
    requests: 60,
    errors: random() < 0.3 ? 1 : 0,
    p50_ns: 10e6 * (0.95 + 0.1 * random()),
    p95_ns: 40e6 * (0.85 + 0.3 * random()),
  }));
const changed = (
  rows: BucketFigures[],
  from: number,
  to: number,
  change: Partial<BucketFigures>,
): BucketFigures[] => rows.map((row, at) => (at >= from && at < to ? { ...row, ...change } : row));

describe("findStretch", () => {
  it("finds nothing where nothing is", () => {
    for (let run = 0; run < 50; run++) assert.equal(findStretch(quiet(120), 60), undefined);
    assert.equal(findStretch([], 0), undefined);
    assert.equal(findStretch(quiet(5), 0), undefined);
  });

  it("finds nothing in durations that spread over some orders of magnitude", () => {
    const wild = () =>
      Array.from({ length: 120 }, () => {
        // The sum of twelve is nearly normal.
        const normal = () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6);
        return {
          requests: 60,
          errors: 0,
          p50_ns: 10e6 * Math.exp(0.4 * normal()),
          p95_ns: 9e8 * Math.exp(0.3 * normal()),
        };
      });
    const found = Array.from({ length: 200 }, () => findStretch(wild(), 60)).filter(
      (row) => row !== undefined,
    );
    assert.ok(found.length <= 4, `${found.length} of 200`);
  });

  it("finds where durations or failures are above their band, also when it is over again", () => {
    const slow = findStretch(changed(quiet(120), 80, 95, { p95_ns: 200e6 }), 60);
    assert.equal(slow?.figure, "latency");
    assert.ok(
      Math.abs((slow?.from ?? 0) - 80) <= 1 && Math.abs((slow?.to ?? 0) - 95) <= 1,
      JSON.stringify(slow),
    );
    const failing = findStretch(changed(quiet(120), 100, 120, { errors: 20 }), 60);
    assert.equal(`${failing?.figure} ${failing?.from} ${failing?.to}`, "errors 100 120");
  });

  it("looks only from where it is asked to, and past buckets without requests", () => {
    assert.equal(findStretch(changed(quiet(120), 10, 30, { p50_ns: 90e6 }), 60), undefined);
    const gaps = quiet(120).map((row, at) =>
      at % 3 === 0 ? { ...row, requests: 0, p50_ns: null, p95_ns: null } : row,
    );
    assert.equal(findStretch(gaps, 60), undefined);
    const slow = findStretch(changed(gaps, 90, 120, { p50_ns: 90e6 }), 60);
    assert.ok((slow?.from ?? 0) >= 89, JSON.stringify(slow));
  });
});
