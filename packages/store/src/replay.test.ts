import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { SIGNAL_NAMES } from "./signals.js";
import { openStore } from "./store.js";
import { plainBlock, spanBlock } from "./testing/plain-block.js";
import { profileBlock } from "./testing/profile-block.js";
import { temporaryDirectory } from "./testing/temporary-directory.js";
import { writeLog } from "./testing/write-log.js";

// What each insert brings: rows of the signals, and of what is made of them.
const counted = [
  ...[...SIGNAL_NAMES.values()].map((signal) => `SELECT count() AS n FROM ${signal}`),
  "SELECT sum(spans) AS n FROM red_minutes",
  "SELECT count() AS n FROM stacks",
];

const START = 1_790_000_000_000_000_000n;

async function countsIn(dir: string): Promise<number[]> {
  await using store = await openStore({ dir });
  await store.flush();
  const counts: number[] = [];
  for (const sql of counted) {
    const [row] = await (await store.query(sql)).rows<{ n: number }>();
    counts.push(row?.n ?? -1);
  }
  return counts;
}

test("a segment that was inserted and comes back is not inserted again, nor is one that only looks the same left out", async (t) => {
  const dir = temporaryDirectory(t);
  const wal = join(dir, "wal");
  const kept = join(dir, "kept");
  for (const path of [wal, kept]) mkdirSync(path);
  const blocks = [
    spanBlock("same", 40),
    plainBlock("logs", 3, () => 7),
    plainBlock("metrics", 2, () => 5),
    profileBlock(20, START),
  ];
  const paths = await writeLog(wal, blocks);
  for (const path of paths) copyFileSync(path, join(kept, basename(path)));
  assert.deepEqual(await countsIn(dir), [40, 3, 2, 20, 40, 5]);
  // As if the machine had died between the end of the insert and the removal of the segment.
  for (const path of paths) copyFileSync(join(kept, basename(path)), path);
  assert.deepEqual(await countsIn(dir), [40, 3, 2, 20, 40, 5]);
  // A log that was begun anew has the same numbers and may hold the same bytes: its rows are new all the same.
  await writeLog(wal, blocks);
  assert.deepEqual(await countsIn(dir), [80, 6, 4, 40, 80, 5]);
});

test("a segment whose insert was killed between the engine's note of it and its rows is inserted", async (t) => {
  const dir = temporaryDirectory(t);
  const wal = join(dir, "wal");
  mkdirSync(wal);
  const paths = await writeLog(wal, [spanBlock("noted", 40), profileBlock(20, START)]);
  const kept = paths.map((path) => join(dir, basename(path)));
  const bringBack = () => {
    for (const [i, path] of paths.entries()) copyFileSync(kept[i] ?? "", path);
  };
  for (const [i, path] of paths.entries()) copyFileSync(path, kept[i] ?? "");
  assert.deepEqual(await countsIn(dir), [40, 0, 0, 20, 40, 5]);
  // The state that kill -9 leaves in that moment: the engine's list names the part, and the part has no name yet. The
  // views' tables are written after the signal's own, so each of them may be the one that was being written.
  const store = join(dir, "db", "store");
  const parts = readdirSync(store, { recursive: true, encoding: "utf8" }).filter(
    (name) => /_(\d+)_\1_[01]$/.test(name) && existsSync(join(store, name, "..", "deduplication_logs")),
  );
  assert.ok(parts.length >= 6, `parts found: ${parts.join(" ")}`);
  for (const part of parts) {
    rmSync(join(store, part), { recursive: true, force: true });
    bringBack();
    assert.deepEqual(await countsIn(dir), [40, 0, 0, 20, 40, 5], part);
  }
  bringBack();
  assert.deepEqual(await countsIn(dir), [40, 0, 0, 20, 40, 5]);
});
