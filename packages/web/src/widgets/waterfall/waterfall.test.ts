import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TraceAnswer } from "@go3s/server";
import fc from "fast-check";
import { traceAnswer } from "../../testing/trace-fixture.js";
import { criticalPath } from "./critical-path.js";
import { ticks } from "./draw.js";
import { findRows, nextMatch, withParents } from "./find.js";
import { foldBelow, modelOf, placeOf, unfoldTo, visibleRows } from "./model.js";
import { moved, zoomed } from "./view.js";

interface Row {
  readonly parent: number;
  readonly start: number;
  readonly length: number;
  readonly bad?: boolean;
}

function traceOf(rows: readonly Row[]): TraceAnswer {
  const base = traceAnswer(1_795_000_000_000, "a".repeat(32), rows.length);
  return {
    ...base,
    duration_ns: Math.max(...rows.map((row) => row.start + row.length)),
    spans: {
      ...base.spans,
      parent: rows.map((row) => row.parent),
      start_offset_ns: rows.map((row) => row.start),
      duration_ns: rows.map((row) => row.length),
      status: rows.map((row) => (row.bad === true ? 1 : 0)),
    },
  };
}

const small = modelOf(
  traceOf([
    { parent: -1, start: 0, length: 100 },
    { parent: 0, start: 10, length: 30 },
    { parent: 1, start: 15, length: 10, bad: true },
    { parent: 0, start: 30, length: 60 },
    { parent: -2, start: 5, length: 5 },
  ]),
);

describe("a trace's model", () => {
  it("knows depths, subtrees and failures inside them", () => {
    assert.deepEqual([...small.depth], [0, 1, 2, 1, 0]);
    assert.deepEqual([...small.end], [4, 3, 3, 4, 5]);
    assert.deepEqual([...small.failures], [1, 1, 1, 0, 0]);
  });
  it("folds, unfolds and keeps", () => {
    assert.deepEqual([...visibleRows(small, foldBelow(small, 0))], [0, 4]);
    assert.deepEqual([...visibleRows(small, foldBelow(small, 1))], [0, 1, 3, 4]);
    const folded = foldBelow(small, 0);
    assert.equal(unfoldTo(small, folded, 2), true);
    assert.deepEqual([...visibleRows(small, folded)], [0, 1, 2, 3, 4]);
    const keep = withParents(small, findRows(small, "error").marks);
    assert.deepEqual([...visibleRows(small, new Uint8Array(5), keep)], [0, 1, 2]);
  });
  it("survives parents that point forward, at themselves or nowhere", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 60 }), { minLength: 1, maxLength: 50 }), (parents) => {
        const model = modelOf(traceOf(parents.map((parent, at) => ({ parent, start: at, length: 10 }))));
        for (let row = 0; row < model.count; row++) {
          const end = model.end[row] ?? 0;
          assert.ok(end > row && end <= model.count);
        }
        assert.equal(visibleRows(model, new Uint8Array(model.count)).length, model.count);
        criticalPath(model);
      }),
    );
  });
  it("finds a row's place by bisection", () => {
    const rows = Int32Array.from([0, 3, 7, 9]);
    assert.deepEqual(
      [0, 3, 7, 9, 4, 10].map((row) => placeOf(rows, row)),
      [0, 1, 2, 3, -1, -1],
    );
  });
});

describe("the critical path", () => {
  it("is the child that ends last, and the span itself where no child runs", () => {
    const path = criticalPath(small);
    const of = (row: number) =>
      Array.from({ length: (path.first[row + 1] ?? 0) - (path.first[row] ?? 0) }, (_, at) => [
        path.from[(path.first[row] ?? 0) + at],
        path.to[(path.first[row] ?? 0) + at],
      ]).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
    assert.deepEqual(of(0), [
      [0, 10],
      [90, 100],
    ]);
    assert.deepEqual(of(3), [[30, 90]]);
    assert.deepEqual(of(1), [
      [10, 15],
      [25, 30],
    ]);
    assert.deepEqual(of(2), [[15, 25]]);
    assert.deepEqual(of(4), []);
  });
  it("is as long as the trace's root, whatever the tree", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 400 }), (count) => {
        const model = modelOf(traceAnswer(0, "a".repeat(32), count));
        const total = criticalPath(model).self.reduce((sum, ns) => sum + ns, 0);
        assert.ok(Math.abs(total - (model.length[0] ?? 0)) < 1, `${total} of ${model.length[0]}`);
      }),
      { numRuns: 30 },
    );
  });
});

describe("find in a trace", () => {
  it("takes words, sizes and shares together", () => {
    const model = modelOf(traceAnswer(0, "a".repeat(32), 300));
    const all = findRows(model, "charge").rows;
    const long = findRows(model, "charge >1ms").rows;
    assert.ok(all.length > long.length && long.length > 0);
    for (const row of long) assert.ok((model.length[row] ?? 0) > 1e6);
    assert.deepEqual([...findRows(model, ">99%").rows], [0]);
    assert.equal(findRows(model, "").rows.length, 0);
    assert.equal(findRows(model, "no such span").rows.length, 0);
  });
  it("walks round", () => {
    const rows = Int32Array.from([2, 5, 9]);
    assert.deepEqual(
      [nextMatch(rows, 0, 1), nextMatch(rows, 9, 1), nextMatch(rows, 2, -1), nextMatch(rows, 6, -1)],
      [2, 2, 9, 5],
    );
    assert.equal(nextMatch(new Int32Array(0), 3, 1), -1);
  });
});

describe("views", () => {
  it("stay inside the trace however they are moved and zoomed", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -2e6, max: 2e6, noNaN: true }),
        fc.double({ min: 0.01, max: 50, noNaN: true }),
        (by, factor) => {
          const view = zoomed(moved({ from: 2e5, to: 4e5 }, by, 1e6), 0.3, factor, 1e6);
          assert.ok(view.from >= -1e-6 && view.to <= 1e6 + 1e-6 && view.to > view.from);
        },
      ),
    );
  });
  it("have round ticks, a handful of them", () => {
    const list = ticks({ from: 0, to: 312e6 }, 900);
    assert.ok(list.length >= 3 && list.length <= 12);
    assert.ok(list.every((tick) => tick % 1e6 === 0));
  });
});
