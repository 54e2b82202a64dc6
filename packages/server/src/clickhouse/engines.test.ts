import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createClient } from "@clickhouse/client";
import type { RemoteOptions, StoreError } from "@go3s/store";
import { CLUSTER } from "../testing/clickhouse-database.js";
import { TestClickHouse } from "../testing/clickhouse-server.js";
import { shopLogs, shopSpans, shopTraces } from "../testing/shop.js";
import { type Started, send, start } from "../testing/start.js";

/*
 * One suite, every engine: the embedded one, a server, a cluster of one shard, and what GO3S_TEST_CLICKHOUSE_URL names. The servers are
 * our own port with the right to write, over chDB; there a table is never replicated (TestDatabase).
 */

/** Opened is an engine's place: what the store is opened with, and how it is left. */
interface Opened {
  readonly clickhouse?: RemoteOptions;
  close(): Promise<void>;
}

interface Case {
  readonly name: string;
  readonly skip?: string | false;
  /** isShort leaves out what does not depend on rights: the database behind it is another case's. */
  readonly isShort?: boolean;
  open(): Promise<Opened>;
}

function served(name: string, hasRole: boolean, more: Partial<RemoteOptions> = {}): Case {
  return {
    name,
    isShort: !hasRole,
    async open() {
      const server = await TestClickHouse.start({ hasRole });
      const { url, user, password } = server;
      return { clickhouse: { url, user, password, ...more }, close: () => server.close() };
    },
  };
}

const real = process.env["GO3S_TEST_CLICKHOUSE_URL"];

const cases: readonly Case[] = [
  { name: "embedded", open: async () => ({ close: async () => undefined }) },
  served("a server whose user has the reader's role", true),
  served("a server whose user has not, another database", false, { database: "go3s_other" }),
  served("a cluster", true, { cluster: CLUSTER }),
  {
    name: "GO3S_TEST_CLICKHOUSE_URL",
    skip: real === undefined ? "it names no server" : false,
    async open() {
      const cluster = process.env["GO3S_TEST_CLICKHOUSE_CLUSTER"];
      const clickhouse = {
        url: real ?? "",
        user: process.env["GO3S_TEST_CLICKHOUSE_USER"] ?? "default",
        password: process.env["GO3S_TEST_CLICKHOUSE_PASSWORD"] ?? "",
        database: `go3s_test_${process.pid}`,
        ...(cluster === undefined ? {} : { cluster }),
      };
      return {
        clickhouse,
        async close() {
          const client = createClient({
            url: clickhouse.url,
            username: clickhouse.user,
            password: clickhouse.password,
          });
          const everywhere = cluster === undefined ? "" : ` ON CLUSTER \`${cluster}\``;
          await client.command({ query: `DROP DATABASE IF EXISTS ${clickhouse.database}${everywhere} SYNC` });
          await client.close();
        },
      };
    },
  },
];

// The shop's minute lies in the past hour.
const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

for (const { name, skip = false, isShort = false, open } of cases) {
  describe(name, { skip }, () => {
    const elsewhere = isShort ? "the other server has it" : false;
    let opened: Opened;
    let started: Started;

    before(async () => {
      opened = await open();
      const { clickhouse } = opened;
      started = await start({}, clickhouse === undefined ? {} : { clickhouse });
    });
    after(async () => {
      await started?.close();
      await opened?.close();
    });

    const rows = async <T>(sql: string, params: Record<string, string> = {}): Promise<T[]> =>
      (await started.store.query(sql, { params })).rows<T>();
    const refused = async (sql: string, options = {}): Promise<StoreError> => {
      try {
        await (await started.store.query(sql, options)).bytes();
      } catch (error) {
        return error as StoreError;
      }
      return assert.fail(`the engine ran ${sql}`);
    };
    const ingest = async (path: string, body: Uint8Array): Promise<void> => {
      const headers = { "content-type": "application/x-protobuf" };
      const { otlp_http } = started.server.addresses;
      const answer = await send(`${otlp_http}/v1/${path}`, { method: "POST", headers, body });
      assert.equal(answer.status, 200);
    };

    test("what comes in can be queried, and what is made of it", async () => {
      await ingest("traces", shopSpans(startMs));
      await ingest("logs", shopLogs(startMs));
      await started.store.flush();
      const { rowsAcknowledged: acknowledged, rowsInserted, waiting, dropped } = started.store.stats();
      assert.deepEqual([rowsInserted, waiting.bytes, dropped], [acknowledged, 0, {}]);
      const counts = await rows(
        "SELECT (SELECT count() FROM traces) AS traces, (SELECT count() FROM spans) AS spans, (SELECT count() FROM logs) AS logs, " +
          "(SELECT uniqExact(trace_id) FROM traces) AS ids, (SELECT sum(spans) FROM red_minutes) AS red",
      );
      const { traces, logs } = acknowledged;
      assert.deepEqual(counts, [{ traces, spans: traces, logs, ids: shopTraces, red: traces }]);
      const [made] = await rows<{ times: number; resources: number; sent: number }>(
        "SELECT (SELECT uniqExact(id) FROM trace_times) AS times, (SELECT uniqExact(resource_id) FROM resources) AS resources, " +
          "(SELECT uniqExact(resource_id) FROM (SELECT resource_id FROM traces UNION ALL SELECT resource_id FROM logs)) AS sent",
      );
      assert.ok(made !== undefined && made.times >= shopTraces, JSON.stringify(made));
      assert.equal(made.resources, made.sent);
    });

    test("rows are told by what they are about, in the fused language too", async () => {
      const found = await rows<{ n: number }>(
        "SELECT count() AS n FROM traces JOIN logs ON span.trace_id = log.trace_id WHERE span.duration_ns > 0 AND log.timestamp > span.start_time - INTERVAL '10m'",
      );
      assert.ok((found[0]?.n ?? 0) > 0);
    });

    test("the page's statements run", async () => {
      const { web } = started.server.addresses;
      const span = `from=${startMs}&to=${startMs + 60_000}`;
      const hours = `from=${startMs - 7_200_000}&to=${startMs + 3_600_000}`;
      for (const path of [
        `services?${span}`,
        `services?${hours}`,
        `map?${hours}`,
        `traces?${span}`,
        `logs?${span}`,
        "status",
      ]) {
        const answer = await send(web, { path: `/api/v1/${path}` });
        assert.equal(answer.status, 200, `${path}: ${answer.body}`);
      }
    });

    test("results come in the format asked for, parameters stay values", async () => {
      const sql = "SELECT number AS n, 'a' AS s FROM numbers(3)";
      const text = async (format: string) => (await started.store.query(sql, { format })).text();
      assert.equal(await text("JSONEachRow"), '{"n":0,"s":"a"}\n{"n":1,"s":"a"}\n{"n":2,"s":"a"}\n');
      assert.equal(await text("CSVWithNames"), '"n","s"\n0,"a"\n1,"a"\n2,"a"\n');
      assert.equal(JSON.parse(await text("JSON")).rows, 3);
      const chosen = await started.store.query(`${sql} FORMAT TSV`, { format: "JSON" });
      assert.deepEqual([chosen.format, await chosen.text()], ["TSV", "0\ta\n1\ta\n2\ta\n"]);
      for (const v of ["it's", "back\\slash", "tab\tline\nend", "'; DROP TABLE traces; --", "ünïcode 🦊"])
        assert.deepEqual(await rows("SELECT {v:String} AS v", { v }), [{ v }]);
      assert.deepEqual(await rows("SELECT {v:Array(String)} AS v", { v: "['a','b']" }), [{ v: ["a", "b"] }]);
      assert.match(
        await (await started.store.query("SELECT toUInt64(18446744073709551615) AS big")).text(),
        /18446744073709551615/,
      );
    });

    test("what is wrong is told with ClickHouse's number, what is not allowed is refused", async () => {
      for (const [sql, code] of [
        ["SELEC 1", 62],
        ["SELECT nope FROM traces", 47],
        ["SELECT * FROM nothing_of_that_name", 60],
      ] as const) {
        const error = await refused(sql);
        assert.deepEqual(
          [error.code, error.clickhouseCode],
          ["query-failed", code],
          `${sql}: ${error.message}`,
        );
      }
      for (const sql of [
        "DROP TABLE traces",
        "INSERT INTO traces (trace_id) VALUES ('x')",
        "SELECT * FROM url('http://127.0.0.1:9/', 'CSV', 'a String')",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1:9000', 'go3s', 'traces')",
        "SELECT * FROM system.users",
        "SELECT 1 SETTINGS max_memory_usage = 900000000000",
        "SELECT 1 SETTINGS max_execution_time = 0",
        "SELECT 1 SETTINGS readonly = 0",
      ])
        assert.equal((await refused(sql)).code, "query-forbidden", sql);
      assert.equal(
        (await refused("SELECT 1", { settings: { max_memory_usage: "900000000000" } })).code,
        "query-forbidden",
      );
      assert.equal(
        await (await started.store.query("SELECT count() > 0 FROM traces", { format: "TSV" })).text(),
        "1\n",
      );
    });

    test("limits end a query", { skip: elsewhere }, async () => {
      const limit = async (sql: string, limits: object) => (await refused(sql, { limits })).clickhouseCode;
      assert.equal(await limit("SELECT number FROM numbers(100)", { resultRows: 10 }), 396);
      assert.equal(
        await limit("SELECT sum(cityHash64(number)) FROM numbers(100000000000)", { time_s: 1 }),
        159,
      );
      const keys = "(SELECT toString(number) AS k FROM numbers(2000000))";
      const join = `SELECT count() FROM ${keys} AS a JOIN ${keys} AS b ON a.k = b.k`;
      assert.equal(await limit(join, { memoryBytes: 30_000_000 }), 241);
    });

    test("a large result comes part by part; who leaves or cancels ends it in the engine", {
      skip: elsewhere,
    }, async () => {
      const large = await started.store.query("SELECT number FROM numbers(3000000)", { format: "TSV" });
      let bytes = 0;
      for await (const chunk of large.chunks) bytes += chunk.length;
      assert.equal(bytes, 22_888_890);
      const left = await started.store.query("SELECT number FROM numbers(1000000000)", { format: "TSV" });
      for await (const _ of left.chunks) break;
      const controller = new AbortController();
      const running = started.store.query("SELECT sum(cityHash64(number)) FROM numbers(1000000000000)", {
        signal: controller.signal,
      });
      setTimeout(() => controller.abort(), 200);
      await assert.rejects(running, { code: "query-cancelled" });
      // Both are gone: queries side by side have the engine to themselves.
      const sums = await Promise.all(
        Array.from({ length: 8 }, (_, i) => rows<{ i: number }>(`SELECT ${i} AS i`)),
      );
      assert.deepEqual(
        sums.flat().map(({ i }) => i),
        [0, 1, 2, 3, 4, 5, 6, 7],
      );
    });

    test("an error in the middle of a result is no end of it", { skip: elsewhere }, async () => {
      const error = await refused("SELECT throwIf(number = 2000000, 'so far') AS n FROM numbers(3000000)", {
        format: "TSV",
      });
      assert.ok(["query-failed", "engine-lost"].includes(error.code), error.code);
      assert.deepEqual(await rows("SELECT 1 AS one"), [{ one: 1 }]);
    });

    test("a block that the engine cannot take is set aside, its neighbours are there once", {
      skip: elsewhere,
    }, async () => {
      const [{ n: before } = { n: -1 }] = await rows<{ n: number }>("SELECT count() AS n FROM traces");
      const good = await started.store.query("SELECT * FROM traces WHERE trace_id = '' OR 1 LIMIT 7", {
        format: "Native",
      });
      const bytes = await good.bytes();
      const broken = {
        signal: "traces" as const,
        rows: 9,
        bytes: Buffer.from("this is no Native block at all"),
      };
      const whole = { signal: "traces" as const, rows: 7, bytes };
      await started.store.append([whole, broken, whole]);
      await started.store.flush();
      assert.deepEqual(await rows("SELECT count() AS n FROM traces"), [{ n: before + 14 }]);
      assert.deepEqual(started.store.stats().dropped, { "refused-by-engine": { frames: 1, rows: 9 } });
    });

    test("sizes and retention are those of the tables that keep rows", async () => {
      const isTold = () =>
        started.store.stats().tables.some(({ table, rows }) => table === "traces" && rows > 0);
      for (let round = 0; !isTold() && round < 1200; round++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      const { tables } = started.store.stats();
      const kept = new Map(tables.map(({ table, keptSeconds }) => [table, keptSeconds / 86_400]));
      assert.deepEqual([kept.get("traces"), kept.get("logs"), kept.get("red_minutes")], [7, 7, 90]);
    });
  });
}
