import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Session } from "chdb";
import { fillIn, quoteText, readSource, statementsOf } from "../engine/sql.js";
import { MIGRATIONS, migrationSteps } from "../schema/migrations.js";
import { runSteps } from "../schema/steps.js";
import { SHARDING_KEYS } from "./sharding.js";
import { ownNames, type RemoteTarget, requireTarget, statementsFor } from "./target.js";

let session: Session;
before(() => {
  session = new Session();
});
after(() => session.close());

const server: RemoteTarget = { database: "spans-of_us", cluster: undefined };
const cluster: RemoteTarget = { database: "go3s", cluster: "c 1" };

/** canonical is the engine's own form; it throws where the engine does not understand a statement. */
function canonical(sql: string): string {
  return session.query(`SELECT formatQuerySingleLine(${quoteText(sql)})`, "TSVRaw").trim();
}

/** schema gives every statement that a release with data of the first one would run. */
function schema(): string[] {
  const statements: string[] = [];
  const run = (sql: string): string => {
    statements.push(sql);
    return sql.includes("max(version)") ? "1" : "";
  };
  runSteps(run, migrationSteps([{ version: 1, name: "new", files: [] }, ...MIGRATIONS.slice(1)]));
  const first = MIGRATIONS[0]?.files ?? [];
  return [...first.flatMap((file) => statementsOf(readSource(`schema/${file}`))), ...statements];
}

const others = [
  ...statementsOf(readSource("schema/set-retention.sql")).map((sql) =>
    fillIn(sql, { table: "traces", seconds: 60 }),
  ),
  fillIn(readSource("schema/remove-retention.sql"), { table: "traces" }),
  readSource("schema/retention.sql"),
  readSource("engine/sizes.sql"),
];

test("the engine understands every statement of the schema, for one server and for a cluster", () => {
  for (const target of [server, cluster])
    for (const sql of [...schema(), ...others])
      for (const statement of statementsFor(sql, target)) {
        const text = canonical(statement);
        const words = `${statement}\n${text}`;
        if (target === server) assert.doesNotMatch(text, /\bgo3s\b(?!_)/, words);
        assert.equal(
          /ON CLUSTER/.test(text),
          target === cluster && /^(?:CREATE|ALTER|TRUNCATE)/.test(text),
          words,
        );
      }
});

test("on a cluster a table is a replicated one on every server, and one over them by a key that keeps traces whole", () => {
  const created = schema().filter((sql) => sql.startsWith("CREATE TABLE"));
  assert.ok(created.length >= 6, String(created.length));
  for (const sql of created) {
    const table = /go3s\.(\w+)/.exec(sql)?.[1] ?? "";
    const [local = "", over = ""] = statementsFor(sql, cluster).map(canonical);
    assert.match(local, new RegExp(`^CREATE TABLE IF NOT EXISTS go3s\\.${table}_local ON CLUSTER \`c 1\``));
    if (!/ENGINE = Null/.test(sql))
      assert.match(
        local,
        new RegExp(
          `ENGINE = Replicated(?:\\w*)MergeTree\\('/clickhouse/tables/{shard}/go3s/${table}_local', '{replica}'`,
        ),
      );
    if (/non_replicated_deduplication_window/.test(sql)) {
      assert.match(local, /[ ,]replicated_deduplication_window = 10000/);
      assert.match(local, /replicated_deduplication_window_seconds = 2592000/);
    }
    assert.doesNotMatch(local, /non_replicated/);
    assert.ok(
      over.startsWith(
        `CREATE TABLE IF NOT EXISTS go3s.${table} ON CLUSTER \`c 1\` AS go3s.${table}_local ENGINE = Distributed('c 1', 'go3s', '${table}_local', `,
      ),
      over,
    );
    assert.equal(
      canonical(`SELECT ${SHARDING_KEYS[table]}`),
      `SELECT ${over.slice(over.indexOf("_local', ") + 9, -1)}`,
    );
  }
  assert.equal(SHARDING_KEYS["traces"], "cityHash64(trace_id)");
});

test("a server's tables remember the tokens of many that insert", () => {
  const sql =
    "CREATE TABLE go3s.a (x Int8) ENGINE = MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 1000, b = 1";
  assert.deepEqual(statementsFor(sql, { database: "go3s", cluster: undefined }), [
    sql.replace("go3s", "`go3s`").replace("1000", "100000"),
  ]);
});

test("views join what lies on the same server; columns are made in both tables, indexes where rows are", () => {
  const view =
    "CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.v TO go3s.resources AS SELECT 'go3s.logs' AS a FROM go3s.logs";
  assert.deepEqual(statementsFor(view, cluster), [
    "CREATE MATERIALIZED VIEW IF NOT EXISTS `go3s`.v ON CLUSTER `c 1` TO `go3s`.resources_local AS SELECT 'go3s.logs' AS a FROM `go3s`.logs_local",
  ]);
  assert.deepEqual(
    statementsFor("CREATE VIEW IF NOT EXISTS go3s.spans AS SELECT * FROM go3s.traces", cluster),
    ["CREATE VIEW IF NOT EXISTS `go3s`.spans ON CLUSTER `c 1` AS SELECT * FROM `go3s`.traces"],
  );
  assert.deepEqual(statementsFor("ALTER TABLE go3s.logs ADD COLUMN IF NOT EXISTS x Int8", cluster), [
    "ALTER TABLE `go3s`.logs_local ON CLUSTER `c 1` ADD COLUMN IF NOT EXISTS x Int8",
    "ALTER TABLE `go3s`.logs ON CLUSTER `c 1` ADD COLUMN IF NOT EXISTS x Int8",
  ]);
  assert.deepEqual(statementsFor("ALTER TABLE go3s.logs ADD INDEX IF NOT EXISTS i x TYPE minmax", cluster), [
    "ALTER TABLE `go3s`.logs_local ON CLUSTER `c 1` ADD INDEX IF NOT EXISTS i x TYPE minmax",
  ]);
  assert.equal(
    ownNames("traces_local\t7\nnot_local_here\t1\nspans\n"),
    "traces\t7\nnot_local_here\t1\nspans\n",
  );
});

test("names that could be something else than names are refused", () => {
  requireTarget({ database: "go3s-2.a", cluster: "my_cluster" });
  for (const database of ["", "a b", "a`b", "1a", "a'"])
    assert.throws(() => requireTarget({ database, cluster: undefined }), { code: "bad-argument" });
  assert.throws(() => requireTarget({ database: "a", cluster: "x;y" }), { code: "bad-argument" });
});
