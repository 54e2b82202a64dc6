// Makes the data directory of an earlier release, which migrations.test.ts opens with this one:
//   git clone . /tmp/earlier && cd /tmp/earlier && git checkout COMMIT && npm ci && npm run build
//   node packages/store/testdata/make-release.mjs /tmp/earlier schema-1.tar.gz
// schema-1.tar.gz is that of commit 09e33e5. Nothing in it ever expires.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const [checkout, archive] = process.argv.slice(2).map((path) => resolve(path));
const built = join(checkout, "packages/store/dist");
const { openStore } = await import(join(built, "index.js"));
const { plainBlock } = await import(join(built, "testing/plain-block.js"));
const dir = mkdtempSync("/tmp/go3s-release-");
const store = await openStore({ dir, retentionDays: 0 });
const block = (signal, rows, values) =>
  plainBlock(signal, rows, (name, row) => {
    if (name === "timestamp_ns") return 1_795_000_000_000_000_000n + BigInt(row) * 30_000_000_000n;
    return values(row)[name];
  });
const two = (row) => String(row).padStart(2, "0");
for (let part = 0; part < 3; part++) {
  const trace_id = (row) => `${part}`.repeat(30) + two(row);
  await store.append([
    block("traces", 20, (row) => ({
      trace_id: trace_id(row),
      span_id: `${part}`.repeat(14) + two(row),
      service_name: "shop",
      operation: `op-${row % 2}`,
      kind: 2,
      status_code: row === 3 ? 2 : 0,
      resource_id: 7,
      duration_ns: BigInt(row + 1) * 1000n,
    })),
    block("logs", 10, (row) => ({
      body: `line ${row}`,
      level: "INFO",
      service_name: "shop",
      resource_id: 7,
      trace_id: trace_id(row),
    })),
    block("metrics", 5, (row) => ({ name: "m", value: row, service_name: "cart", resource_id: 8 })),
  ]);
  await store.flush();
}
await store.close();
const tar = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-C", dir, "-czf", archive, "."];
execFileSync("tar", tar);
rmSync(dir, { recursive: true });
