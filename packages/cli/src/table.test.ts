import assert from "node:assert/strict";
import { test } from "node:test";
import { cellText, drawTable } from "./table.js";

test("numbers stand right, text left, the last column is not padded", () => {
  assert.deepEqual(
    drawTable(
      {
        headings: ["service", "n"],
        rows: [
          ["cart", 5],
          ["checkout", 12],
        ],
      },
      undefined,
    ),
    ["service    n", "cart       5", "checkout  12"],
  );
});

test("the widest column gives way until the table fits", () => {
  const lines = drawTable({ headings: ["a", "b"], rows: [["x".repeat(50), "y".repeat(10)]] }, 30);
  assert.ok(lines.every((line) => line.length <= 30));
  assert.equal(lines[1], `${"x".repeat(17)}…  ${"y".repeat(10)}`);
});

test("text from outside cannot drive the terminal", () => {
  assert.equal(cellText("a\x1b[2Jb\nc"), "a\\x1b[2Jb⏎c");
  assert.equal(cellText(null), "∅");
  assert.equal(cellText({ a: 1 }), '{"a":1}');
});
