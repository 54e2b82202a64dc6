import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { traceAnswer } from "../../testing/trace-fixture.js";
import { modelOf, type TraceModel } from "../waterfall/model.js";
import { callsOf } from "./calls.js";
import { compareShapes, differenceOf, largest } from "./compare.js";
import { firstFrom, lanesOf, mostLanes, rowIn } from "./lanes.js";
import { type ShapeSource, selfTimes, shapeOf } from "./shape.js";

interface Row {
  readonly parent: number;
  readonly start: number;
  readonly length: number;
  readonly service?: number;
  readonly operation: number;
  readonly bad?: boolean;
}

const source = (rows: readonly Row[]): ShapeSource => ({
  services: ["shop", "bank"],
  operations: ["buy", "pay", "query"],
  parent: rows.map((row) => row.parent),
  start: rows.map((row) => row.start),
  length: rows.map((row) => row.length),
  service: rows.map((row) => row.service ?? 0),
  operation: rows.map((row) => row.operation),
  failed: (row) => rows[row]?.bad === true,
});

const bought = source([
  { parent: -1, start: 0, length: 100, operation: 0 },
  { parent: 0, start: 10, length: 30, operation: 2 },
  { parent: 0, start: 20, length: 40, operation: 2, bad: true },
  { parent: 0, start: 70, length: 50, operation: 1, service: 1 },
  { parent: 3, start: 80, length: 10, operation: 2, service: 1 },
]);

const random = (count: number): TraceModel => modelOf(traceAnswer(0, "a".repeat(32), count));
const ofModel = (model: TraceModel): ShapeSource => ({
  ...model,
  services: model.answer.services,
  operations: model.answer.operations,
  failed: (row) => model.failed[row] === 1,
});

describe("a trace's shape", () => {
  it("counts what no child covers, once where children overlap or outlive", () => {
    assert.deepEqual([...selfTimes(bought)], [20, 30, 40, 40, 10]);
  });

  it("merges what was called alike", () => {
    const { nodes, nodeOf } = shapeOf(bought);
    assert.deepEqual([...nodeOf], [0, 1, 1, 2, 3]);
    assert.deepEqual(
      nodes.map(({ service, operation, parent, count, errors, total, self, work, row }) => [
        service,
        operation,
        parent,
        count,
        errors,
        total,
        self,
        work,
        row,
      ]),
      [
        ["shop", "buy", -1, 1, 0, 100, 20, 140, 0],
        ["shop", "query", 0, 2, 1, 70, 70, 70, 2],
        ["bank", "pay", 0, 1, 0, 50, 40, 50, 3],
        ["bank", "query", 2, 1, 0, 10, 10, 10, 4],
      ],
    );
  });

  it("loses no span and no time, whatever the tree", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (count) => {
        const model = random(count);
        const { nodes } = shapeOf(ofModel(model));
        assert.equal(
          nodes.reduce((sum, node) => sum + node.count, 0),
          count,
        );
        const self = selfTimes(model).reduce((sum, ns) => sum + Math.max(0, ns), 0);
        const roots = nodes.filter((node) => node.parent < 0).reduce((sum, node) => sum + node.work, 0);
        assert.ok(Math.abs(self - roots) <= self * 1e-9);
      }),
      { numRuns: 40 },
    );
  });
});

describe("two shapes compared", () => {
  const usual = shapeOf(
    source([
      { parent: -1, start: 0, length: 60, operation: 0 },
      { parent: 0, start: 10, length: 10, operation: 2 },
      { parent: -1, start: 0, length: 40, operation: 0 },
      { parent: 2, start: 5, length: 10, operation: 1 },
    ]),
  );
  const nodes = compareShapes(shapeOf(bought), usual, 2);

  it("has each operation of either at its place, the larger first, per trace", () => {
    assert.deepEqual(
      nodes.map(({ service, operation, depth, left, right }) => [
        `${"  ".repeat(depth)}${service} ${operation}`,
        left.count,
        right.count,
        left.total,
        right.total,
      ]),
      [
        ["shop buy", 1, 1, 100, 50],
        ["  shop query", 2, 0.5, 70, 5],
        ["  bank pay", 1, 0, 50, 0],
        ["    bank query", 1, 0, 10, 0],
        ["  shop pay", 0, 0.5, 0, 5],
      ],
    );
    assert.equal(nodes[4]?.row, -1);
  });

  it("tells where the time went", () => {
    assert.deepEqual(
      largest(nodes, 2).map((node) => [node.operation, differenceOf(node)]),
      [
        ["query", 65],
        ["pay", 40],
      ],
    );
  });

  it("finds no difference between a trace and itself", () => {
    const shape = shapeOf(ofModel(random(200)));
    const same = compareShapes(shape, shape, 1);
    assert.equal(same.length, shape.nodes.length);
    assert.ok(same.every((node) => differenceOf(node) === 0));
    assert.deepEqual(largest(same, 3), []);
  });
});

describe("a flame graph by time", () => {
  it("has every span once, below its parent, and none over another", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (count) => {
        const model = random(count);
        const { lanes, laneOf, crowded } = lanesOf(model);
        assert.equal(crowded, 0);
        assert.equal(
          lanes.reduce((sum, lane) => sum + lane.length, 0),
          count,
        );
        for (const lane of lanes) {
          lane.forEach((row, place) => {
            const before = lane[place - 1];
            if (before === undefined) return;
            assert.ok((model.start[before] ?? 0) + (model.length[before] ?? 0) <= (model.start[row] ?? 0));
          });
        }
        for (let row = 0; row < count; row++) {
          const above = model.parent[row] ?? -1;
          if (above >= 0) assert.ok((laneOf[row] ?? 0) > (laneOf[above] ?? 0));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("is bounded where everything runs at once", () => {
    const base = traceAnswer(0, "a".repeat(32), 5000);
    const flat = modelOf({
      ...base,
      spans: {
        ...base.spans,
        parent: base.spans.parent.map((_, row) => (row === 0 ? -1 : 0)),
        start_offset_ns: base.spans.parent.map(() => 0),
        duration_ns: base.spans.parent.map(() => 1000),
      },
    });
    const { lanes, crowded } = lanesOf(flat);
    assert.equal(lanes.length, mostLanes);
    assert.equal(crowded, 5000 - mostLanes);
  });

  it("finds the span at a moment", () => {
    const model = random(200);
    const { lanes } = lanesOf(model);
    for (const lane of lanes) {
      for (const row of lane) {
        const start = model.start[row] ?? 0;
        assert.equal(lane[firstFrom(lane, model.start, start)], row);
        assert.equal(rowIn(lane, model, start + (model.length[row] ?? 0) / 2, 0.1), row);
      }
    }
    assert.equal(rowIn(Int32Array.of(0), model, model.duration * 3, 1), -1);
  });
});

describe("the calls of a trace", () => {
  it("are counted between services, with each service's own time", () => {
    const base = traceAnswer(0, "a".repeat(32), 5);
    const model = modelOf({
      ...base,
      services: ["shop", "bank"],
      spans: {
        ...base.spans,
        parent: [-1, 0, 0, 0, 3],
        start_offset_ns: [0, 10, 20, 70, 80],
        duration_ns: [100, 30, 40, 50, 10],
        service: [0, 0, 0, 1, 1],
        status: [0, 0, 0, 1, 0],
      },
    });
    const { graph, self } = callsOf(model, selfTimes(model));
    assert.deepEqual(
      graph.nodes.map((node) => [node.name, node.requests, node.errors]),
      [
        ["bank", 2, 1],
        ["shop", 3, 0],
      ],
    );
    assert.deepEqual(
      graph.pairs.map((pair) => [pair.from, pair.to, pair.spans?.requests, pair.spans?.p50_ns]),
      [["service shop", "service bank", 1, 50]],
    );
    assert.equal(self.get("shop"), 90);
  });
});
