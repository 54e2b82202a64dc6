import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type FrameFormat, type Lane, newLane } from "./frames.js";

interface Seen {
  readonly total: number;
  readonly first: number;
  have: number;
  endedNs: number;
}

/** A frame is 0xaa, its length in two bytes, and that many more. */
function newReader(late = false): { lane: Lane; seen: Seen[] } {
  const seen: Seen[] = [];
  const format: FrameFormat = {
    keep: 16,
    lengthOf: (bytes, start, end) => {
      if (end > start && bytes[start] !== 0xaa) return -1;
      return end - start < 3 ? 0 : 3 + ((bytes[start + 1] << 8) | bytes[start + 2]);
    },
    frame: (bytes, start, end, total) =>
      seen.push({ total, first: end - start > 3 ? bytes[start + 3] : -1, have: end - start, endedNs: 0 }),
    ended(ns) {
      const last = seen.at(-1);
      if (last !== undefined) last.endedNs = ns;
    },
  };
  return { lane: newLane(format, late), seen };
}

function stream(sizes: readonly number[]): Uint8Array {
  return Uint8Array.from(
    sizes.flatMap((size, i) => [
      0xaa,
      size >> 8,
      size & 0xff,
      ...Array.from({ length: size }, () => i & 0x7f),
    ]),
  );
}

const sizes = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 12 });

test("frames are the same however the bytes come", () => {
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: 1, max: 30 })), (lengths, cuts) => {
      const bytes = stream(lengths);
      const { lane, seen } = newReader();
      let at = 0;
      for (let i = 0; at < bytes.length; i++) {
        const next = Math.min(bytes.length, at + (cuts[i] ?? 7));
        lane.push(bytes, at, next, next - at, i + 1);
        at = next;
      }
      assert.deepEqual(
        seen.map(({ total, first }) => [total, first]),
        lengths.map((size, i) => [size + 3, size === 0 ? -1 : i & 0x7f]),
      );
      assert.ok(seen.every(({ have, total, endedNs }) => have >= Math.min(total, 16) && endedNs > 0));
    }),
    { numRuns: 300 },
  );
});

test("what was not captured is passed over exactly where a length says how far it goes", () => {
  const bytes = stream([40, 5, 5]);
  const { lane, seen } = newReader();
  // Of the first frame 10 bytes were captured, in a write that ends with it.
  lane.push(bytes, 0, 10, 43, 1);
  lane.push(bytes, 43, bytes.length, bytes.length - 43, 2);
  assert.deepEqual(
    seen.map(({ total, have, endedNs }) => [total, have, endedNs]),
    [
      [43, 10, 1],
      [8, 8, 2],
      [8, 8, 2],
    ],
  );
  assert.equal(lane.losses(), 0);
});

test("where no length does, the place is lost until a write begins with a frame", () => {
  const bytes = stream([5, 40]);
  const { lane, seen } = newReader();
  lane.push(bytes, 0, 9, 51, 1);
  assert.equal(lane.isLost(), true);
  lane.push(Uint8Array.from([1, 2, 3, 4]), 0, 4, 4, 2);
  assert.equal(lane.isLost(), true);
  lane.push(bytes, 0, 8, 8, 3);
  assert.deepEqual([lane.isLost(), lane.losses(), seen.length], [false, 1, 2]);
});

test("late, the first write that is a frame begins", () => {
  const bytes = stream([5]);
  const { lane, seen } = newReader(true);
  lane.push(bytes, 4, 8, 4, 1);
  lane.push(bytes, 0, 8, 8, 2);
  assert.equal(seen.length, 1);
  assert.equal(lane.losses(), 0);
});
