import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { HistoryAnswer, StatusAnswer } from "../api/types.js";
import { shopSpans, shopTraces } from "../testing/shop.js";
import { type Started, send, start } from "../testing/start.js";

let started: Started;
let url = "";
const webRoot = mkdtempSync(join(tmpdir(), "go3s-page-"));
const script = `console.debug("${"x".repeat(3000)}");`;

before(async () => {
  mkdirSync(join(webRoot, "assets"));
  writeFileSync(join(webRoot, "index.html"), "<!doctype html><title>Go3s</title>");
  writeFileSync(join(webRoot, "assets", "index-3f2a.js"), script);
  started = await start({ webRoot });
  url = started.server.addresses.web;
  const headers = { "content-type": "application/x-protobuf" };
  const body = shopSpans(Date.now() - 60_000);
  await send(`${started.server.addresses.otlp_http}/v1/traces`, { method: "POST", headers, body });
  await started.store.flush();
  // Sizes are asked for after an insert, and nobody waits for them.
  while (!started.server.status().store.tenants.some(({ rows }) => rows > 0))
    await new Promise((resolve) => setTimeout(resolve, 20));
});
after(async () => {
  await started.close();
  rmSync(webRoot, { recursive: true, force: true });
});

const query = (sql: string, parameters = "", headers: Record<string, string> = {}) =>
  send(`${url}/api/v1/query?${parameters}`, { method: "POST", headers, body: sql });

test("the page is served at its addresses, guarded by its headers", async () => {
  for (const path of ["/", "/services/checkout", "/traces/0af7651916cd43dd8448eb211c80319c?span=1"]) {
    const answer = await send(url, { path });
    assert.equal(answer.status, 200);
    assert.match(answer.body.toString(), /<title>Go3s/);
    assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
    assert.equal(answer.headers["cache-control"], "no-cache");
    assert.match(
      String(answer.headers["content-security-policy"]),
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
  }
});

test("hashed files are kept for ever, come compressed, and are not sent again", async () => {
  const path = "/assets/index-3f2a.js";
  const answer = await send(url, { path, headers: { "accept-encoding": "gzip" } });
  assert.equal(answer.headers["content-type"], "text/javascript; charset=utf-8");
  assert.match(String(answer.headers["cache-control"]), /immutable/);
  assert.equal(answer.headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(answer.body).toString(), script);
  const again = await send(url, { path, headers: { "if-none-match": String(answer.headers.etag) } });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
  const head = await send(url, { path, method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-length"]], [200, String(script.length)]);
});

test("nothing outside of the page's folder is served", async () => {
  for (const path of [
    "/../package.json",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%2f..%2fx",
    "/nothing.js",
  ]) {
    assert.equal((await send(url, { path })).status, 404, path);
  }
});

test("other sites and rebound names are refused with the reason", async () => {
  const rebound = await send(url, { path: "/api/v1/services", headers: { host: "evil.example" } });
  assert.equal(rebound.status, 403);
  assert.equal(JSON.parse(rebound.body.toString()).error.code, "host-refused");
  const foreign = await query("SELECT 1", "", { origin: "https://evil.example" });
  assert.equal(foreign.status, 403);
  assert.equal(JSON.parse(foreign.body.toString()).error.code, "origin-refused");
  const own = await query("SELECT 1", "", { origin: url });
  assert.equal(own.status, 200);
});

test("health, readiness and metrics", async () => {
  assert.equal((await send(`${url}/healthz`)).status, 200);
  const ready = await send(`${url}/readyz`);
  assert.deepEqual([ready.status, ready.body.toString()], [200, "ready\n"]);
  const accept = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  const { headers, body } = await send(`${url}/metrics`, { headers: { accept } });
  assert.match(String(headers["content-type"]), /^application\/openmetrics-text; version=1\.0\.0/);
  const text = body.toString();
  assert.match(
    text,
    new RegExp(`^go3s_receive_items_total\\{protocol="http",signal="traces"\\} ${shopTraces * 7}$`, "m"),
  );
  assert.match(text, /^go3s_receive_requests_total\{protocol="http",signal="traces",outcome="ok"\} 1$/m);
  assert.match(text, /^go3s_store_ready 1$/m);
  assert.match(text, /^go3s_engine_up 1$/m);
  assert.match(text, /^go3s_store_retention_seconds\{table="traces"\} 604800$/m);
  assert.match(text, /^go3s_store_merges\{table="traces"\} \d+$/m);
  assert.match(
    text,
    new RegExp(`^go3s_tenant_rows\\{tenant="default",table="traces"\\} ${shopTraces * 7}$`, "m"),
  );
  assert.ok(text.endsWith("\n# EOF\n"));
  // Each family is declared once and its samples follow it (OpenMetrics 1.0).
  const families = [...text.matchAll(/^# TYPE (\S+) /gm)].map((found) => found[1]);
  assert.equal(new Set(families).size, families.length);
  const older = await send(`${url}/metrics`);
  assert.equal(older.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  const lines = older.body.toString().trim().split("\n");
  assert.ok(lines.includes("# TYPE go3s_receive_items_total counter"));
  // Each sample's family has its type and help: the older format names it as the sample.
  const typed = new Set(lines.flatMap((line) => /^# TYPE (\S+) (counter|gauge)$/.exec(line)?.[1] ?? []));
  const helped = new Set(lines.flatMap((line) => /^# HELP (\S+) ./.exec(line)?.[1] ?? []));
  for (const line of lines.filter((each) => !each.startsWith("#"))) {
    const name = /^[a-z0-9_]+/.exec(line)?.[0] ?? line;
    assert.ok(typed.has(name) && helped.has(name), line);
  }
});

test("the status tells ways in, tables, tenants, the engine and slow queries; its history has the last minutes", async () => {
  const slow = await query("SELECT count() FROM traces WHERE NOT ignore(*)", "format=JSONCompact");
  assert.equal(slow.status, 200);
  const { body } = await send(`${url}/api/v1/status`);
  const status: StatusAnswer = JSON.parse(body.toString());
  const rows = shopTraces * 7;
  const [way, ...others] = status.ingest.ways;
  assert.deepEqual(
    [way?.way, way?.signal, way?.items, way?.requests, way?.refused],
    ["http", "traces", rows, 1, 0],
  );
  assert.ok((way?.bytes ?? 0) > 1000 && others.length === 0);
  const table = status.store.tables.find((each) => each.table === "traces");
  assert.ok(table !== undefined && table.disk_bytes > 0 && table.parts > 0);
  assert.deepEqual([table.rows, table.kept_s], [rows, 604_800]);
  const [tenant] = status.store.tenants;
  assert.deepEqual(tenant, { tenant: "default", signal: "traces", rows, disk_bytes: table.disk_bytes });
  const { engine } = status.store;
  assert.deepEqual([engine.state, engine.restarts], ["ready", 0]);
  assert.ok((engine.pid ?? 0) > 0 && engine.last_insert_ms > 0 && (engine.rss_bytes ?? 0) > 0);
  const noted = status.slowest_queries.find(({ sql }) => sql.includes("ignore(*)"));
  assert.deepEqual([noted?.rows_read, noted?.failed], [rows, false]);
  const history: HistoryAnswer = JSON.parse((await send(`${url}/api/v1/history`)).body.toString());
  assert.equal(history.spans.length, history.count);
  assert.ok(history.start_ms + history.count * history.step_ms <= Date.now());
});

test("SQL is answered in the format asked for, with parameters bound", async () => {
  const counted = await query("SELECT count() AS spans FROM traces");
  assert.equal(counted.headers["content-type"], "application/x-ndjson; charset=utf-8");
  assert.deepEqual(JSON.parse(counted.body.toString()), { spans: shopTraces * 7 });
  const compact = await query("SELECT 1 AS a, 'x' AS b", "format=JSONCompact");
  assert.deepEqual(JSON.parse(compact.body.toString()).data, [[1, "x"]]);
  const csv = await query("SELECT {a:String} AS a, {b:UInt8} AS b", "format=CSV&param_a=it's&param_b=7");
  assert.equal(csv.body.toString(), `"it's",7\n`);
  const inText = await query("SELECT 5 FORMAT TSV");
  assert.equal(inText.body.toString(), "5\n");
});

const mistakes: readonly {
  readonly sql: string;
  readonly parameters?: string;
  readonly status: number;
  readonly code: string;
}[] = [
  { sql: "SELEC 1", status: 400, code: "bad-sql" },
  { sql: "SELECT nothing FROM traces", status: 400, code: "bad-sql" },
  { sql: "", status: 400, code: "bad-sql" },
  { sql: "SELECT {a:String}", status: 400, code: "bad-sql" },
  { sql: "SELECT 1", parameters: "format=Nonsense", status: 400, code: "bad-sql" },
  { sql: "SELECT 1", parameters: "format=a/b", status: 400, code: "bad-parameter" },
  { sql: "DROP TABLE traces", status: 403, code: "query-forbidden" },
  { sql: "SELECT * FROM file('/etc/passwd', 'LineAsString')", status: 403, code: "query-forbidden" },
  { sql: `SELECT '${"x".repeat(8_000_000)}'`, status: 413, code: "too-large" },
];
for (const { sql, parameters, status, code } of mistakes) {
  test(`${sql.slice(0, 60)} ${parameters ?? ""} is refused as ${code}`, async () => {
    const answer = await query(sql, parameters);
    assert.equal(answer.status, status, answer.body.toString());
    const { error } = JSON.parse(answer.body.toString());
    assert.equal(error.code, code);
    assert.notEqual(error.message, "");
  });
}

test("a syntax error says where", async () => {
  const { body } = await query("SELECT 1 FORM traces WHERE");
  const { error } = JSON.parse(body.toString());
  assert.ok(error.position > 0 && error.position < 30, JSON.stringify(error));
});

test("a large result is streamed and a client that goes away cancels it", async () => {
  const sql = "SELECT number, randomPrintableASCII(100) AS text FROM numbers(100000000)";
  await new Promise<void>((resolve, reject) => {
    const request = httpRequest(`${url}/api/v1/query?format=TSV`, { method: "POST", agent: false });
    request.on("error", reject);
    request.on("response", (response) => {
      response.once("data", () => {
        response.destroy();
        resolve();
      });
    });
    request.end(sql);
  });
  const again = await query("SELECT 1", "format=TSV");
  assert.equal(again.body.toString(), "1\n");
});

test("the query endpoint takes POST only", async () => {
  const answer = await send(`${url}/api/v1/query`);
  assert.deepEqual([answer.status, answer.headers.allow], [405, "POST"]);
  assert.equal((await send(`${url}/healthz`, { method: "POST" })).status, 405);
});

test("the stream tells at once how things are, then what arrives", async () => {
  const events = await new Promise<string>((resolve, reject) => {
    const request = httpRequest(`${url}/api/v1/stream`, { agent: false });
    request.on("error", reject);
    request.on("response", (response) => {
      assert.equal(response.headers["content-type"], "text/event-stream; charset=utf-8");
      let text = "";
      response.on("data", (chunk: Buffer) => {
        if (text === "") void more();
        text += chunk.toString();
        if (!/event: arrived\ndata: .*\n\n/.test(text)) return;
        response.destroy();
        resolve(text);
      });
    });
    request.end();
    const more = () =>
      send(`${started.server.addresses.otlp_http}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf" },
        body: shopSpans(Date.now()),
      });
  });
  assert.match(events, /^retry: 2000\n\nevent: status\ndata: \{/);
  assert.match(events, /event: arrived\ndata: \{"now_ms":\d+,"spans":420,"logs":0,"metrics":0\}/);
});
