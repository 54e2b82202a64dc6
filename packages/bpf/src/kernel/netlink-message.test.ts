import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeAttributes, encodeMessage, readAttributes, readMessages } from "./netlink-message.js";

test("attributes are read as they were written", () => {
  const bytes = encodeAttributes([
    [1, "clsact"],
    [2, 0xffff_fff1],
    [
      3,
      [
        [7, Uint8Array.of(1, 2, 3)],
        [8, "x"],
      ],
    ],
  ]);
  assert.equal(bytes.length % 4, 0);
  const read = readAttributes(bytes);
  assert.equal(Buffer.from(read.get(1) ?? []).toString(), "clsact\0");
  assert.deepEqual([...(read.get(2) ?? [])], [0xf1, 0xff, 0xff, 0xff]);
  const nested = readAttributes(read.get(3) ?? new Uint8Array(0));
  assert.deepEqual([...(nested.get(7) ?? [])], [1, 2, 3]);
});

test("messages are read one by one", () => {
  const first = { type: 20, flags: 5, sequence: 9, payload: Uint8Array.of(1, 2, 3, 4) };
  const second = { ...first, sequence: 10, payload: new Uint8Array(0) };
  const bytes = Buffer.concat([encodeMessage(first), encodeMessage(second)]);
  assert.deepEqual(
    readMessages(bytes).map(({ payload, ...head }) => ({ ...head, payload: Uint8Array.from(payload) })),
    [first, second],
  );
});

test("broken bytes end the reading, never beyond the buffer", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const { payload } of readMessages(bytes)) assert.ok(payload.length <= bytes.length);
      for (const value of readAttributes(bytes).values()) assert.ok(value.length <= bytes.length);
    }),
  );
});
