import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { block, cell, foldedJson } from "./text.js";

describe("text from outside", () => {
  it("shows control and direction characters instead of obeying them", () => {
    assert.equal(cell("a\u0007b\u202ec\u200d"), "a␇b⟨U+202E⟩c⟨U+200D⟩");
    assert.equal(cell("two\nlines\tand"), "two ⏎ lines and");
  });
  it("lets none of them through, whatever comes", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    const odd = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => !odd.test(cell(text)) && !odd.test(block(text))),
    );
  });
  it("cuts what is too long and says so", () => {
    assert.equal(cell("x".repeat(500), 10), `${"x".repeat(10)}…`);
    assert.match(block("x".repeat(200_000)), /100000 more characters$/);
  });
  it("folds JSON only", () => {
    assert.equal(foldedJson('{"a":1}'), '{\n  "a": 1\n}');
    assert.equal(foldedJson("{not json"), undefined);
    assert.equal(foldedJson("plain"), undefined);
  });
});
