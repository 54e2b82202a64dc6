import { crc32 } from "node:zlib";
import { encodeFrameHeader, FRAME_HEADER_BYTES } from "../wal/frame.js";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from "../wal/segment.js";

/** DAMAGE_PAYLOADS are the payloads of the four frames of damageSegment(). */
export const DAMAGE_PAYLOADS = ["alpha", "beta".repeat(300), "gamma", "delta"] as const;

const starts: number[] = [SEGMENT_HEADER_BYTES];
for (const payload of DAMAGE_PAYLOADS)
  starts.push((starts.at(-1) ?? 0) + FRAME_HEADER_BYTES + payload.length);

/** frameStart gives the offset of the n-th frame of damageSegment(), counted from 0. */
export function frameStart(index: number): number {
  return starts[index] ?? 0;
}

/** damageSegment makes a whole segment of four frames of one row each. */
export function damageSegment(): Buffer {
  const parts: Uint8Array[] = [encodeSegmentHeader({ number: 1, nonce: "0123456789abcdef" })];
  for (const payload of DAMAGE_PAYLOADS) {
    const bytes = Buffer.from(payload);
    parts.push(encodeFrameHeader(1, 1, bytes), bytes);
  }
  return Buffer.concat(parts);
}

/** DamageCase is a way to harm a segment, and what docs/wal.md says is left of it. */
export interface DamageCase {
  /** name is the case's row in docs/wal.md. */
  readonly name: string;
  readonly harm: (bytes: Buffer) => Buffer;
  /** survive numbers the frames that are kept, from 1. */
  readonly survive: readonly number[];
  /** letters are the rows of RECOVERY_CASES that decide about the others. */
  readonly letters: string;
  /** unnamed says that the segment's token is made of number and length. */
  readonly unnamed?: true;
}

function flip(bytes: Buffer, offset: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x40, offset);
  return bytes;
}

/** reheader changes a byte of the n-th frame's header and gives it the checksum that fits. */
function reheader(bytes: Buffer, index: number, offset: number, value: number): Buffer {
  const at = frameStart(index);
  bytes.writeUInt8(value, at + offset);
  bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 20)), at + 20);
  return bytes;
}

/** DAMAGE_CASES are the rows of docs/wal.md's table of damages, in its order. */
export const DAMAGE_CASES: readonly DamageCase[] = [
  { name: "none", harm: (b) => b, survive: [1, 2, 3, 4], letters: "" },
  {
    name: "cut inside the last frame's header",
    harm: (b) => b.subarray(0, frameStart(3) + 5),
    survive: [1, 2, 3],
    letters: "B",
  },
  {
    name: "zeros behind the last frame",
    harm: (b) => Buffer.concat([b, Buffer.alloc(99)]),
    survive: [1, 2, 3, 4],
    letters: "C",
  },
  {
    name: "a bit changed in the last frame's header",
    harm: (b) => flip(b, frameStart(3) + 13),
    survive: [1, 2, 3],
    letters: "C",
  },
  {
    name: "a bit changed in the first frame's header",
    harm: (b) => flip(b, frameStart(0) + 8),
    survive: [2, 3, 4],
    letters: "D",
  },
  {
    name: "a bit changed in the checksum of a header in the middle",
    harm: (b) => flip(b, frameStart(1) + 20),
    survive: [1, 3, 4],
    letters: "D",
  },
  {
    name: "a header in the middle that promises more than a frame may hold",
    harm: (b) => reheader(b, 1, 15, 0xff),
    survive: [1, 3, 4],
    letters: "D",
  },
  {
    name: "a header in the middle that promises more than the segment has",
    harm: (b) => reheader(b, 1, 14, 1),
    survive: [1],
    letters: "E",
  },
  {
    name: "cut inside the last payload",
    harm: (b) => b.subarray(0, b.length - 1),
    survive: [1, 2, 3],
    letters: "E",
  },
  {
    name: "cut inside a payload in the middle",
    harm: (b) => b.subarray(0, frameStart(1) + 400),
    survive: [1],
    letters: "E",
  },
  {
    name: "a frame of a later version",
    harm: (b) => reheader(b, 1, 4, 9),
    survive: [1, 3, 4],
    letters: "F",
  },
  {
    name: "a frame of an unknown signal",
    harm: (b) => reheader(b, 1, 5, 99),
    survive: [1, 3, 4],
    letters: "F",
  },
  {
    name: "a bit changed in the last payload",
    harm: (b) => flip(b, b.length - 1),
    survive: [1, 2, 3],
    letters: "G",
  },
  {
    name: "a bit changed in a payload in the middle",
    harm: (b) => flip(b, frameStart(1) + 500),
    survive: [1, 3, 4],
    letters: "H",
  },
  {
    name: "two frames harmed in two ways",
    harm: (b) => flip(flip(b, frameStart(0) + FRAME_HEADER_BYTES), frameStart(2) + 1),
    survive: [2, 4],
    letters: "HD",
  },
  {
    name: "a page of zeros over the first two headers",
    harm: (b) => b.fill(0, SEGMENT_HEADER_BYTES, frameStart(1) + 100),
    survive: [3, 4],
    letters: "D",
  },
  {
    name: "a bit changed in the segment's header",
    harm: (b) => flip(b, 17),
    survive: [1, 2, 3, 4],
    letters: "",
    unnamed: true,
  },
  {
    name: "a segment header of a later version",
    harm: (b) => flip(b, 7),
    survive: [1, 2, 3, 4],
    letters: "",
    unnamed: true,
  },
  {
    name: "nothing but zeros",
    harm: (b) => Buffer.alloc(b.length),
    survive: [],
    letters: "C",
    unnamed: true,
  },
  {
    name: "only the segment's header",
    harm: (b) => b.subarray(0, SEGMENT_HEADER_BYTES),
    survive: [],
    letters: "",
  },
];
