import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ALIASES, COLUMNS, type Signal } from "./schema/columns.js";
import { DERIVED_TABLES } from "./schema/derived.js";
import { SIGNAL_NAMES } from "./signals.js";
import { openStore, openStoreReader } from "./store.js";
import type { Store } from "./store-types.js";
import { plainBlock, spanBlock, spanIdOf } from "./testing/plain-block.js";
import { temporaryDirectory } from "./testing/temporary-directory.js";
import { writeLog } from "./testing/write-log.js";

async function one<T>(store: Pick<Store, "query">, sql: string): Promise<T> {
  const [row] = await (await store.query(sql)).rows<T>();
  assert.ok(row !== undefined, `no row for ${sql}`);
  return row;
}

test("what is appended can be queried: all three signals, every column", async (t) => {
  await using store = await openStore({ dir: temporaryDirectory(t) });
  const signals = [...SIGNAL_NAMES.values()];
  await store.append([spanBlock("a", 5), ...signals.map((signal) => plainBlock(signal, 3, () => undefined))]);
  await store.flush();
  assert.deepEqual(
    await one(store, "SELECT count() AS n, countIf(service_name = 'shop') AS shop FROM traces"),
    {
      n: 8,
      shop: 5,
    },
  );
  assert.deepEqual(await one(store, "SELECT count() AS n FROM logs"), { n: 3 });
  assert.deepEqual(await one(store, "SELECT count() AS n FROM metrics"), { n: 3 });
  const span = await one<Record<string, unknown>>(
    store,
    `SELECT * FROM spans WHERE span_id = '${spanIdOf("a-4")}'`,
  );
  for (const { name } of COLUMNS.traces) assert.ok(name in span, `spans has no ${name}`);
  assert.equal(span["duration_ns"], 4000);
  assert.match(String(span["start_time"]), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}$/);
  const stats = store.stats();
  assert.deepEqual(stats.rowsInserted, { traces: 8, logs: 3, metrics: 3, profiles: 3 });
  assert.deepEqual(stats.rowsAcknowledged, stats.rowsInserted);
  assert.equal(stats.waiting.bytes, 0);
});

test("the tables have the columns of columns.ts, with their types", async (t) => {
  await using store = await openStore({ dir: temporaryDirectory(t) });
  for (const signal of SIGNAL_NAMES.values()) {
    const rows = await (
      await store.query(
        "SELECT name, type, default_kind FROM system.columns WHERE database = 'go3s' AND table = {t:String}",
        {
          params: { t: signal },
        },
      )
    ).rows<{ name: string; type: string; default_kind: string }>();
    const stored = rows.filter(({ default_kind }) => default_kind === "");
    assert.deepEqual(
      stored.map(({ name, type }) => ({ name, type })),
      COLUMNS[signal].map(({ name, type }) => ({ name, type })),
    );
    const aliases = rows
      .filter(({ default_kind }) => /^(ALIAS|MATERIALIZED)$/.test(default_kind))
      .map(({ name }) => name)
      .filter((name) => name !== "received_at");
    assert.deepEqual(
      aliases,
      ALIASES[signal].map(({ name }) => name),
    );
  }
});

test("the tables that are made of the signals' have the columns of derived.ts", async (t) => {
  await using store = await openStore({ dir: temporaryDirectory(t) });
  for (const { name: table, columns } of DERIVED_TABLES) {
    const rows = await (
      await store.query(
        "SELECT name, type FROM system.columns WHERE database = 'go3s' AND table = {t:String}",
        {
          params: { t: table },
        },
      )
    ).rows();
    assert.deepEqual(
      rows,
      columns.map(({ name, type }) => ({ name, type })),
    );
  }
});

test("data is there after close and open, also what was only in the log", async (t) => {
  const dir = temporaryDirectory(t);
  const first = await openStore({ dir });
  await first.append([spanBlock("before", 10)]);
  await first.close();
  await assert.rejects(first.append([spanBlock("late", 1)]), { code: "closed" });
  await assert.rejects(first.query("SELECT 1"), { code: "closed" });
  const reader = await openStoreReader({ dir });
  assert.deepEqual(await one(reader, "SELECT count() AS n FROM traces"), { n: 10 });
  await reader.close();
  await assert.rejects(openStoreReader({ dir: join(dir, "nothing") }), { code: "no-data" });
});

test("a second open names the process that holds the directory; a lock of a process that is gone is taken over", async (t) => {
  const dir = temporaryDirectory(t);
  const store = await openStore({ dir });
  await assert.rejects(openStore({ dir }), (error: Error & { code: string }) => {
    assert.equal(error.code, "directory-in-use");
    assert.ok(error.message.includes(`process ${process.pid} `), error.message);
    return true;
  });
  await store.close();
  assert.ok(!existsSync(join(dir, "lock")));
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  writeFileSync(join(dir, "lock"), JSON.stringify({ pid: gone, startTicks: 5, command: "gone" }));
  await (await openStore({ dir })).close();
  writeFileSync(join(dir, "lock"), "not json");
  await (await openStore({ dir })).close();
});

test("a directory that cannot be made is told", async (t) => {
  const dir = temporaryDirectory(t);
  writeFileSync(join(dir, "file"), "");
  await assert.rejects(openStore({ dir: join(dir, "file", "below") }), { code: "directory-unusable" });
});

test("a damaged and a torn segment: the rest is inserted, the bytes are set aside, counted and told", async (t) => {
  const dir = temporaryDirectory(t);
  const wal = join(dir, "wal");
  const first = await openStore({ dir });
  await first.close();
  const blocks = ["x", "y", "z"].map((name) => spanBlock(name, 100));
  const paths = await writeLog(wal, blocks);
  const path = paths[0] ?? "";
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  writeFileSync(path, bytes);
  truncateSync(path, bytes.length - 3);
  const notices: string[] = [];
  await using store = await openStore({ dir, onNotice: (text) => notices.push(text) });
  await store.flush();
  const found = await (
    await store.query("SELECT DISTINCT substring(unhex(trace_id), 1, 1) AS name FROM traces ORDER BY name")
  ).rows<{ name: string }>();
  assert.deepEqual(found, [{ name: "x" }]);
  assert.deepEqual(store.stats().dropped, {
    damaged: { frames: 1, rows: 100 },
    torn: { frames: 1, rows: 100 },
  });
  assert.equal(notices.filter((text) => text.includes("set aside")).length, 2, notices.join("\n"));
  assert.equal(readdirSync(join(wal, "damaged")).length, 2);
});

test("a block that the engine cannot take is set aside; its neighbours are inserted once", async (t) => {
  await using store = await openStore({ dir: temporaryDirectory(t) });
  const broken = { signal: "traces" as const, rows: 9, bytes: Buffer.from("this is no Native block at all") };
  await store.append([spanBlock("good", 20), broken, spanBlock("fine", 30)]);
  await store.flush();
  assert.deepEqual(await one(store, "SELECT count() AS n, uniqExact(span_id) AS ids FROM traces"), {
    n: 50,
    ids: 50,
  });
  assert.deepEqual(store.stats().dropped, { "refused-by-engine": { frames: 1, rows: 9 } });
  await store.append([spanBlock("next", 1)]);
  await store.flush();
  assert.deepEqual(await one(store, "SELECT count() AS n FROM traces"), { n: 51 });
});

test("append refuses with store-busy when too much waits, and takes again after", async (t) => {
  await using store = await openStore({ dir: temporaryDirectory(t), waitingBytesMax: 20_000 });
  await assert.rejects(store.append([spanBlock("big", 500)]), { code: "store-busy", retryable: true });
  await store.append([spanBlock("small", 10)]);
  await store.flush();
  assert.equal(store.stats().refused["store-busy"], 1);
  const unknown = { signal: "smells" as Signal, rows: 1, bytes: new Uint8Array(3) };
  await assert.rejects(store.append([unknown]), { code: "bad-block" });
});
