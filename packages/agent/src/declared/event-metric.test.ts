import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf, BtfBuilder, layoutByName } from "@go3s/bpf";
import type { MetricDeclaration } from "@go3s/lang";
import { newEventMetric } from "./event-metric.js";
import type { Resources } from "./resources.js";

const declaration: MetricDeclaration = {
  signal: "metric",
  record: "Event",
  name: "events",
  type: "counter",
  unit: "",
  description: "",
  labels: [],
  value: "",
  pid: "PID",
};

function rig() {
  const builder = new BtfBuilder();
  const type = builder.add({ kind: "int", name: "uint32", size: 4, encoding: "unsigned" });
  const members = [{ name: "PID", type, bitOffset: 0, bitSize: 0 }];
  builder.add({ kind: "struct", name: "Event", size: 4, members });
  const layout = layoutByName(new Btf(builder.encode()), "Event");
  const made = new Map<number, Uint8Array>();
  const ended = new Set<Uint8Array>();
  const resources: Resources = {
    of(pid) {
      const resource = made.get(pid) ?? Uint8Array.of(pid);
      made.set(pid, resource);
      return resource;
    },
    hasEnded: (resource) => ended.has(resource),
  };
  const metric = newEventMetric(declaration, layout, resources);
  const view = new DataView(new ArrayBuffer(4));
  let time = 0n;
  return {
    event(pid: number): void {
      view.setUint32(0, pid, true);
      metric.take(view, 0);
    },
    end: (pid: number) => void ended.add(resources.of(pid)),
    /** points gives each process's value and where it begins. */
    points(): Record<number, string> {
      time += 10n;
      const found: Record<number, string> = {};
      metric.collect({ start: 0n, end: time }, (resource, { sum }) => {
        const [point] = sum?.dataPoints ?? [];
        found[resource[0] ?? 0] = `${point?.asInt} since ${point?.startTimeUnixNano}`;
      });
      return found;
    },
  };
}

test("the series of a process that has ended go after some last points; one that comes again begins anew", () => {
  const { event, end, points } = rig();
  event(1);
  event(1);
  event(2);
  assert.deepEqual(points(), { 1: "2 since 0", 2: "1 since 0" });
  end(1);
  assert.deepEqual(points(), { 1: "2 since 0", 2: "1 since 0" });
  // What it did at its end is read late.
  event(1);
  assert.deepEqual(points(), { 1: "3 since 0", 2: "1 since 0" });
  assert.deepEqual(points(), { 1: "3 since 0", 2: "1 since 0" });
  assert.deepEqual(points(), { 2: "1 since 0" });
  event(1);
  assert.deepEqual(points(), { 1: "1 since 50", 2: "1 since 0" });
});

test("series of ended processes make room for others below the limit", () => {
  const { event, end, points } = rig();
  for (let pid = 1; pid <= 200; pid++) event(pid);
  for (let pid = 1; pid <= 199; pid++) end(pid);
  for (let round = 0; round < 4; round++) points();
  assert.deepEqual(Object.keys(points()), ["200"]);
});
