import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compress } from "snappyjs";
import { SnappyError, unsnappy } from "./snappy.js";

const refusal = (hex: string, limit = 1000): SnappyError => {
  try {
    unsnappy(Buffer.from(hex, "hex"), limit);
  } catch (error) {
    assert.ok(error instanceof SnappyError, String(error));
    return error;
  }
  return assert.fail("it was taken");
};

describe("Snappy", () => {
  test("what another compressor made comes back", () => {
    const piece = fc.oneof(fc.constant("spans and "), fc.string(), fc.constant("x".repeat(200)));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const bytes = Buffer.from(pieces.join(""));
        assert.deepEqual(unsnappy(compress(bytes), 1 << 20), bytes);
      }),
    );
    const large = Buffer.alloc(300_000, "a little text that comes again and again; ");
    assert.deepEqual(unsnappy(compress(large), 1 << 20), large);
  });

  test("every kind of element", () => {
    // "ab", a copy of 4 from 2 back (tag 1), of 3 from 1 back (tag 2), of 2 from 6 back (tag 3), a literal with a length of its own.
    const bytes = Buffer.from(
      ["0c", "0461" + "62", "0102", "0a0100", "0706000000", "f00063"].join(""),
      "hex",
    );
    assert.equal(unsnappy(bytes, 100).toString(), "abababbbbbac");
    assert.equal(unsnappy(Buffer.from([0]), 100).length, 0);
  });

  for (const [what, hex, says] of [
    ["nothing", "", /begin with a length/],
    ["a length without an end", "8080808080", /begin with a length/],
    ["a length of more than 32 bits", "ffffffff7f", /begin with a length/],
    ["a length that so few bytes cannot have", "e807" + "00", /cannot stand for/],
    ["a literal that is cut off", "05106162", /literal at byte 1 is cut off/],
    ["a literal whose length is cut off", "05f4", /element at byte 1 is cut off/],
    ["a literal of 4 GiB", "05fcffffffff61", /literal at byte 1 is cut off/],
    ["a literal beyond the length", "010461" + "62", /beyond the length/],
    ["a copy of nothing", "080461" + "620100", /goes back 0 of 2/],
    ["a copy from before the start", "080461" + "620103", /goes back 3 of 2/],
    ["a copy from far before the start", "080461" + "620bffffffff", /goes back 4294967295 of 2/],
    ["a copy beyond the length", "040461" + "620102", /beyond the length/],
    ["less than the length", "040461" + "62", /2 bytes instead of the 4/],
  ] as const)
    test(`${what} is refused`, () => {
      assert.match(refusal(hex).message, says);
      assert.equal(refusal(hex).tooLarge, false);
    });

  test("what would be too large is refused before memory is taken for it", () => {
    assert.equal(refusal("808080800800").tooLarge, true);
    assert.equal(refusal(`e907${"00".repeat(100)}`).tooLarge, true);
  });

  test("whatever the bytes are, it ends with an answer or a refusal", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          assert.ok(unsnappy(bytes, 10_000).length <= 10_000);
        } catch (error) {
          assert.ok(error instanceof SnappyError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
