import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ExportTraceServiceRequest, encodeProtobuf } from "@go3s/telemetry";
import { Database } from "../engine/database.js";
import { defaultQueryLimits, writeEngineConfig } from "../engine/settings.js";
import { sweepTenants } from "../engine/tenant-sweep.js";
import { TracesIngest } from "../ingest/traces.js";
import { openStore } from "../store.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";
import type { Retention } from "./retention.js";

const day_s = 86_400;
const now_s = Math.floor(Date.now() / 1000);

/** spansOf are a block of spans of two tenants, `acme` by its attribute, the same number each, and one whose name is none. */
function spansOf(count: number) {
  const ingest = new TracesIngest({ tenantAttribute: "team" });
  const id = (n: number, digits: number) => (n + 1).toString(16).padStart(digits, "0");
  const tenants = ["acme", undefined, "not a name"];
  ingest.append(
    encodeProtobuf(ExportTraceServiceRequest, {
      resourceSpans: tenants.map((team, t) => ({
        resource: team === undefined ? {} : { attributes: [{ key: "team", value: { stringValue: team } }] },
        scopeSpans: [
          {
            spans: Array.from({ length: team === "not a name" ? 1 : count }, (_, i) => ({
              traceId: id(t * count + i, 32),
              spanId: id(t * count + i, 16),
              name: "op",
              startTimeUnixNano: BigInt(now_s) * 1_000_000_000n,
              endTimeUnixNano: BigInt(now_s) * 1_000_000_000n,
              attributes: [{ key: "k", value: { stringValue: String(Math.random()).repeat(8) } }],
            })),
          },
        ],
      })),
    }),
  );
  return [ingest.take() ?? assert.fail("no block")];
}

function openTables(dir: string, retention: Partial<Retention>, t: TestContext): Database {
  const memoryBytes = 1 << 30;
  const engine = join(dir, "engine-of-test");
  mkdirSync(engine, { recursive: true });
  const sizing = { memoryBytes, queryMax: defaultQueryLimits(memoryBytes) };
  const database = new Database(writeEngineConfig(engine, join(dir, "db"), sizing, { retention, nice: 0 }));
  t.after(() => database.close());
  return database;
}

test("a tenant's shorter time frees the disk of its rows, and of nobody else's", async (t) => {
  const dir = temporaryDirectory(t);
  const store = await openStore({ dir, retention: { tenants: { acme: { traces: day_s } } } });
  await store.append(spansOf(4_000));
  await store.close();
  const prepared = openTables(dir, {}, t);
  // What is not needed any more is kept for 8 minutes, in case the machine dies before it is on disk: not for a test. The
  // thread that removes it may sleep already, so the database is opened anew; what it finds nothing to do at makes it sleep for
  // longer and longer, up to five minutes.
  prepared.run(
    "ALTER TABLE go3s.span_rows MODIFY SETTING old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 1, cleanup_delay_period_random_add = 0",
  );
  prepared.close();
  const database = openTables(dir, {}, t);
  const bytes = () =>
    Number(
      database.run(
        "SELECT sum(bytes_on_disk) FROM system.parts WHERE database = 'go3s' AND table = 'span_rows' AND active",
      ),
    );
  const rows = () =>
    database.run("SELECT tenant, count() FROM go3s.traces GROUP BY tenant ORDER BY tenant FORMAT CSV").trim();
  const mutations = () => database.run("SELECT count() FROM system.mutations WHERE database = 'go3s'").trim();
  const [part = ""] = database
    .run("SELECT path FROM system.parts WHERE database = 'go3s' AND table = 'span_rows' AND active")
    .trim()
    .split("\n");
  assert.equal(rows(), '"acme",4000\n"default",4001');
  const before = bytes();
  const done = mutations();
  assert.equal(await sweepTenants(database, now_s + day_s / 2), 0, "nothing is old enough");
  assert.equal(mutations(), done);
  assert.ok(existsSync(part));
  assert.equal(await sweepTenants(database, now_s + 2 * day_s), 1);
  for (let round = 0; rows() !== '"default",4001' || existsSync(part); round++) {
    assert.ok(round < 600, `rows or their part are still there: ${rows()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(bytes() < before * 0.65, `${bytes()} of ${before} bytes are left for half of the rows`);
  const after = mutations();
  assert.equal(await sweepTenants(database, now_s + 2 * day_s), 0, "there is nothing left to do");
  assert.equal(mutations(), after);
});

test("tenants' times stay with the directory until they are named anew, and are never longer than their signal's", async (t) => {
  const dir = temporaryDirectory(t);
  const cases: readonly (readonly [Partial<Retention>, string, string])[] = [
    [
      { tenants: { acme: { traces: day_s, logs: 3600 }, "b.c-d": { traces: 60 } } },
      "keep acme 86400, b.c-d 60",
      "keep acme 3600",
    ],
    [{ traces: 3 * day_s }, "keep acme 86400, b.c-d 60", "keep acme 3600"],
    [{ tenants: { acme: { traces: 7200, logs: 0 } } }, "keep acme 7200, b.c-d 60", ""],
    [{ tenants: { acme: { traces: 0 }, "b.c-d": { traces: 0 } } }, "", ""],
  ];
  for (const [retention, spans, logs] of cases) {
    await using store = await openStore({ dir, retention });
    const rows = await (
      await store.query(
        "SELECT comment FROM system.tables WHERE database = 'go3s' AND name IN ('span_rows', 'log_rows') ORDER BY name",
      )
    ).rows();
    assert.deepEqual(rows, [{ comment: logs }, { comment: spans }]);
  }
  await assert.rejects(openStore({ dir, retention: { tenants: { acme: { traces: 4 * day_s } } } }), {
    code: "engine-start",
    message: /acme cannot be kept for 345600 s: traces are kept for 259200 s/,
  });
});

test("where no tenant has a time of its own, nothing is looked at", async (t) => {
  const dir = temporaryDirectory(t);
  const store = await openStore({ dir });
  await store.append(spansOf(1));
  await store.close();
  const database = openTables(dir, {}, t);
  assert.equal(await sweepTenants(database, now_s + 400 * day_s), 0);
  assert.equal(database.run("SELECT count() FROM go3s.traces").trim(), "3");
});
