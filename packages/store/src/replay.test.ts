import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { SIGNAL_NAMES } from "./signals.js";
import { openStore } from "./store.js";
import { plainBlock, spanBlock } from "./testing/plain-block.js";
import { temporaryDirectory } from "./testing/temporary-directory.js";
import { writeLog } from "./testing/write-log.js";

async function countsIn(dir: string): Promise<number[]> {
  await using store = await openStore({ dir });
  await store.flush();
  const counts: number[] = [];
  for (const signal of SIGNAL_NAMES.values()) {
    const [row] = await (await store.query(`SELECT count() AS n FROM ${signal}`)).rows<{ n: number }>();
    counts.push(row?.n ?? -1);
  }
  return counts;
}

test("a segment that was inserted and comes back is not inserted again, nor is one that only looks the same left out", async (t) => {
  const dir = temporaryDirectory(t);
  const wal = join(dir, "wal");
  const kept = join(dir, "kept");
  for (const path of [wal, kept]) mkdirSync(path);
  const blocks = [spanBlock("same", 40), plainBlock("logs", 3, () => 7), plainBlock("metrics", 2, () => 5)];
  const paths = await writeLog(wal, blocks);
  for (const path of paths) copyFileSync(path, join(kept, basename(path)));
  assert.deepEqual(await countsIn(dir), [40, 3, 2]);
  // As if the machine had died between the end of the insert and the removal of the segment.
  for (const path of paths) copyFileSync(join(kept, basename(path)), path);
  assert.deepEqual(await countsIn(dir), [40, 3, 2]);
  // A log that was begun anew has the same numbers and may hold the same bytes: its rows are new all the same.
  await writeLog(wal, blocks);
  assert.deepEqual(await countsIn(dir), [80, 6, 4]);
});

test("a segment whose insert was killed between the engine's note of it and its rows is inserted", async (t) => {
  const dir = temporaryDirectory(t);
  const wal = join(dir, "wal");
  mkdirSync(wal);
  const paths = await writeLog(wal, [spanBlock("noted", 40)]);
  const kept = paths.map((path) => join(dir, basename(path)));
  for (const [i, path] of paths.entries()) copyFileSync(path, kept[i] ?? "");
  assert.deepEqual(await countsIn(dir), [40, 0, 0]);
  // The state that kill -9 leaves in that moment: the engine's list names the part, and the part has no name yet.
  const parts = readdirSync(join(dir, "db"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /\/\d+_1_1_0$/.test(name),
  );
  const last = parts.at(-1);
  assert.ok(last !== undefined, "no part was found");
  rmSync(join(dir, "db", last), { recursive: true });
  for (const [i, path] of paths.entries()) copyFileSync(kept[i] ?? "", path);
  assert.deepEqual(await countsIn(dir), [40, 0, 0]);
  for (const [i, path] of paths.entries()) copyFileSync(kept[i] ?? "", path);
  assert.deepEqual(await countsIn(dir), [40, 0, 0]);
});
