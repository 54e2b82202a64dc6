import assert from "node:assert/strict";
import { test } from "node:test";
import { delayBounds, delayPoint } from "./delay-histogram.js";
import { newPointList, textAttributes } from "./point-list.js";

test("a value that stays as it is is told once for a while, each series by itself", () => {
  const list = newPointList();
  const user = textAttributes({ "cpu.mode": "user" });
  const system = textAttributes({ "cpu.mode": "system" });
  list.add("process.cpu.time", 1.5, user, false);
  list.add("process.cpu.time", 1.5, system, false);
  list.add("go.memory.limit", undefined);
  const first = list.take(5n, 6n, 7n);
  assert.equal(first.points, 2);
  assert.deepEqual(first.metrics[0]?.sum?.dataPoints, [
    { startTimeUnixNano: 5n, timeUnixNano: 7n, attributes: user, asDouble: 1.5 },
    { startTimeUnixNano: 5n, timeUnixNano: 7n, attributes: system, asDouble: 1.5 },
  ]);
  assert.equal(first.metrics[0]?.sum?.isMonotonic, true);
  list.add("process.cpu.time", 1.5, user, false);
  list.add("process.cpu.time", 2, system, false);
  assert.equal(list.take(5n, 6n, 8n).points, 1);
  assert.deepEqual(list.take(5n, 6n, 9n), { metrics: [], points: 0 });
});

test("a gauge has no beginning; what we count ourselves begins when we came", () => {
  const list = newPointList();
  list.add("go3s.goroutines.count", 12);
  list.exponential("go.gc.pause.duration", { count: 1n, scale: 0 });
  const { metrics } = list.take(5n, 6n, 7n);
  assert.deepEqual(metrics[0]?.gauge?.dataPoints, [{ timeUnixNano: 7n, attributes: [], asInt: 12n }]);
  assert.equal(metrics[1]?.exponentialHistogram?.dataPoints?.[0]?.startTimeUnixNano, 6n);
});

test("the runtime's steps of waiting times are joined to powers of two, and the longest are together", () => {
  const delays = new Array<number>(160).fill(0);
  delays[0] = 3;
  delays[3] = 1;
  delays[4] = 5;
  delays[159] = 2;
  const point = delayPoint(delays);
  assert.equal(point.count, 11n);
  assert.deepEqual(point.bucketCounts?.slice(0, 3), [4n, 5n, 0n]);
  assert.equal(point.bucketCounts?.at(-1), 2n);
  assert.equal(point.bucketCounts?.length, delayBounds.length + 1);
  assert.equal(delayBounds[1], 1024 / 1e9);
});
