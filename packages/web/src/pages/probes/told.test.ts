import assert from "node:assert/strict";
import { test } from "node:test";
import { boundText, heard, nothing } from "./told.js";

test("text becomes lines, events go to their type, and a map takes its own place", () => {
  const map = (value: number) =>
    ({
      kind: "map",
      name: "@",
      shape: "values",
      rows: [{ key: "", value }],
      more: 0,
    }) as const;
  const first = heard(nothing, [
    { kind: "text", text: "one\ntwo\n" },
    { kind: "note", text: "lost" },
    { kind: "event", type: "Open", fields: { pid: 1 } },
    map(1),
  ]);
  const second = heard(first, [{ kind: "event", type: "Open", fields: { pid: 2 } }, map(2)]);
  assert.deepEqual(
    second.lines.map(({ kind, text }) => `${kind} ${text}`),
    ["text one", "text two", "note lost"],
  );
  assert.equal(second.events.get("Open")?.length, 2);
  assert.equal(second.maps.get("@")?.rows[0]?.value, 2);
  assert.equal(first.maps.get("@")?.rows[0]?.value, 1);
});

test("a page keeps the newest lines of a probe that never stops", () => {
  const many = Array.from({ length: 6_000 }, (_, i) => ({ kind: "text" as const, text: `${i}\n` }));
  const { lines } = heard(nothing, many);
  assert.deepEqual([lines.length, lines.at(-1)?.text], [5_000, "5999"]);
});

test("bounds read as powers of two", () => {
  assert.deepEqual([1, 1023, 1024, 65536, 3 * 2 ** 20, 2 ** 30, null].map(boundText), [
    "1",
    "1023",
    "1K",
    "64K",
    "3M",
    "1G",
    "",
  ]);
});
