import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { type ClickHouseClient, ClickHouseError, createClient } from "@clickhouse/client";
import { shopSpans } from "../testing/shop.js";
import { type Started, send, start } from "../testing/start.js";

let started: Started;
let url = "";
let client: ClickHouseClient;

before(async () => {
  started = await start();
  url = `${started.server.addresses.web}/clickhouse`;
  await send(`${started.server.addresses.otlp_http}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: shopSpans(Date.now() - 60_000),
  });
  await started.store.flush();
  client = createClient({ url: started.server.addresses.web, pathname: "/clickhouse", database: "go3s" });
});
after(async () => {
  await client.close();
  await started.close();
});

describe("ClickHouse's own client", () => {
  test("pings", async () => {
    assert.deepEqual(await client.ping(), { success: true });
    assert.deepEqual(await client.ping({ select: true }), { success: true });
  });

  test("reads rows, with parameters bound by the engine and settings of its own", async () => {
    const result = await client.query({
      query:
        "SELECT service_name, count() AS n FROM traces WHERE service_name != {none:String} GROUP BY 1 ORDER BY 1",
      query_params: { none: "it's \\ nothing" },
      format: "JSONEachRow",
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
    });
    const rows = await result.json<{ service_name: string; n: string }>();
    assert.ok(rows.length > 0);
    assert.equal(typeof rows[0]?.n, "string");
    assert.match(result.query_id, /^[0-9a-f-]{36}$/);
  });

  test("reads JSON with its head, and an insert is refused", async () => {
    const whole = await (await client.query({ query: "SELECT 1 AS one", format: "JSON" })).json<{
      one: number;
    }>();
    assert.deepEqual(whole.data, [{ one: 1 }]);
    assert.equal(whole.rows, 1);
    await assert.rejects(
      client.insert({ table: "traces", values: [{ trace_id: "x" }], format: "JSONEachRow" }),
      (error) => error instanceof ClickHouseError && error.type === "READONLY" && error.code === "164",
    );
  });

  test("streams a large result, compressed", async () => {
    const compressed = createClient({
      url: started.server.addresses.web,
      pathname: "/clickhouse",
      compression: { response: true },
    });
    try {
      const result = await compressed.query({
        query: "SELECT number AS n FROM numbers(300000)",
        format: "JSONEachRow",
      });
      let rows = 0;
      let last = "";
      for await (const part of result.stream()) {
        rows += part.length;
        last = part.at(-1)?.text ?? last;
      }
      assert.equal(rows, 300_000);
      assert.match(last, /299999/);
    } finally {
      await compressed.close();
    }
  });

  test("hears errors with ClickHouse's numbers and names", async () => {
    for (const [query, type, code] of [
      ["SELECT nothing FROM traces", "UNKNOWN_IDENTIFIER", "47"],
      ["SELECT 1 FROM no_such_table", "UNKNOWN_TABLE", "60"],
      ["SELEC 1", "SYNTAX_ERROR", "62"],
      ["DROP TABLE traces", "READONLY", "164"],
    ] as const) {
      await assert.rejects(
        client.query({ query }),
        (error) => error instanceof ClickHouseError && error.type === type && error.code === code,
        query,
      );
    }
  });

  test("cannot raise what bounds it, nor leave what it may read", async () => {
    await assert.rejects(
      client.query({ query: "SELECT 1", clickhouse_settings: { max_memory_usage: "900000000000" } }),
      (error) => error instanceof ClickHouseError && error.code === "452",
    );
    // `readonly` in the address is no setting here: what writes is refused all the same.
    const writes = await send(`${url}/?readonly=0&query=DROP%20TABLE%20traces`);
    assert.equal(writes.status, 403);
    await assert.rejects(
      client.query({ query: "SELECT * FROM file('/etc/passwd', 'LineAsString')" }),
      (error) => error instanceof ClickHouseError,
    );
  });
});

describe("the interface itself", () => {
  test("takes the statement from the address, from the body, or from both", async () => {
    const asked = (path: string, method = "GET", body?: string) =>
      send(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) }).then((answer) =>
        answer.body.toString(),
      );
    assert.equal(await asked("/?query=SELECT%201"), "1\n");
    assert.equal(await asked("/", "POST", "SELECT 2"), "2\n");
    assert.equal(await asked("/?query=SELECT%203,", "POST", "4"), "3\t4\n");
    assert.equal(await asked("/?query=SELECT%20{a:UInt8}&param_a=5&default_format=CSV"), "5\n");
    assert.equal(await asked("/"), "Ok.\n");
    assert.equal(await asked("/ping"), "Ok.\n");
    assert.equal(await asked("/?query=SELECT%20max(length(span_id))%20FROM%20go3s.traces"), "16\n");
  });

  test("answers with ClickHouse's headers", async () => {
    const answer = await send(`${url}/?query=SELECT%201%20FORMAT%20JSON&query_id=mine`);
    assert.equal(answer.headers["x-clickhouse-query-id"], "mine");
    assert.equal(answer.headers["x-clickhouse-format"], "JSON");
    assert.match(String(answer.headers["content-type"]), /^application\/json/);
    const zipped = await send(`${url}/?query=SELECT%201&enable_http_compression=1`, {
      headers: { "accept-encoding": "gzip" },
    });
    assert.equal(gunzipSync(zipped.body).toString(), "1\n");
  });

  test("says errors in ClickHouse's form, with its statuses", async () => {
    const wrong = await send(`${url}/?query=SELECT%20x`);
    assert.equal(wrong.status, 404);
    assert.equal(wrong.headers["x-clickhouse-exception-code"], "47");
    assert.match(
      wrong.body.toString(),
      /^Code: 47\. DB::Exception: .* \(UNKNOWN_IDENTIFIER\) \(version [\d.]+ \(go3s\)\)\n$/s,
    );
    const elsewhere = await send(`${url}/?query=SELECT%201&database=secrets`);
    assert.equal(elsewhere.status, 400);
    const native = await send(`${url}/?query=SELECT%201&compress=1`);
    assert.match(native.body.toString(), /enable_http_compression=1/);
    const foreign = await send(`${url}/?query=SELECT%201`, {
      headers: { origin: "https://elsewhere.example" },
    });
    assert.equal(foreign.status, 403);
  });
});
