import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TraceAnswer } from "@go3s/server";
import fc from "fast-check";
import { traceAnswer } from "../../testing/trace-fixture.js";
import { criticalPath } from "./critical-path.js";
import { gapText, insideText, ticks } from "./draw.js";
import { findRows, foundOf, isFilter, nextMatch, withParents } from "./find.js";
import { gapAt, type Lines, linesOf, placeBefore, placeOf, rowAt } from "./lines.js";
import { foldBelow, modelOf, unfoldTo } from "./model.js";
import { moved, zoomed } from "./view.js";
import { waitParts } from "./waits.js";

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

const shown = (lines: Lines) => [...lines.rows];

describe("a trace's model", () => {
  it("knows depths, subtrees and failures inside them", () => {
    assert.deepEqual([...small.depth], [0, 1, 2, 1, 0]);
    assert.deepEqual([...small.end], [4, 3, 3, 4, 5]);
    assert.deepEqual([...small.failures], [1, 1, 1, 0, 0]);
  });
  it("folds, unfolds and keeps", () => {
    assert.deepEqual(shown(linesOf(small, foldBelow(small, 0))), [0, 4]);
    assert.deepEqual(shown(linesOf(small, foldBelow(small, 1))), [0, 1, 3, 4]);
    const folded = foldBelow(small, 0);
    assert.equal(unfoldTo(small, folded, 2), true);
    assert.deepEqual(shown(linesOf(small, folded)), [0, 1, 2, 3, 4]);
    const keep = withParents(small, findRows(small, "error").marks);
    const lines = linesOf(small, new Uint8Array(5), keep);
    assert.deepEqual(shown(lines), [0, 1, 2, ~3]);
    assert.deepEqual(gapAt(lines, 3), { first: 3, end: 5, errors: 0, ns: 65, from: 5, to: 90 });
    assert.equal(gapAt(lines, 2), undefined);
  });
  it("leaves every row once, as itself, inside a fold or inside a gap, whatever is folded and kept", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 80 }),
        fc.array(fc.boolean(), { minLength: 80, maxLength: 80 }),
        fc.array(fc.boolean(), { minLength: 80, maxLength: 80 }),
        (count, folds, keeps) => {
          const model = modelOf(traceAnswer(0, "a".repeat(32), count));
          const folded = Uint8Array.from(folds.slice(0, count), Number);
          const keep = withParents(model, Uint8Array.from(keeps.slice(0, count), Number));
          const lines = linesOf(model, folded, keep);
          let next = 0;
          for (let place = 0; place < lines.rows.length; place++) {
            const row = rowAt(lines, place);
            assert.equal(row, next);
            assert.equal(placeBefore(lines, row), place);
            next = gapAt(lines, place)?.end ?? (folded[row] === 1 ? (model.end[row] ?? 0) : row + 1);
          }
          assert.equal(next, count);
        },
      ),
    );
  });
  it("says what a fold and a gap hold", () => {
    assert.equal(insideText(small, 0), "3 spans, 1 error, 90 ns inside");
    assert.equal(insideText(small, 1), "1 span, 1 error, 10 ns inside");
    const gap = { first: 3, end: 1207, errors: 3, ns: 12.1e9, from: 0, to: 9 };
    assert.equal(gapText(gap), "1,204 spans, 3 errors, 12.1 s");
  });
  it("survives parents that point forward, at themselves or nowhere", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 60 }), { minLength: 1, maxLength: 50 }), (parents) => {
        const model = modelOf(traceOf(parents.map((parent, at) => ({ parent, start: at, length: 10 }))));
        for (let row = 0; row < model.count; row++) {
          const end = model.end[row] ?? 0;
          assert.ok(end > row && end <= model.count);
        }
        assert.equal(linesOf(model, new Uint8Array(model.count)).rows.length, model.count);
        criticalPath(model);
      }),
    );
  });
  it("finds a row's place by bisection", () => {
    const lines: Lines = { rows: Int32Array.from([0, 3, ~7, 9]), gaps: new Map() };
    assert.deepEqual(
      [0, 3, 9, 4, 7, 10].map((row) => placeOf(lines, row)),
      [0, 1, 3, -1, -1, -1],
    );
    assert.deepEqual(
      [0, 4, 7, 8, 12].map((row) => placeBefore(lines, row)),
      [0, 1, 2, 2, 3],
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
  it("tells the filter language from words, and marks what the server found", () => {
    for (const text of ["service:cart", "a -status:ok", "http.route:/cart", "(level:error OR x)"])
      assert.equal(isFilter(text), true, text);
    for (const text of ["GET /cart", ">20ms error", "http://cart", "", "a: b"])
      assert.equal(isFilter(text), false, text);
    const model = modelOf(traceAnswer(0, "a".repeat(32), 20));
    const ids = model.answer.spans.span_id;
    const found = foundOf(model, [ids[7] ?? "", ids[3] ?? "", "not here"]);
    assert.deepEqual([...found.rows], [3, 7]);
    assert.deepEqual([found.marks[3], found.marks[4]], [1, 0]);
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

describe("goroutines' waits", () => {
  it("are shares of what is known, running first, without what there was none of", () => {
    const { waits } = traceAnswer(0, "a".repeat(32), 20);
    const parts = waitParts(waits, 0);
    assert.deepEqual(
      parts.map(({ id, share }) => [id, share]),
      [
        ["running", 0.1],
        ["runnable", 0.025],
        ["gc", 0.0125],
        ["lock", 0.5],
        ["network", 0.25],
        ["sleep", 0.1],
        ["other", 0.0125],
      ],
    );
    assert.deepEqual(waitParts(waits, 7), []);
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
