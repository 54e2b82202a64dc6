import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DAMAGE_PAYLOADS, damageSegment } from "../testing/damage-cases.js";
import { FaultyFileSystem } from "../testing/faulty-file-system.js";
import { readLog } from "../testing/read-log.js";
import { FRAME_HEADER_BYTES } from "./frame.js";
import { RECOVERY_CASES } from "./recover.js";
import { SEGMENT_HEADER_BYTES } from "./segment.js";

const PAYLOADS: readonly string[] = DAMAGE_PAYLOADS;

async function read(bytes: Buffer): ReturnType<typeof readLog> {
  const fileSystem = new FaultyFileSystem(1);
  fileSystem.files.set("/log/0000000001.wal", { written: bytes, durable: bytes });
  return readLog(fileSystem, "/log");
}

test("whatever the bytes are, reading ends, accounts for each byte, and gives only true payloads", async () => {
  const change = fc.record({ offset: fc.nat(2000), value: fc.integer({ min: 0, max: 255 }) });
  const changes = fc.array(change, { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(2200), async (edits, length) => {
      const bytes = damageSegment();
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
