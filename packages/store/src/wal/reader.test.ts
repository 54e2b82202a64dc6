import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FaultyFileSystem } from "../testing/faulty-file-system.js";
import { readLog } from "../testing/read-log.js";
import { encodeFrameHeader, FRAME_HEADER_BYTES } from "./frame.js";
import { RECOVERY_CASES } from "./recover.js";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from "./segment.js";

const PAYLOADS = ["alpha", "beta".repeat(300), "gamma", "delta"];
/** STARTS are the offsets of the frames of the four payloads, and the end. */
const STARTS: number[] = [SEGMENT_HEADER_BYTES];
for (const payload of PAYLOADS) STARTS.push((STARTS.at(-1) ?? 0) + FRAME_HEADER_BYTES + payload.length);

function segment(): Buffer {
  const parts: Uint8Array[] = [encodeSegmentHeader({ number: 1, nonce: "0123456789abcdef" })];
  for (const payload of PAYLOADS) {
    const bytes = Buffer.from(payload);
    parts.push(encodeFrameHeader(1, 1, bytes), bytes);
  }
  return Buffer.concat(parts);
}

function at(index: number): number {
  return STARTS[index] ?? 0;
}

async function read(bytes: Buffer): ReturnType<typeof readLog> {
  const fileSystem = new FaultyFileSystem(1);
  fileSystem.files.set("/log/0000000001.wal", { written: bytes, durable: bytes });
  return readLog(fileSystem, "/log");
}

interface DamageCase {
  readonly name: string;
  readonly harm: (bytes: Buffer) => Buffer;
  readonly survive: readonly number[];
  readonly letters: string;
}

function flip(bytes: Buffer, offset: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x40, offset);
  return bytes;
}

const DAMAGE: readonly DamageCase[] = [
  { name: "nothing", harm: (b) => b, survive: [0, 1, 2, 3], letters: "" },
  {
    name: "cut inside the last header",
    harm: (b) => b.subarray(0, at(3) + 5),
    survive: [0, 1, 2],
    letters: "B",
  },
  {
    name: "zeros behind the last frame",
    harm: (b) => Buffer.concat([b, Buffer.alloc(99)]),
    survive: [0, 1, 2, 3],
    letters: "C",
  },
  { name: "a bit in the last header", harm: (b) => flip(b, at(3) + 13), survive: [0, 1, 2], letters: "C" },
  { name: "a bit in the first header", harm: (b) => flip(b, at(0) + 8), survive: [1, 2, 3], letters: "D" },
  {
    name: "a bit in a header in the middle",
    harm: (b) => flip(b, at(1) + 20),
    survive: [0, 2, 3],
    letters: "D",
  },
  {
    name: "cut inside the last payload",
    harm: (b) => b.subarray(0, b.length - 1),
    survive: [0, 1, 2],
    letters: "E",
  },
  {
    name: "cut inside a payload in the middle",
    harm: (b) => b.subarray(0, at(1) + 400),
    survive: [0],
    letters: "E",
  },
  { name: "a bit in the last payload", harm: (b) => flip(b, b.length - 1), survive: [0, 1, 2], letters: "G" },
  {
    name: "a bit in a payload in the middle",
    harm: (b) => flip(b, at(1) + 500),
    survive: [0, 2, 3],
    letters: "H",
  },
  { name: "a bit in the segment's own header", harm: (b) => flip(b, 17), survive: [0, 1, 2, 3], letters: "" },
  {
    name: "two frames harmed in two ways",
    harm: (b) => flip(flip(b, at(0) + FRAME_HEADER_BYTES), at(2) + 1),
    survive: [1, 3],
    letters: "HD",
  },
  {
    name: "only the segment's header",
    harm: (b) => b.subarray(0, SEGMENT_HEADER_BYTES),
    survive: [],
    letters: "",
  },
  { name: "nothing but zeros", harm: (b) => Buffer.alloc(b.length), survive: [], letters: "C" },
];

for (const { name, harm, survive, letters } of DAMAGE) {
  test(`damage: ${name}: ${survive.length} of ${PAYLOADS.length} frames survive`, async () => {
    const { payloads, damages } = await read(harm(segment()));
    assert.deepEqual(
      payloads,
      survive.map((index) => PAYLOADS[index]),
    );
    assert.equal(damages.map(({ letter }) => letter).join(""), letters);
  });
}

test("a frame of a later version is set aside, and reading goes on behind it", async () => {
  const bytes = segment();
  const payload = Buffer.from(PAYLOADS[1] ?? "");
  const header = Buffer.from(encodeFrameHeader(1, 1, payload));
  header.writeUInt8(9, 4);
  const { crc32 } = await import("node:zlib");
  header.writeUInt32LE(crc32(header.subarray(0, 20)), 20);
  header.copy(bytes, at(1));
  const { payloads, damages } = await read(bytes);
  assert.deepEqual(payloads, [PAYLOADS[0], PAYLOADS[2], PAYLOADS[3]]);
  assert.deepEqual(
    damages.map(({ letter, rows }) => ({ letter, rows })),
    [{ letter: "F", rows: 1 }],
  );
});

test("whatever the bytes are, reading ends, accounts for each byte, and gives only true payloads", async () => {
  const change = fc.record({ offset: fc.nat(2000), value: fc.integer({ min: 0, max: 255 }) });
  const changes = fc.array(change, { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(2200), async (edits, length) => {
      const bytes = Buffer.from(segment());
      for (const { offset, value } of edits) if (offset < bytes.length) bytes[offset] = value;
      const cut = bytes.subarray(0, Math.min(length, bytes.length));
      const { payloads, damages } = await read(cut);
      for (const payload of payloads) assert.ok(PAYLOADS.includes(payload));
      const used = payloads.reduce((sum, payload) => sum + FRAME_HEADER_BYTES + payload.length, 0);
      const unused = damages.reduce((sum, damage) => sum + damage.length, 0);
      assert.equal(used + unused, Math.max(0, cut.length - SEGMENT_HEADER_BYTES));
      for (const { letter } of damages) assert.ok(letter in RECOVERY_CASES);
    }),
    { numRuns: 500 },
  );
});
