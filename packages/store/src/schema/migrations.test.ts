import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Session } from "chdb";
import { openStore } from "../store.js";
import type { Store } from "../store-types.js";
import { spanBlock } from "../testing/plain-block.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";
import { MIGRATIONS, migrate } from "./migrations.js";

/** rowsSince is the schema from which on `traces` is a view. */
const rowsSince = 4;

/** earlierRelease unpacks the data directory that an earlier release wrote. */
function earlierRelease(t: TestContext): string {
  const dir = temporaryDirectory(t);
  const archive = fileURLToPath(new URL("../../testdata/schema-1.tar.gz", import.meta.url));
  execFileSync("tar", ["-xzf", archive, "-C", dir]);
  return dir;
}

async function rowsOf(store: Store, sql: string): Promise<unknown[]> {
  return (await store.query(sql)).rows();
}

const made =
  "SELECT (SELECT sum(spans) FROM red_minutes) AS spans, (SELECT sum(errors) FROM red_minutes) AS errors, " +
  "(SELECT uniqExact(id) FROM trace_times) AS traces, (SELECT uniqExact(resource_id) FROM resources) AS resources";

test("the data directory of the previous release is opened: its rows are there, and new tables hold old and new ones", async (t) => {
  const dir = earlierRelease(t);
  await using store = await openStore({ dir });
  const counts =
    "SELECT (SELECT count() FROM traces) AS traces, (SELECT count() FROM logs) AS logs, (SELECT count() FROM metrics) AS metrics";
  assert.deepEqual(await rowsOf(store, counts), [{ traces: 60, logs: 30, metrics: 15 }]);
  assert.deepEqual(await rowsOf(store, made), [{ spans: 60, errors: 3, traces: 60, resources: 2 }]);
  assert.deepEqual(
    await rowsOf(
      store,
      "SELECT operation, sum(spans) AS n, arrayMap(q -> round(q / 1000), quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(durations)) AS q FROM red_minutes GROUP BY operation ORDER BY operation",
    ),
    [
      { operation: "op-0", n: 30, q: [9, 19, 19] },
      { operation: "op-1", n: 30, q: [10, 20, 20] },
    ],
  );
  await store.append([spanBlock("new", 40)]);
  await store.flush();
  assert.deepEqual(await rowsOf(store, counts), [{ traces: 100, logs: 30, metrics: 15 }]);
  const expiring =
    "SELECT name FROM system.tables WHERE database = 'go3s' AND engine_full LIKE '% TTL %' ORDER BY name";
  assert.deepEqual(await rowsOf(store, expiring), [
    { name: "profiles" },
    { name: "red_minutes" },
    { name: "red_unseen" },
    { name: "stack_rows" },
  ]);
  assert.deepEqual(await rowsOf(store, made), [{ spans: 100, errors: 3, traces: 100, resources: 3 }]);
  assert.deepEqual(
    await rowsOf(
      store,
      "SELECT count() AS n FROM traces WHERE has(attribute_hashes, cityHash64('no', 'where'))",
    ),
    [{ n: 0 }],
  );
});

test("a migration that fails at any of its statements says so, and the release before goes on with the data", async (t) => {
  const dir = earlierRelease(t);
  const session = new Session(join(dir, "db"));
  const run = (sql: string) => session.query(sql, "TSVRaw");
  let statements = 0;
  const failingAt = (at: number) => () =>
    migrate((sql) => {
      if (statements++ === at) throw new Error("no room");
      return run(sql);
    });
  const newest = String(MIGRATIONS.at(-1)?.version);
  let expected = 60;
  try {
    for (let at = 3; ; at += 3) {
      statements = 0;
      try {
        failingAt(at)();
        break;
      } catch (error) {
        assert.match(String(error), /from schema \d to \d .*no room/);
        assert.equal((error as { code?: string }).code, "migration-failed");
      }
      assert.notEqual(run("SELECT max(version) FROM go3s.schema_version").trim(), newest);
      // What the release before does: it inserts its columns and counts its rows.
      const version = Number(run("SELECT max(version) FROM go3s.schema_version"));
      run(
        `INSERT INTO go3s.${version < rowsSince ? "traces" : "traces_received"} (trace_id, span_id, timestamp_ns) VALUES ('${"1a".repeat(16)}', 'late-${at}', 1795000000000000000)`,
      );
      expected++;
      assert.equal(run("SELECT count() FROM go3s.traces").trim(), String(expected));
    }
    assert.ok(expected > 64, "the migration was stopped in few places");
    assert.equal(run("SELECT max(version) FROM go3s.schema_version").trim(), newest);
    assert.equal(run("SELECT sum(spans) FROM go3s.red_minutes").trim(), String(expected));
    assert.equal(run("SELECT uniqExact(id) FROM go3s.trace_times").trim(), "61");
  } finally {
    session.close();
  }
});
