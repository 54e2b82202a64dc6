import assert from "node:assert/strict";
import { test } from "node:test";
import { count, createCounters } from "./counters.js";
import { itemsByWay, waysOf } from "./ways.js";

test("what came in is told by way and signal, the busiest first, with what was refused", () => {
  const counters = createCounters();
  const add = (name: "items" | "bytes" | "requests", value: number, ...labels: string[]) => {
    count(counters, name, ...labels).value += value;
  };
  add("items", 50, "fused", "traces");
  add("items", 7, "fused", "logs");
  add("bytes", 900, "fused", "traces");
  add("requests", 2, "fused", "traces", "ok");
  add("items", 400, "grpc", "metrics");
  add("bytes", 5_000, "grpc", "metrics");
  add("requests", 4, "grpc", "metrics", "ok");
  add("requests", 3, "grpc", "metrics", "too-large");
  // Refused before its signal was known.
  add("requests", 1, "http", "none", "not-found");
  const before = itemsByWay(counters);
  add("items", 10, "fused", "logs");
  const after = itemsByWay(counters);
  const ways = waysOf(counters, (key) => (after.get(key) ?? 0) - (before.get(key) ?? 0));
  const row = (way: string, signal: string, figures: readonly number[]) => {
    const [items = 0, items_per_s = 0, requests = 0, refused = 0, bytes = 0] = figures;
    return { way, signal, items, items_per_s, requests, refused, bytes };
  };
  assert.deepEqual(ways, [
    row("grpc", "metrics", [400, 0, 7, 3, 5_000]),
    row("fused", "traces", [50, 0, 2, 0, 900]),
    row("fused", "logs", [17, 10, 0, 0, 0]),
    row("http", "traces", [0, 0, 1, 1, 0]),
  ]);
});
