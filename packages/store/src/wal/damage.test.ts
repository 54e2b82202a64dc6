import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DAMAGE_CASES, DAMAGE_PAYLOADS, damageSegment } from "../testing/damage-cases.js";
import { FaultyFileSystem } from "../testing/faulty-file-system.js";
import type { ConvertedSegment } from "./convert.js";
import { convertSegment } from "./convert.js";
import { SEGMENT_HEADER_BYTES } from "./segment.js";

const PAGE = readFileSync(new URL("../../../../docs/wal.md", import.meta.url), "utf8");

/** convert reads a segment as the engine's process does, and gives what came of it and the file system after it. */
async function convert(bytes: Buffer): Promise<{ converted: ConvertedSegment; files: FaultyFileSystem }> {
  const files = new FaultyFileSystem(1);
  const path = "/log/0000000001.wal";
  files.files.set(path, { written: bytes, durable: bytes });
  const converted = await convertSegment({
    fileSystem: files,
    path,
    length: bytes.length,
    signals: new Set([1, 2, 3]),
    outDirectory: "/tmp",
    damagedDirectory: "/log/damaged",
  });
  return { converted, files };
}

for (const { name, harm, survive, letters, unnamed } of DAMAGE_CASES) {
  test(`damage: ${name}: ${survive.length} of ${DAMAGE_PAYLOADS.length} frames are kept`, async () => {
    const bytes = Buffer.from(harm(damageSegment()));
    const { converted, files } = await convert(bytes);
    const kept = survive.map((number) => DAMAGE_PAYLOADS[number - 1] ?? "").join("");
    const [file] = converted.files;
    assert.equal(file === undefined ? "" : String(files.files.get(file.path)?.written), kept);
    assert.equal(file?.rows ?? 0, survive.length);
    assert.equal(converted.damages.map(({ letter }) => letter).join(""), letters);
    const token = unnamed ? `1-unnamed-${bytes.length}` : "0000000001-0123456789abcdef";
    assert.equal(converted.token, token);
    // No byte is thrown away: each stretch that is not used lies beside the log, under the documented name.
    for (const { offset, length } of converted.damages) {
      const copy = files.files.get(`/log/damaged/${token}-${offset}.bin`)?.durable;
      assert.deepEqual(copy, bytes.subarray(offset, offset + length));
    }
    const unused = converted.damages.reduce((sum, { length }) => sum + length, 0);
    const used = survive.reduce((sum, number) => sum + 24 + (DAMAGE_PAYLOADS[number - 1]?.length ?? 0), 0);
    assert.equal(used + unused, bytes.length - SEGMENT_HEADER_BYTES);
  });
}

test("docs/wal.md and the damages that are built here are the same table", () => {
  const rows = [
    ...PAGE.matchAll(/^\| (.+?) +\| ([1-4, ]+|nothing) +\| ([A-Z, ]+|-) +\| (own|unnamed) +\|$/gm),
  ].map(([, name, kept, letters, token]) => ({ name, kept: kept?.trim(), letters, token }));
  const table = DAMAGE_CASES.map(({ name, survive, letters, unnamed }) => ({
    name,
    kept: survive.join(", ") || "nothing",
    letters: [...letters].join(", ") || "-",
    token: unnamed ? "unnamed" : "own",
  }));
  assert.deepEqual(rows, table);
});
