import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MIGRATIONS } from "../schema/migrations.js";
import { DEFAULT_RETENTION } from "../schema/retention.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";
import { Database } from "./database.js";
import { defaultQueryLimits, writeEngineConfig } from "./settings.js";

test("the schema is made once, sizes are told, and a directory of a newer release is refused", (t) => {
  const dir = temporaryDirectory(t);
  const path = join(dir, "db & <more>");
  mkdirSync(path);
  const memoryBytes = 1 << 30;
  const settings = writeEngineConfig(
    join(dir, "engine"),
    path,
    { memoryBytes, queryMax: defaultQueryLimits(memoryBytes) },
    { retention: { ...DEFAULT_RETENTION, traces: 3600 }, nice: 0 },
  );
  for (let round = 0; round < 2; round++) {
    const database = new Database(settings);
    const versions = database.run("SELECT version FROM go3s.schema_version").trim();
    assert.equal(versions, String(MIGRATIONS.at(-1)?.version));
    assert.equal(database.sizes().find(({ table }) => table === "traces")?.rows ?? 0, 0);
    database.close();
  }
  const later = new Database(settings);
  sizesAreTold(later);
  later.run("INSERT INTO go3s.schema_version (version, name) VALUES (999, 'from the future')");
  later.close();
  assert.throws(() => new Database(settings), { code: "schema-too-new" });
});

/** sizesAreTold is part of the test above: a process opens one directory only. */
function sizesAreTold(database: Database): void {
  for (const [tenant, rows] of [
    ["acme", 300],
    ["zeta", 20_000],
  ] as const)
    database.run(
      `INSERT INTO go3s.traces_received (tenant, service_name, timestamp_ns) SELECT '${tenant}', 's', number FROM numbers(${rows})`,
    );
  const sizes = database.sizes();
  const traces = sizes.find(({ table }) => table === "traces");
  assert.deepEqual(
    [...(traces?.tenants ?? [])].sort((a, b) => a.rows - b.rows),
    [
      { tenant: "acme", rows: 300 },
      { tenant: "zeta", rows: 20_000 },
    ],
  );
  assert.deepEqual([traces?.rows, traces?.keptSeconds], [20_300, 3600]);
  assert.equal(sizes.find(({ table }) => table === "red_minutes")?.keptSeconds, DEFAULT_RETENTION.rollups);
  assert.ok(sizes.every(({ merges, mergingBytes }) => merges >= 0 && mergingBytes >= 0));
}
