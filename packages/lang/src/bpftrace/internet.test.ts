import assert from "node:assert/strict";
import { test } from "node:test";
import { addressBytes } from "./internet.js";

test("addresses are read as their bytes", () => {
  assert.deepEqual(addressBytes("127.0.0.1"), [127, 0, 0, 1]);
  assert.deepEqual(addressBytes("::1"), [...Array.from({ length: 15 }, () => 0), 1]);
  assert.deepEqual(
    addressBytes("::"),
    Array.from({ length: 16 }, () => 0),
  );
  assert.deepEqual(addressBytes("fe80::1:2"), [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2]);
  assert.deepEqual(addressBytes("::ffff:1.2.3.4")?.slice(10), [255, 255, 1, 2, 3, 4]);
  assert.equal(addressBytes("1:2:3:4:5:6:7:8")?.length, 16);
});

test("what is no address is none", () => {
  for (const text of [
    "",
    "256.1.1.1",
    "1.2.3",
    "1::2::3",
    "12345::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "g::",
  ])
    assert.equal(addressBytes(text), undefined, text);
});
