import assert from "node:assert/strict";
import { test } from "node:test";
import { readSource } from "../engine/sql.js";
import { openStore } from "../store.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";
import { SPAN_WEIGHT } from "./weight.js";

const weights: readonly (readonly [traceState: string, weight: number])[] = [
  ["", 1],
  ["ot=th:0", 1],
  ["ot=th:8", 2],
  ["ot=th:c", 4],
  ["ot=th:e6666666666668", 10],
  ["congo=t61rcWkgMzE, ot=rv:00000000000000;th:c;x:y,rojo=1", 4],
  ["ot=th:ffffffffffffff", 2 ** 56],
  // None of these is a threshold.
  ["rojo=1", 1],
  ["ot=rv:8", 1],
  ["ot=th:zz", 1],
  ["ot=th:", 1],
  ["ot=th:fffffffffffffff", 1],
  ["ot=xth:8", 1],
  ["not=th:8", 1],
  ["rojo=ot=th:8", 1],
];

test("a span's weight is read from its trace state as the specification has it", async (t) => {
  await using store = await openStore({ dir: temporaryDirectory(t) });
  const texts = weights.map(([text]) => `'${text}'`).join(", ");
  const result = await store.query(
    `SELECT trace_state AS text, toFloat64(${SPAN_WEIGHT}) AS weight FROM (SELECT arrayJoin([${texts}]) AS trace_state)`,
  );
  const found = (await result.rows<{ text: string; weight: number }>()).map(({ text, weight }) => [
    text,
    Math.round(weight * 1e6) / 1e6,
  ]);
  assert.deepEqual(found, weights);
});

test("the table of what sampling left out is filled by the same expression", () => {
  for (const file of ["red-unseen-feeds.sql", "red-unseen-fill.sql"])
    assert.ok(readSource(`schema/${file}`).includes(SPAN_WEIGHT), file);
});
