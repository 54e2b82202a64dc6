import assert from "node:assert/strict";
import { test } from "node:test";
import type { Series } from "@go3s/lang";
import { graph, lastEpoch, moments, seriesJson } from "./series.js";

const series = (reduce: Series["reduce"], count = 3n): Series => ({ interval: 100_000_000n, count, reduce });
const part = (epoch: bigint, value: bigint, time = epoch, count = 1n) => ({ epoch, value, time, count });

test("processors' parts of an interval are put together as was asked", () => {
  const parts = [part(7n, 5n, 70n), part(7n, 9n, 60n, 3n), part(0n, 0n, 0n, 0n)];
  assert.equal(lastEpoch(parts), 7n);
  const of = (reduce: Series["reduce"]) => moments(parts, series(reduce), 7n).map(({ value }) => value);
  assert.deepEqual([of("last"), of("min"), of("max"), of("sum"), of("avg")], [[5n], [5n], [9n], [14n], [3n]]);
});

test("intervals from the first with a value to the last of all are there, older ones are not", () => {
  const parts = [part(1n, 1n), part(6n, 2n), part(8n, 3n)];
  assert.deepEqual(moments(parts, series("last"), 8n), [
    { start: 600_000_000n, value: 2n },
    { start: 700_000_000n, value: undefined },
    { start: 800_000_000n, value: 3n },
  ]);
  assert.deepEqual(moments([], series("last"), 8n), []);
});

test("the graph has a line for each interval, with the least on the left", () => {
  const rows = moments([part(0n, 0n), part(1n, 10n)], series("last"), 2n);
  const [, , first = "", second = "", third = ""] = graph(rows).split("\n");
  assert.match(first, /:00\.000 \* {51}\| 0$/);
  assert.match(second, /:00\.100 \| {51}\* 10$/);
  assert.match(third, /:00\.200 \| {51}\| -$/);
  assert.equal(graph([]), "<no data>");
  assert.deepEqual(seriesJson(rows), [
    { interval_start: "1970-01-01 00:00:00.000000000", value: 0n },
    { interval_start: "1970-01-01 00:00:00.100000000", value: 10n },
  ]);
});

test("between negative and positive numbers zero is marked", () => {
  const lines = graph([
    { start: 0n, value: -5n },
    { start: 1_000_000_000n, value: 5n },
  ]).split("\n");
  assert.equal(lines[2]?.indexOf("."), lines[3]?.indexOf("."));
  assert.match(lines[1] ?? "", /^hh:mm:ss \|/);
});
