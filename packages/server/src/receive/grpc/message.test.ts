import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { frameOf } from "../../testing/raw-grpc.js";
import { createBufferPool } from "../pool.js";
import { newInbox } from "./message.js";

function newReader(bodyBytes = 8 << 20, inflightBytes = 16 << 20) {
  return { limits: { bodyBytes, inflightBytes }, pool: createBufferPool(), inflight: 0 };
}

test("a message cut at any places is the same message, and its memory is given back", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.boolean(),
      fc.array(fc.nat(310), { maxLength: 6 }),
      (message, isCompressed, cuts) => {
        const reader = newReader();
        const inbox = newInbox(reader);
        const frame = frameOf(message, isCompressed);
        let from = 0;
        for (const to of [...cuts, frame.length].sort((a, b) => a - b)) {
          inbox.push(frame.subarray(from, to));
          from = Math.min(to, frame.length);
        }
        const got = inbox.end();
        assert.deepEqual(new Uint8Array(got.bytes), message);
        assert.equal(got.isCompressed, isCompressed);
        assert.equal(reader.inflight, message.length);
        got.release();
        got.release();
        assert.equal(reader.inflight, 0);
      },
    ),
  );
});

test("a message of several MiB grows into larger buffers", () => {
  const reader = newReader();
  const inbox = newInbox(reader);
  const message = Buffer.alloc(5 << 20, "0123456789");
  const frame = frameOf(message);
  for (let at = 0; at < frame.length; at += 16_384) inbox.push(frame.subarray(at, at + 16_384));
  assert.ok(message.equals(inbox.end().bytes));
  inbox.release();
  assert.equal(reader.inflight, 0);
});

const broken: readonly { readonly what: string; readonly bytes: Buffer }[] = [
  { what: "nothing", bytes: Buffer.alloc(0) },
  { what: "half a prefix", bytes: Buffer.from([0, 0, 0]) },
  { what: "less than it says", bytes: frameOf(Buffer.alloc(10), false, 11) },
  { what: "more than it says", bytes: frameOf(Buffer.alloc(10), false, 9) },
  { what: "a second message", bytes: Buffer.concat([frameOf(Buffer.alloc(3)), frameOf(Buffer.alloc(3))]) },
  { what: "unknown flags", bytes: Buffer.from([2, 0, 0, 0, 0]) },
];

for (const { what, bytes } of broken)
  test(`${what} is refused`, () => {
    const reader = newReader();
    const inbox = newInbox(reader);
    assert.throws(
      () => {
        inbox.push(bytes);
        inbox.end();
      },
      { code: "not-otlp" },
    );
    inbox.release();
    assert.equal(reader.inflight, 0);
  });

test("sizes are refused by the prefix alone, all messages together by what arrived", () => {
  assert.throws(() => newInbox(newReader(1_000)).push(frameOf(Buffer.alloc(0), false, 1_001)), {
    code: "too-large",
  });
  const reader = newReader(1_000, 1_500);
  newInbox(reader).push(frameOf(Buffer.alloc(900), false, 1_000));
  assert.throws(() => newInbox(reader).push(frameOf(Buffer.alloc(900), false, 1_000)), { code: "too-many" });
  assert.equal(reader.inflight, 900);
});
