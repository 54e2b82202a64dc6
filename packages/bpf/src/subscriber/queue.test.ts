import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { RingMemory } from "../ringbuf/reader.js";
import { RecordQueue } from "./queue.js";

function memoryOf(bytes: Uint8Array): RingMemory {
  const buffer = new ArrayBuffer(Math.ceil(bytes.length / 4) * 4 + 16);
  const memory = { bytes: new Uint8Array(buffer), view: new DataView(buffer), words: new Int32Array(buffer) };
  memory.bytes.set(bytes, 12);
  return memory;
}

describe("the queue of a subscription", () => {
  test("gives back the bytes of every record, in order, in any mix of lengths", () => {
    const records = fc.array(fc.uint8Array({ maxLength: 1500 }), { maxLength: 40 });
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 4000 }), (list, limit) => {
        const queue = new RecordQueue(limit, limit);
        const seen: { bytes: Uint8Array; cpu: number }[] = [];
        const empty = (): void =>
          queue.take().visit((memory, offset, length, cpu) => {
            assert.equal(offset % 8, 0);
            seen.push({ bytes: memory.bytes.slice(offset, offset + length), cpu });
          });
        for (const [index, bytes] of list.entries()) {
          if (!queue.push(memoryOf(bytes), 12, bytes.length, index)) {
            empty();
            assert.equal(queue.push(memoryOf(bytes), 12, bytes.length, index), true);
          }
        }
        empty();
        assert.deepEqual(
          seen.map(({ bytes }) => bytes),
          list,
        );
        assert.deepEqual(
          seen.map(({ cpu }) => cpu),
          list.map((_, index) => index),
        );
      }),
    );
  });

  test("holds its limit, grows over 80 % up to the maximum, and then refuses", () => {
    const record = memoryOf(new Uint8Array(92));
    const fixed = new RecordQueue(1000, 1000);
    for (let i = 0; i < 9; i++) assert.equal(fixed.push(record, 12, 92, 0), true);
    assert.equal(fixed.push(record, 12, 92, 0), false);
    assert.equal(fixed.used, 936);
    assert.equal(fixed.grown, 0);

    const growing = new RecordQueue(1000, 3000);
    const limits: number[] = [];
    while (growing.push(record, 12, 92, 0)) limits.push(growing.limit);
    assert.deepEqual(
      [...new Set(limits)].map((limit) => [limit, limits.indexOf(limit)]),
      [
        [1000, 0],
        [2000, 7],
        [3000, 15],
      ],
    );
    assert.equal(growing.count, 28);
    assert.equal(growing.grown, 2);
  });

  test("a record larger than the queue goes through alone", () => {
    const queue = new RecordQueue(100, 100);
    const large = memoryOf(new Uint8Array(5000).fill(7));
    assert.equal(queue.push(large, 12, 5000, 0), true);
    assert.equal(queue.push(large, 12, 8, 0), false);
    const places = [...queue.take().places()].map(({ length }) => length);
    assert.deepEqual(places, [5000]);
  });
});
