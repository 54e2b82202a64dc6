import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SIGNAL_NAMES } from "../signals.js";
import { plainBlock } from "../testing/plain-block.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";
import { writeLog } from "../testing/write-log.js";
import { convertSegment } from "./convert.js";
import { realFileSystem } from "./file-system.js";

test("a payload file is cut into slices between payloads, the same each time, of so many rows at most", async (t) => {
  const dir = temporaryDirectory(t);
  // The header says how many rows there are; what a block really holds is not looked at here.
  const blocks = [100_000, 100_000, 100_000, 262_144, 300_000, 1, 2].map((rows, i) => ({
    ...plainBlock("traces", i + 1, () => undefined),
    rows,
  }));
  const [path = ""] = await writeLog(dir, blocks);
  const outDirectory = join(dir, "out");
  mkdirSync(outDirectory);
  const convert = () =>
    convertSegment({
      fileSystem: realFileSystem,
      path,
      length: statSync(path).size,
      signals: new Set(SIGNAL_NAMES.keys()),
      outDirectory,
      damagedDirectory: dir,
    });
  const { files } = await convert();
  assert.deepEqual(await convert().then((again) => again.files), files);
  const [file] = files;
  assert.deepEqual(
    file?.slices.map(({ rows }) => rows),
    [200_000, 100_000, 262_144, 300_000, 3],
  );
  const whole = readFileSync(file?.path ?? "");
  const payloads = blocks.map(({ bytes }) => Buffer.from(bytes));
  let start = 0;
  const cut = (file?.slices ?? []).map(({ bytes }) => {
    start += bytes;
    return whole.subarray(start - bytes, start);
  });
  assert.equal(start, whole.length);
  const expected = [[0, 1], [2], [3], [4], [5, 6]].map((numbers) =>
    Buffer.concat(numbers.map((i) => payloads[i] ?? Buffer.alloc(0))),
  );
  assert.deepEqual(cut, expected);
});
