import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unzstd, ZstdError } from "./zstd.js";

const text = "spans and spans and ".repeat(40);
// Made by zstd 1.5.4 of that text: `zstd -3`, `-19 --no-content-size`, and three times the text by `--ultra -22 --long=27`.
const usual = Buffer.from("KLUv/QRYjQAAUHNwYW5zIGFuZCABABNbFSQ7gxFr", "base64");
const withoutSize = Buffer.from("KLUv/QRojQAAUHNwYW5zIGFuZCABABNbFSQ7gxFr", "base64");
const largeWindow = Buffer.from("KLUv/QSIjQAAUHNwYW5zIGFuZCABAFOpX5CVf4R/", "base64");

const refused = (bytes: Uint8Array, limit: number): ZstdError => {
  try {
    unzstd(bytes, limit);
  } catch (error) {
    assert.ok(error instanceof ZstdError, String(error));
    return error;
  }
  return assert.fail("it was taken");
};

describe("zstd", () => {
  test("frames with and without a size, one behind the other, and frames to skip", () => {
    assert.equal(unzstd(usual, 10_000).toString(), text);
    assert.equal(unzstd(withoutSize, 10_000).toString(), text);
    assert.equal(unzstd(Buffer.concat([usual, withoutSize]), 10_000).toString(), text + text);
    const skipped = Buffer.from("502a4d1803000000616263", "hex");
    assert.equal(unzstd(Buffer.concat([skipped, usual]), 10_000).toString(), text);
  });

  test("what would be too large is refused before memory is taken for it", () => {
    assert.ok(refused(usual, 799).tooLarge);
    assert.ok(refused(withoutSize, 799).tooLarge);
    const said = refused(largeWindow, 10_000);
    assert.ok(said.tooLarge && /window of 134217728/.test(said.message), said.message);
    // A single segment of 2^62 bytes, as its head says.
    const monster = Buffer.from("28b52ffde00000000000000040010000", "hex");
    assert.ok(refused(monster, 10_000).tooLarge);
  });

  test("whatever is cut off or changed is an error or bytes, never a crash or more than the limit", () => {
    for (let end = 0; end < usual.length; end++) refused(usual.subarray(0, end), 10_000);
    for (const source of [usual, withoutSize]) {
      for (let at = 0; at < source.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          const changed = Buffer.from(source);
          changed[at] = (changed[at] ?? 0) ^ (1 << bit);
          try {
            assert.ok(unzstd(changed, 2000).length <= 2000);
          } catch (error) {
            assert.ok(error instanceof ZstdError, String(error));
          }
        }
      }
    }
  });
});
