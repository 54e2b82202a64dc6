import assert from "node:assert/strict";
import { test } from "node:test";
import { openOutbox } from "./outbox.js";
import { outputOf } from "./output.js";

test("a map's rows come largest first, and what is more than a screen is counted", () => {
  const entries = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`key ${i}`, i]));
  const map = outputOf(JSON.stringify({ type: "map", data: { "@": entries } }));
  assert.ok(map?.kind === "map");
  assert.deepEqual([map.rows.length, map.more, map.rows[0]], [200, 50, { key: "key 249", value: 249 }]);
});

test("histograms come with and without keys", () => {
  const buckets = [
    { max: -1, count: 1 },
    { min: 4, max: 7, count: 3 },
  ];
  const rows = [
    { min: null, max: -1, count: 1 },
    { min: 4, max: 7, count: 3 },
  ];
  const one = outputOf(JSON.stringify({ type: "hist", data: { "@ns": buckets } }));
  assert.deepEqual(one, {
    kind: "map",
    name: "@ns",
    shape: "histogram",
    rows: [{ key: "", value: 4, buckets: rows }],
    more: 0,
  });
  const keyed = outputOf(JSON.stringify({ type: "hist", data: { "@ns": { nginx: buckets } } }));
  assert.deepEqual(keyed?.kind === "map" && keyed.rows, [{ key: "nginx", value: 4, buckets: rows }]);
});

test("events, texts and losses are what they are; what is no JSON is text", () => {
  assert.deepEqual(outputOf('{"type":"event","data":{"type":"Open","value":{"PID":1,"At":{"x":2}}}}'), {
    kind: "event",
    type: "Open",
    fields: { PID: 1, At: '{"x":2}' },
  });
  assert.deepEqual(outputOf('{"type": "join", "data": "a b"}'), { kind: "text", text: "a b\n" });
  assert.equal(outputOf('{"type": "lost_events", "count": 7, "data": {"events": 7}}')?.kind, "note");
  assert.deepEqual(outputOf("plain"), { kind: "text", text: "plain" });
  assert.equal(outputOf('{"type": "attached_probes", "data": {"probes": 1}}'), undefined);
});

test("what comes faster than anybody reads is left out and counted; a map stands once", () => {
  const sent: { items: number; leftOut: number }[] = [];
  const box = openOutbox((items, leftOut) => sent.push({ items: items.length, leftOut }));
  for (let i = 0; i < 1_000; i++) {
    box.add({ kind: "text", text: `${i}\n` });
    box.add({ kind: "map", name: "@", shape: "values", rows: [{ key: "", value: i }], more: 0 });
  }
  box.close();
  assert.deepEqual(sent, [{ items: 401, leftOut: 600 }]);
});

test("a line that comes in pieces is one line", () => {
  const sent: unknown[] = [];
  const box = openOutbox((items) => sent.push(...items));
  for (const text of ["a", "b\n", "c\n"]) box.add({ kind: "text", text });
  box.close();
  assert.deepEqual(sent, [
    { kind: "text", text: "ab\n" },
    { kind: "text", text: "c\n" },
  ]);
});
