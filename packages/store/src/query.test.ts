import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openStore } from "./store.js";
import type { Store } from "./store-types.js";
import { spanBlock } from "./testing/plain-block.js";

let store: Store;
const dir = mkdtempSync(join(tmpdir(), "go3s-query-"));

before(async () => {
  store = await openStore({ dir });
  await store.append([spanBlock("q", 100)]);
  await store.flush();
});

after(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function refusal(
  sql: string,
): Promise<{ code: string; clickhouseCode: number | undefined; message: string }> {
  try {
    await (await store.query(sql)).bytes();
  } catch (error) {
    return error as { code: string; clickhouseCode: number | undefined; message: string };
  }
  return assert.fail(`the engine ran: ${sql}`);
}

test("each format comes whole, and a FORMAT clause of the query wins", async () => {
  const sql = "SELECT number AS n, 'a' AS s FROM numbers(3)";
  const text = async (format: string, query = sql) => (await store.query(query, { format })).text();
  assert.equal(await text("JSONEachRow"), '{"n":0,"s":"a"}\n{"n":1,"s":"a"}\n{"n":2,"s":"a"}\n');
  assert.equal(await text("CSVWithNames"), '"n","s"\n0,"a"\n1,"a"\n2,"a"\n');
  assert.equal(await text("TSVWithNames"), "n\ts\n0\ta\n1\ta\n2\ta\n");
  assert.equal(JSON.parse(await text("JSON")).rows, 3);
  assert.deepEqual(JSON.parse(await text("JSONCompact")).data[2], [2, "a"]);
  assert.match(await text("PrettyCompact"), /│ 2 │ a │/);
  const native = Buffer.from(await (await store.query(sql, { format: "Native" })).bytes());
  assert.equal(native.toString("hex", 0, 4), "0203016e");
  const chosen = await store.query(`${sql} FORMAT TSV`, { format: "JSON" });
  assert.equal(chosen.format, "TSV");
  assert.equal(await chosen.text(), "0\ta\n1\ta\n2\ta\n");
  await assert.rejects(store.query(sql, { format: "JSON; DROP" }), { code: "bad-argument" });
  assert.equal((await refusal(`${sql} FORMAT NoSuchFormat`)).clickhouseCode, 73);
});

test("64-bit integers keep their digits", async () => {
  const text = await (await store.query("SELECT toUInt64(18446744073709551615) AS big")).text();
  assert.match(text, /18446744073709551615/);
});

test("parameters are bound by the engine: whatever they hold, they stay values", async () => {
  for (const value of [
    "plain",
    "it's",
    "back\\slash",
    "tab\tline\nnull\0end",
    "'; DROP TABLE traces; --",
    "ünïcode 🦊",
  ]) {
    const [row] = await (
      await store.query("SELECT {v:String} AS v, length({v:String}) AS bytes", { params: { v: value } })
    ).rows<{ v: string; bytes: number }>();
    assert.deepEqual(row, { v: value, bytes: Buffer.byteLength(value) });
  }
  const [row] = await (
    await store.query("SELECT {i:UInt64} + 1 AS i, {b:Bool} AS b, {a:Array(String)} AS a", {
      params: { i: 18446744073709551614n, b: true, a: "['x','y']" },
      format: "JSONEachRow",
    })
  ).rows<{ b: boolean; a: string[] }>();
  assert.deepEqual(row?.a, ["x", "y"]);
  assert.equal(row?.b, true);
  assert.equal((await refusal("SELECT {missing:String}")).clickhouseCode, 456);
  await assert.rejects(store.query("SELECT 1", { params: { "a = 1, readonly": "0" } }), {
    code: "query-failed",
  });
});

test("large results come in parts, and a reader that leaves ends the query", async () => {
  const result = await store.query("SELECT number, repeat('x', 100) AS pad FROM numbers(1000000)", {
    format: "TSV",
  });
  let parts = 0;
  for await (const chunk of result.chunks) {
    assert.ok(chunk.length > 0);
    if (++parts === 3) break;
  }
  assert.equal(parts, 3);
  const running =
    "SELECT count() AS n FROM system.processes WHERE query LIKE '%numbers(1000000)%' AND query NOT LIKE '%processes%'";
  for (let round = 0; ; round++) {
    const [left] = await (await store.query(running)).rows<{ n: number }>();
    if (left?.n === 0) break;
    assert.ok(round < 100, "the query that nobody reads any more still runs");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const all = await store.query("SELECT number FROM numbers(500000)", { format: "TSV" });
  assert.equal((await all.text()).split("\n").length, 500_001);
});

test("a query of the user's reaches no file, no network, no other right, and changes nothing", async () => {
  const out = join(dir, "outfile");
  const forbidden = [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT COLUMNS('span_id') APPLY file FROM traces",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1:1', 'system', 'one')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('/tmp/x.db', 't')",
    "SELECT * FROM default.`/etc/passwd`",
    `SELECT 1 INTO OUTFILE '${out}'`,
    "INSERT INTO traces (trace_id) VALUES ('x')",
    "INSERT INTO FUNCTION file('/tmp/x.csv') SELECT 1",
    "DROP TABLE traces",
    "TRUNCATE TABLE traces",
    "ALTER TABLE traces DELETE WHERE 1",
    "CREATE TABLE go3s.x (a UInt8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE x (a UInt8)",
    "SET ROLE go3s_writer",
    "SET readonly = 0",
    "SYSTEM FLUSH LOGS",
    "KILL QUERY WHERE 1",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_memory_usage = 0",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT 1 SETTINGS max_memory_usage = 999999999999",
  ];
  for (const sql of forbidden) assert.equal((await refusal(sql)).code, "query-forbidden", sql);
  assert.equal((await refusal("SELECT 1; SELECT 2")).clickhouseCode, 62);
  assert.ok(!existsSync(out));
  const rows = await (await store.query("SELECT count() AS n FROM traces")).rows<{ n: number }>();
  assert.deepEqual(rows, [{ n: 100 }]);
});

test("limits of time, memory and result end a query with an error that says which, and what to do", async () => {
  const limited = async (sql: string, limits: object, code: number, words: RegExp) => {
    await assert.rejects(
      async () => (await store.query(sql, { limits })).bytes(),
      (error: Error & { code: string; clickhouseCode: number; hint: string }) => {
        assert.equal(error.code, "query-limit");
        assert.equal(error.clickhouseCode, code);
        assert.match(error.message, words);
        assert.match(error.hint, /narrow the time range/);
        return true;
      },
    );
  };
  const endless = "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)";
  await limited(endless, { time_s: 1 }, 159, /[Tt]imeout exceeded.* maximum: 1000/);
  const large = "SELECT length(groupArray(toString(number))) FROM numbers(100000000)";
  await limited(large, { memoryBytes: 50_000_000 }, 241, /memory limit exceeded.*maximum: 47\.68 MiB/);
  await limited("SELECT number FROM numbers(100000)", { resultRows: 10 }, 396, /max rows: 10/);
  const wide = "SELECT leftPad(toString(number), 1000, 'x') FROM numbers(100000)";
  await limited(wide, { resultBytes: 1_000_000 }, 396, /max bytes: 976/);
  // A join that does not fit says the same, and the engine goes on.
  const keys = "(SELECT toString(number) AS k FROM numbers(2000000))";
  await limited(
    `SELECT count() FROM ${keys} AS a JOIN ${keys} AS b ON a.k = b.k`,
    { memoryBytes: 30_000_000 },
    241,
    /memory limit exceeded/,
  );
  assert.equal(await (await store.query("SELECT 1", { format: "TSV" })).text(), "1\n");
});

test("mistakes in the SQL come back with ClickHouse's code and clean text", async () => {
  const unknown = await refusal("SELECT nope FROM traces");
  assert.equal(unknown.code, "query-failed");
  assert.equal(unknown.clickhouseCode, 47);
  assert.ok(!unknown.message.includes("DB::Exception"), unknown.message);
  const syntax = await refusal("SELEC 1");
  assert.equal(syntax.clickhouseCode, 62);
  assert.ok(!syntax.message.includes("formatQuery"), syntax.message);
  assert.equal((await refusal("SELECT throwIf(number = 70000) FROM numbers(100000)")).clickhouseCode, 395);
  assert.equal((await refusal("")).code, "query-failed");
});

test("an abort signal ends the query in the engine", async () => {
  const controller = new AbortController();
  const running = store.query("SELECT sum(cityHash64(number)) FROM numbers(1000000000000)", {
    signal: controller.signal,
  });
  setTimeout(() => controller.abort(), 200);
  await assert.rejects(running, { code: "query-cancelled" });
});

test("queries run side by side, more than the engine takes at once", async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const result = await store.query("SELECT {i:UInt8} AS i", { params: { i: index } });
      return (await result.rows<{ i: number }>())[0]?.i;
    }),
  );
  assert.deepEqual(
    answers,
    Array.from({ length: 20 }, (_, index) => index),
  );
});
