import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newLineCutter, type WrittenPiece } from "./line-cutter.js";

type Cut = readonly [text: string, missing: number];

function cut(pieces: readonly WrittenPiece[], limit = 1000): Cut[] {
  const cutter = newLineCutter(limit);
  const lines: Cut[] = [];
  const out = (text: string, missing: number): void => void lines.push([text, missing]);
  for (const piece of pieces) cutter.take(piece, out);
  cutter.rest(out);
  assert.ok(!cutter.holds());
  return lines;
}

const write = (text: string): WrittenPiece => {
  const bytes = Buffer.from(text);
  return { at: 0, total: bytes.length, bytes };
};
/** piece is what is at `at` of a call that has written `total` bytes. */
const piece = (at: number, total: number, text: string): WrittenPiece => ({
  at,
  total,
  bytes: Buffer.from(text),
});

test("writes that are cut at any byte give the lines that they are", () => {
  const line = fc.string({ unit: fc.constantFrom(..."aé€😀 {}") });
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(100)), (lines, sizes) => {
      const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(""));
      const pieces: WrittenPiece[] = [];
      for (let at = 0; at < bytes.length; ) {
        const part = bytes.subarray(at, at + 1 + (sizes[pieces.length] ?? 0));
        pieces.push({ at: 0, total: part.length, bytes: part });
        at += part.length;
      }
      assert.deepEqual(
        cut(pieces),
        lines.map((each) => [each, 0]),
      );
    }),
  );
});

test("a line that lacks its end is told as far as it is known, and no other is put behind it", () => {
  assert.deepEqual(cut([piece(0, 10, "abcd"), write("next\n")]), [
    ["abcd", 6],
    ["next", 0],
  ]);
  assert.deepEqual(cut([piece(0, 12, "ab\ncd"), piece(8, 12, "ij\nk"), write("l\n")]), [
    ["ab", 0],
    ["cd", 3],
    ["ij", 0],
    ["kl", 0],
  ]);
  assert.deepEqual(cut([piece(0, 12, "ab\n")]), [["ab", 0]]);
  assert.deepEqual(cut([piece(4, 8, "cd\nx")]), [
    ["cd", 4],
    ["x", 0],
  ]);
});

test("what is too long is cut between characters", () => {
  assert.deepEqual(cut([write("aaa€€"), write("€\nb\n")], 4), [
    ["aaa€€", 0],
    ["€", 0],
    ["b", 0],
  ]);
  const euro = Buffer.from("aaaa€");
  const halves = [euro.subarray(0, 6), euro.subarray(6)];
  assert.deepEqual(
    cut(
      halves.map((bytes) => ({ at: 0, total: bytes.length, bytes })),
      4,
    ),
    [
      ["aaaa", 0],
      ["€", 0],
    ],
  );
});

test("a return before the newline is no part of the line, elsewhere it is", () => {
  assert.deepEqual(cut([write("a\r\n\r\nb\rc\r\n")]), [
    ["a", 0],
    ["", 0],
    ["b\rc", 0],
  ]);
});
