import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Database } from "../engine/database.js";
import { defaultQueryLimits, writeEngineConfig } from "../engine/settings.js";
import { openStore } from "../store.js";
import { spanBlock } from "../testing/plain-block.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";
import { DEFAULT_RETENTION, type Retention } from "./retention.js";

test("each signal has its own retention, tables that lead to rows live as long as they, and it can be changed", async (t) => {
  const dir = temporaryDirectory(t);
  const day = 86_400;
  const cases: readonly (readonly [Partial<Retention>, Record<string, number | null>])[] = [
    [
      {},
      {
        span_rows: 7,
        log_rows: 7,
        metric_rows: 7,
        profiles: 7,
        stack_rows: 7,
        resources: 7,
        trace_times: 7,
        red_minutes: 90,
        red_unseen: 90,
      },
    ],
    [
      { traces: 3 * day, metrics: 30 * day, profiles: 2 * day, rollups: 400 * day },
      {
        span_rows: 3,
        log_rows: 7,
        metric_rows: 30,
        profiles: 2,
        stack_rows: 2,
        resources: 30,
        trace_times: 7,
        red_minutes: 400,
        red_unseen: 400,
      },
    ],
    [
      {},
      {
        span_rows: 3,
        log_rows: 7,
        metric_rows: 30,
        profiles: 2,
        stack_rows: 2,
        resources: 30,
        trace_times: 7,
        red_minutes: 400,
        red_unseen: 400,
      },
    ],
    [
      { logs: 0 },
      {
        span_rows: 3,
        log_rows: null,
        metric_rows: 30,
        profiles: 2,
        stack_rows: 2,
        resources: null,
        trace_times: null,
        red_minutes: 400,
        red_unseen: 400,
      },
    ],
  ];
  for (const [retention, expected] of cases) {
    await using store = await openStore({ dir, retention });
    const rows = await (
      await store.query(
        "SELECT name, extract(engine_full, 'TTL received_at \\\\+ toIntervalSecond\\\\((\\\\d+)\\\\)') AS seconds FROM system.tables " +
          "WHERE database = 'go3s' AND name NOT IN ('schema_version') AND engine LIKE '%MergeTree'",
      )
    ).rows<{ name: string; seconds: string }>();
    const found = rows.map(({ name, seconds }) => [name, seconds === "" ? null : Number(seconds) / day]);
    assert.deepEqual(Object.fromEntries(found), expected);
  }
});

test("a shorter retention frees the disk of rows that are there already, and rollups stay", async (t) => {
  const dir = temporaryDirectory(t);
  const written = await openStore({ dir, retention: { traces: 0 } });
  await written.append([spanBlock("old", 500)]);
  await written.close();
  const memoryBytes = 1 << 30;
  const path = join(dir, "db");
  const engine = join(dir, "engine-of-test");
  mkdirSync(engine);
  const sizing = { memoryBytes, queryMax: defaultQueryLimits(memoryBytes) };
  const settings = (traces: number) =>
    writeEngineConfig(engine, path, sizing, { retention: { ...DEFAULT_RETENTION, traces }, nice: 0 });
  const before = new Database(settings(0));
  // What is not needed any more is kept for 8 minutes, in case the machine dies before it is on disk: not for a test.
  // A merge for expired rows that was looked for in vain, while a part is being changed, is looked for again after an hour.
  before.run(
    "ALTER TABLE go3s.span_rows MODIFY SETTING old_parts_lifetime = 1, cleanup_delay_period = 1, merge_with_ttl_timeout = 0",
  );
  const parts = "SELECT path FROM system.parts WHERE database = 'go3s' AND table = 'span_rows' AND rows > 0";
  const [part = ""] = before.run(parts).trim().split("\n");
  assert.ok(existsSync(part), `no part lies at ${part}`);
  before.close();
  const after = new Database(settings(1));
  try {
    // The part is first replaced by one that knows its new time to go: every part with rows must leave the disk.
    const seen = new Set([part]);
    const left = () =>
      after
        .run(parts)
        .trim()
        .split("\n")
        .filter((path) => path !== "");
    for (let round = 0; left().length > 0 || [...seen].some((path) => existsSync(path)); round++) {
      for (const path of left()) seen.add(path);
      assert.ok(round < 600, `expired rows still lie on the disk: ${left()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(after.run("SELECT count() FROM go3s.traces").trim(), "0");
    assert.equal(after.run("SELECT sum(spans) FROM go3s.red_minutes").trim(), "500");
    assert.equal(after.run("SELECT count() FROM go3s.trace_times").trim(), "500");
  } finally {
    after.close();
  }
});
