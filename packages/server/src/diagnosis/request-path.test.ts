import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { SpanRow } from "./model.js";
import { pathOf, treeOf } from "./request-path.js";

function span(id: string, parent: string, startMs: number, ms: number, more: Partial<SpanRow> = {}): SpanRow {
  return {
    trace: "t",
    span: id,
    parent,
    service: "shop",
    operation: id,
    kind: "INTERNAL",
    failed: false,
    message: "",
    startNs: startMs * 1e6,
    ns: ms * 1e6,
    peer: "",
    waits: [],
    ...more,
  };
}

const told = (spans: readonly SpanRow[]): Record<string, number> => {
  const [root] = spans;
  assert.ok(root !== undefined);
  const { parts } = pathOf(root, treeOf(spans));
  return Object.fromEntries(
    [...parts.values()].map((part) => [`${part.kind} ${part.service} ${part.target}`.trim(), part.ns / 1e6]),
  );
};

describe("pathOf", () => {
  it("counts own code, the way to another service and what is not watched apart", () => {
    assert.deepEqual(
      told([
        span("root", "", 0, 100, { kind: "SERVER" }),
        span("call", "root", 10, 60, { kind: "CLIENT" }),
        span("pay", "call", 15, 40, { kind: "SERVER", service: "payment" }),
        span("query", "root", 75, 20, { kind: "CLIENT", peer: "postgresql" }),
      ]),
      { "self shop": 20, "network shop payment": 20, "self payment": 40, "dependency shop postgresql": 20 },
    );
  });

  it("counts of calls at the same time the one that was waited for", () => {
    assert.deepEqual(
      told([
        span("root", "", 0, 50, { kind: "SERVER" }),
        span("a", "root", 0, 50, { kind: "CLIENT", peer: "slow" }),
        span("b", "root", 0, 30, { kind: "CLIENT", peer: "fast" }),
      ]),
      { "dependency shop slow": 50 },
    );
  });

  it("moves spans of a clock that is behind, and tells by how much", () => {
    const spans = [
      span("root", "", 1000, 100, { kind: "SERVER" }),
      span("call", "root", 1010, 80, { kind: "CLIENT" }),
      span("pay", "call", 600, 70, { kind: "SERVER", service: "payment" }),
      span("query", "pay", 610, 50, { kind: "CLIENT", service: "payment", peer: "db" }),
    ];
    assert.deepEqual(told(spans), {
      "self shop": 20,
      "network shop payment": 10,
      "self payment": 20,
      "dependency payment db": 50,
    });
    const [root] = spans;
    assert.ok(root !== undefined);
    assert.equal(pathOf(root, treeOf(spans)).skews.get("payment"), 415e6);
  });

  it("counts calls and those in vain, on the path or not", () => {
    const spans = [
      span("root", "", 0, 100, { kind: "SERVER" }),
      ...[0, 1, 2].map((n) =>
        span(`q${n}`, "root", n, 50, { kind: "CLIENT", operation: "GET", failed: n > 0 }),
      ),
    ];
    const [root] = spans;
    assert.ok(root !== undefined);
    const [site] = [...pathOf(root, treeOf(spans)).sites.values()];
    assert.equal(`${site?.count} ${site?.failed} ${site?.totalNs}`, "3 2 150000000");
  });

  it("ends on traces that are no trees: spans sent twice, roots below themselves, chains without end", () => {
    const chain = Array.from({ length: 3000 }, (_, n) => span(`c${n}`, n === 0 ? "" : `c${n - 1}`, 0, 10));
    const around = [span("a", "b", 0, 10), span("b", "a", 1, 5), span("b", "a", 1, 5), span("a", "a", 0, 10)];
    for (const spans of [chain, around]) {
      const sum = Object.values(told(spans)).reduce((total, ms) => total + ms, 0);
      assert.ok(Math.abs(sum - 10) < 1e-6, `${sum} ms of 10`);
    }
  });

  it("gives every moment of a request to somebody, once", () => {
    const kinds = ["SERVER", "CLIENT", "INTERNAL", "PRODUCER", "CONSUMER"] as const;
    const one = fc.record({
      parent: fc.nat(20),
      start: fc.integer({ min: -50, max: 150 }),
      ms: fc.nat(120),
      service: fc.constantFrom("shop", "payment", "cart"),
      kind: fc.constantFrom(...kinds),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), (rows) => {
        const spans = [
          span("0", "", 0, 100, { kind: "SERVER" }),
          ...rows.map((row, n) =>
            span(`${n + 1}`, `${row.parent % (n + 1)}`, row.start, row.ms, {
              kind: row.kind,
              service: row.service,
            }),
          ),
        ];
        const sum = Object.values(told(spans)).reduce((total, ms) => total + ms, 0);
        return Math.abs(sum - 100) < 1e-6;
      }),
    );
  });
});
