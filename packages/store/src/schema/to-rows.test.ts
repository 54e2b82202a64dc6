import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Session } from "chdb";
import { openStore } from "../store.js";
import type { Store } from "../store-types.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";
import { migrate } from "./migrations.js";

/** What testdata/make-schema-3.mjs put in: spans of two thirds, half as many records, a quarter as many points. */
const letters = { a: 40, b: 40, c: 24, d: 12 };
const sent = Object.entries(letters).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, n) => ({ letter, n, count })),
);
const id = (letter: string, n: number, digits: number): string =>
  letter.repeat(digits - 4) + String(n).padStart(4, "0");

/** Spans have three bytes 255 where the others have RAW. */
function attributesOf(n: number, bytes = "RAW"): Record<string, string> {
  if (n % 5 === 4) return {};
  const raw = n === 7 ? `a.${bytes}.b` : "ü";
  return { n: String(n), empty: "", "http.route": `/things/${n % 3}`, raw };
}

function schema3(t: TestContext): string {
  const dir = temporaryDirectory(t);
  const archive = fileURLToPath(new URL("../../testdata/schema-3.tar.gz", import.meta.url));
  execFileSync("tar", ["-xzf", archive, "-C", dir]);
  return dir;
}

async function ask<T>(store: Store, sql: string): Promise<T[]> {
  return (await store.query(sql)).rows<T>();
}

test("rows of schema 3 are moved whole, with what its log held, once", async (t) => {
  const dir = schema3(t);
  for (let round = 0; round < 2; round++) {
    await using store = await openStore({ dir });
    await store.flush();
    const spans = sent.filter(({ n }) => n % 3 < 2).sort((x, y) => compare(x.letter, y.letter) || x.n - y.n);
    assert.deepEqual(
      await ask(
        store,
        "SELECT trace_id, span_id, parent_span_id AS parent, operation, toString(kind) AS kind, toString(status_code) AS status, toString(timestamp_ns) AS at, duration_ns, " +
          "attributes, resource_attributes AS resource, length(events) AS events, links.trace_id AS links FROM traces ORDER BY span_id",
      ),
      spans.map(({ letter, n }) => ({
        trace_id: id(letter, n >> 1, 32),
        span_id: id(letter, n, 16),
        parent: n % 2 === 1 ? id(letter, n - 1, 16) : "",
        operation: `op-${n % 2}`,
        kind: n % 2 === 0 ? "SERVER" : "CLIENT",
        status: n === 3 ? "ERROR" : "UNSET",
        at: String(1_795_000_000_000_000_000n + BigInt(n) * 7_000_000_000n),
        duration_ns: (n + 1) * 1000,
        attributes: attributesOf(n, "\ufffd".repeat(3)),
        resource: resourceOf(n % 3 === 0 ? "shop" : "cart"),
        events: n === 1 ? 1 : 0,
        links: n === 2 ? [id("f", 1, 32)] : [],
      })),
    );
    // What was kept without types is asked as texts.
    assert.deepEqual(
      await ask(
        store,
        "SELECT DISTINCT arrayJoin(mapValues(attribute_types)) AS type FROM traces WHERE mapKeys(attribute_types) = mapKeys(attributes)",
      ),
      [{ type: "string" }],
    );
    const records = sent.filter(({ n, count }) => n < count >> 1);
    assert.deepEqual(
      await ask(store, "SELECT body, attributes, trace_id, span_id FROM logs ORDER BY trace_id, body"),
      records
        .map(({ letter, n }) => ({
          body: `line ${n}`,
          attributes: attributesOf(n),
          trace_id: n % 2 === 0 ? id(letter, n, 32) : "",
          span_id: n % 2 === 0 ? id(letter, n, 16) : "",
        }))
        .sort((x, y) => compare(x.trace_id, y.trace_id) || compare(x.body, y.body)),
    );
    assert.deepEqual(
      await ask(store, "SELECT count() AS n, sum(value) AS sum, uniqExact(attributes) AS kinds FROM metrics"),
      [{ n: 29, sum: sum(sent.filter(({ n, count }) => n < count >> 2).map(({ n }) => n / 2)), kinds: 9 }],
    );
    assert.deepEqual(
      await ask(
        store,
        "SELECT (SELECT sum(spans) FROM red_minutes) AS spans, (SELECT uniqExact(resource_id) FROM resources) AS resources, (SELECT count() FROM resources WHERE attributes['host.name'] = '') AS nameless, " +
          `(SELECT count() FROM (SELECT DISTINCT trace_id FROM traces UNION DISTINCT SELECT trace_id FROM logs WHERE trace_id != '') WHERE toUInt32(cityHash64(trace_id)) NOT IN (SELECT id FROM trace_times)) AS untimed`,
      ),
      [{ spans: spans.length, resources: 2, nameless: 0, untimed: 0 }],
    );
    assert.equal(store.stats().waiting.segments, 0);
    assert.deepEqual(await ask(store, `SELECT name FROM system.tables WHERE name LIKE '%before'`), []);
    const kept = store.stats().tables.map(({ table, keptSeconds }) => [table, keptSeconds]);
    assert.equal(Object.fromEntries(kept)["logs"], 1_000_000_000);
    assert.equal(Object.fromEntries(kept)["traces"], 0);
  }
});

test("a move that is killed anywhere is begun anew or goes on: all rows are there, once", (t) => {
  const session = new Session(join(schema3(t), "db"));
  const run = (sql: string) => session.query(sql, "TSVRaw");
  let kills = 0;
  try {
    for (let at = 4; ; at += 5) {
      let statements = 0;
      try {
        migrate((sql) => {
          // Nothing is undone by a process that is not there any more.
          if (statements++ >= at) throw new Error("killed");
          return run(sql);
        });
        if (statements < at) break;
      } catch {
        kills++;
      }
    }
    assert.ok(kills > 6, `killed in ${kills} places`);
    const counts =
      "SELECT (SELECT count() FROM go3s.traces), (SELECT uniqExact(span_id) FROM go3s.traces), (SELECT sum(spans) FROM go3s.red_minutes), (SELECT count() FROM go3s.logs), (SELECT count() FROM go3s.metrics)";
    assert.equal(run(counts).trim(), "70\t70\t70\t52\t26");
  } finally {
    session.close();
  }
});

test("a directory that was moved has the very tables of a new one", async (t) => {
  const tablesOf = async (dir: string) => {
    await using store = await openStore({ dir });
    const rows = await ask<{ name: string; text: string }>(
      store,
      "SELECT name, create_table_query AS text FROM system.tables WHERE database = 'go3s' AND name NOT LIKE '.inner%' ORDER BY name",
    );
    const plain = (text: string) =>
      text
        .replace(/ UUID '[^']*'/g, "")
        .replace(/ TTL received_at \+ toIntervalSecond\(\d+\)/, "")
        .replace(", materialize_ttl_recalculate_only = 1", "");
    return new Map(rows.map(({ name, text }) => [name, plain(text)]));
  };
  const moved = await tablesOf(schema3(t));
  const made = await tablesOf(temporaryDirectory(t));
  assert.deepEqual([...moved.keys()], [...made.keys()]);
  for (const [name, text] of made) assert.equal(moved.get(name), text);
});

function resourceOf(service: string): Record<string, string> {
  return { "service.name": service, "host.name": `host of ${service}` };
}

function compare(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
