import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newTexts } from "./texts.js";

test("texts are what their bytes say, whatever came before", () => {
  const texts = newTexts();
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 200 }), { maxLength: 20 }), (given) => {
      for (const text of [...given, ...given]) {
        const bytes = Buffer.from(`##${text}##`);
        assert.equal(texts.of(bytes, 2, bytes.length - 4), text);
      }
    }),
  );
});

test("texts that differ in their first letter alone, or end alike, are told apart", () => {
  const texts = newTexts();
  const tail = "x".repeat(300);
  for (let round = 0; round < 3; round++)
    for (const first of ["a", "b", "c", ""]) {
      const bytes = Buffer.from(first + tail);
      assert.equal(texts.of(bytes, 0, bytes.length), first + tail);
    }
});
