import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SIGNAL_NAMES } from "../signals.js";
import {
  encodeFrameHeader,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  FRAME_PAYLOAD_MAX,
  FRAME_VERSION,
} from "./frame.js";
import { RECOVERY_CASES } from "./recover.js";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  SEGMENT_MAGIC,
  segmentFileName,
  segmentNumber,
  segmentToken,
} from "./segment.js";

const FORMAT = readFileSync(new URL("../../../../docs/wal.md", import.meta.url), "utf8");

test("docs/wal.md states the numbers that the code writes", () => {
  const signals = [...SIGNAL_NAMES].map(([number, name]) => `${number} ${name}`).join(", ");
  for (const text of [
    `the text \`${SEGMENT_MAGIC}\``,
    `The header has ${SEGMENT_HEADER_BYTES} bytes. Number and nonce`,
    `magic, 0x${FRAME_MAGIC.toString(16)}`,
    `version: ${FRAME_VERSION} `,
    `signal: ${signals} `,
    `at most ${FRAME_PAYLOAD_MAX} `,
    `The header has ${FRAME_HEADER_BYTES} bytes. The payload`,
    segmentFileName(1),
    segmentToken({ number: 7, nonce: "89abcdef01234567" }),
  ]) {
    assert.ok(FORMAT.includes(text), `docs/wal.md does not say: ${text}`);
  }
});

test("docs/wal.md and recover.ts have the same table", () => {
  const rows = [...FORMAT.matchAll(/^\| ([A-Z]) +\| (.+?) +\| (.+?) +\|$/gm)].map(
    ([, letter, when, decision]) => ({
      letter,
      when,
      decision,
    }),
  );
  const table = Object.values(RECOVERY_CASES).map(({ letter, when, decision }) => ({
    letter,
    when,
    decision,
  }));
  assert.deepEqual(rows, table);
});

test("a frame header is these bytes", () => {
  const bytes = Buffer.from(encodeFrameHeader(2, 3, Buffer.from("hello")));
  assert.equal(bytes.toString("hex", 0, 16), "47334652010200000300000005000000");
  // CRC-32 of "hello" as every zlib gives it.
  assert.equal(bytes.readUInt32LE(16), 0x3610a686);
});

test("segment names and headers read back", () => {
  const header = { number: 12_345_678_901, nonce: "00ff10203040506f" };
  assert.equal(segmentNumber(segmentFileName(header.number)), header.number);
  assert.equal(segmentNumber("damaged"), undefined);
  assert.equal(segmentNumber("1.wal"), undefined);
  const bytes = encodeSegmentHeader(header);
  assert.deepEqual(decodeSegmentHeader(bytes), header);
  assert.equal(decodeSegmentHeader(bytes.subarray(1)), undefined);
});
