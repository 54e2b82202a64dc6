import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createClient } from "@clickhouse/client";
import { openRemoteReader, openStore, type Store, type StoreOptions } from "@go3s/store";
import type { ServerConfig } from "../testing/clickhouse-database.js";
import { CLUSTER } from "../testing/clickhouse-database.js";
import { TestClickHouse } from "../testing/clickhouse-server.js";
import { plainRequest } from "../testing/sample-requests.js";
import { start } from "../testing/start.js";

const PROGRAM = new URL("../testing/remote-program.js", import.meta.url);
const SPANS = 20;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "go3s-remote-"));
  t.after(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}

async function clickhouse(t: TestContext, config: Partial<ServerConfig> = {}): Promise<TestClickHouse> {
  const server = await TestClickHouse.start(config);
  t.after(() => server.close());
  return server;
}

function remoteOf({ url, user, password }: TestClickHouse): NonNullable<StoreOptions["clickhouse"]> {
  return { url, user, password };
}

/** batch makes a request of spans whose trace ids begin with its number. */
function batch(number: number): Uint8Array {
  const spans = Array.from({ length: SPANS }, (_, i) => ({
    trace: `${number.toString(16).padStart(8, "0")}${i.toString(16).padStart(8, "0")}ff`,
    id: `${number.toString(16)}${i.toString(16).padStart(4, "0")}`,
  }));
  return plainRequest(spans);
}

/** post sends a batch and tells whether it was acknowledged. */
async function post(otlp: string, number: number): Promise<boolean> {
  try {
    const headers = { "content-type": "application/x-protobuf" };
    const answer = await fetch(`${otlp}/v1/traces`, {
      method: "POST",
      headers,
      body: Buffer.from(batch(number)),
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

/** requireOnce checks that each batch is there once, in the table and in what is made of it; `sure` holds those that must be. */
async function requireOnce(store: Pick<Store, "query">, sure: ReadonlySet<number>): Promise<void> {
  const result = await store.query(
    "SELECT substring(trace_id, 1, 8) AS batch, count() AS rows, uniqExact(span_id) AS ids FROM traces GROUP BY batch",
  );
  const found = await result.rows<{ batch: string; rows: number; ids: number }>();
  for (const { batch: name, rows, ids } of found)
    assert.deepEqual([rows, ids], [SPANS, SPANS], `batch ${name} is not there exactly once`);
  const there = new Set(found.map(({ batch: name }) => Number.parseInt(name, 16)));
  for (const number of sure) assert.ok(there.has(number), `batch ${number} was acknowledged and is lost`);
  const sum = await store.query(
    "SELECT sum(spans) AS red, (SELECT uniqExact(id) FROM trace_times) AS times FROM red_minutes",
  );
  assert.deepEqual(await sum.rows(), [{ red: found.length * SPANS, times: found.length * SPANS }]);
}

for (const [where, more] of [
  ["a server", {}],
  ["a cluster", { cluster: CLUSTER }],
] as const)
  test(`an insert whose connection breaks, before or after its rows are in the tables of ${where}, is done once`, async (t) => {
    const server = await clickhouse(t);
    const started = await start({}, { clickhouse: { ...remoteOf(server), ...more } });
    try {
      const sure = new Set<number>();
      let number = 1;
      for (const fault of ["body", "answer"] as const) {
        await server.fault(fault);
        for (let i = 0; i < 3; i++) {
          assert.ok(await post(started.server.addresses.otlp_http, number));
          sure.add(number++);
        }
        await started.store.flush();
      }
      await requireOnce(started.store, sure);
      assert.ok(started.store.stats().engine.restarts >= 2, "no connection broke");
      assert.equal(started.store.stats().engine.failure, undefined);
    } finally {
      await started.close();
    }
  });

test("a segment of several slices whose connection breaks after the first is completed, not begun anew", async (t) => {
  const server = await clickhouse(t);
  const started = await start({}, { clickhouse: remoteOf(server) });
  try {
    assert.ok(await post(started.server.addresses.otlp_http, 1));
    await started.store.flush();
    const one = await started.store.query("SELECT * FROM traces", { format: "Native" });
    const bytes = await one.bytes();
    await server.fault("answer");
    // As many rows as a slice may have, if one believes what is said of the blocks: each becomes a slice of its own.
    const block = { signal: "traces" as const, rows: 262_144, bytes };
    await started.store.append([block, block, block]);
    await started.store.flush();
    const sums = "SELECT count() AS n, (SELECT sum(spans) FROM red_minutes) AS red FROM traces";
    assert.deepEqual(await (await started.store.query(sums)).rows(), [{ n: 4 * SPANS, red: 4 * SPANS }]);
    assert.ok(started.store.stats().engine.restarts >= 1);
  } finally {
    await started.close();
  }
});

test("kill -9 of our own server in the middle of inserts loses nothing acknowledged and doubles nothing", async (t) => {
  const server = await clickhouse(t);
  const dir = folder(t);
  const options: StoreOptions = { dir, clickhouse: remoteOf(server), segmentBytesMax: 100_000 };
  const sure = new Set<number>();
  let number = 1;
  for (let round = 0; round < 3; round++) {
    const child = fork(PROGRAM, [], { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const ended = once(child, "exit");
    try {
      child.send(options);
      const [otlp] = await Promise.race([
        once(child, "message"),
        ended.then(() => assert.fail("it ended at once")),
      ]);
      if (round % 2 === 1) await server.fault(round === 1 ? "answer" : "body");
      let isKilled = false;
      setTimeout(
        () => {
          isKilled = true;
          child.kill("SIGKILL");
        },
        250 + round * 200,
      );
      while (!isKilled) {
        const mine = number++;
        if (await post(String(otlp), mine)) sure.add(mine);
      }
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
  }
  assert.ok(sure.size >= 10, `only ${sure.size} batches were acknowledged`);
  await using store = await openStore(options);
  await store.flush();
  await requireOnce(store, sure);
});

test("while the server is away the log takes what comes, also from the start, and nothing of it is lost", async (t) => {
  const server = await clickhouse(t);
  const dir = folder(t);
  const notices: string[] = [];
  const clickhouseOf = remoteOf(server);
  const options = { dir, clickhouse: clickhouseOf, onNotice: (text: string) => notices.push(text) };
  const sure = new Set<number>();
  const first = await start({}, options);
  try {
    assert.ok(await post(first.server.addresses.otlp_http, 1));
    await first.store.flush();
    await server.down();
    for (const number of [2, 3]) assert.ok(await post(first.server.addresses.otlp_http, number));
    // Whether somebody asks or inserts: the first that gets no answer tells that the server is gone.
    while (first.store.stats().engine.state === "ready")
      await new Promise((resolve) => setTimeout(resolve, 20));
    for (const number of [1, 2, 3]) sure.add(number);
    assert.equal(first.store.stats().engine.state, "waiting");
    assert.ok(first.store.stats().waiting.bytes > 0);
  } finally {
    await first.server.close();
    await first.store.close();
  }
  const second = await start({}, options);
  try {
    assert.notEqual(second.store.stats().engine.state, "ready");
    assert.ok(await post(second.server.addresses.otlp_http, 4));
    sure.add(4);
    const asked = second.store.query("SELECT 1 AS one");
    await server.up();
    assert.deepEqual(await (await asked).rows(), [{ one: 1 }]);
    await second.store.flush();
    await requireOnce(second.store, sure);
    assert.ok(
      notices.some((text) => text.includes("answers again")),
      notices.join("\n"),
    );
  } finally {
    await second.server.close();
    await second.store.close();
  }
  await assert.rejects(openStore({ dir }), {
    code: "engine-start",
    message: /in another ClickHouse: .*127\.0\.0\.1/,
  });
  await using reader = await openRemoteReader(clickhouseOf);
  await requireOnce(reader, sure);
});

test("tables that somebody took away are made again, and what arrives goes into them", async (t) => {
  const server = await clickhouse(t);
  const started = await start({}, { clickhouse: remoteOf(server) });
  const { url, user: username, password } = server;
  const client = createClient({ url, username, password });
  try {
    assert.ok(await post(started.server.addresses.otlp_http, 1));
    await started.store.flush();
    await client.command({ query: "DROP DATABASE go3s SYNC" });
    assert.ok(await post(started.server.addresses.otlp_http, 2));
    await started.store.flush();
    await requireOnce(started.store, new Set([2]));
  } finally {
    await client.close();
    await started.close();
  }
});

test("a server that cannot be used is told by name, with what to do", async (t) => {
  const server = await clickhouse(t);
  const open = (remote: Partial<StoreOptions["clickhouse"]>) =>
    openStore({ dir: folder(t), clickhouse: { ...remoteOf(server), ...remote } });
  await assert.rejects(open({ password: "wrong" }), {
    code: "engine-start",
    clickhouseName: "AUTHENTICATION_FAILED",
  });
  await assert.rejects(open({ database: "a b" }), { code: "bad-argument" });
  await assert.rejects(open({ url: "127.0.0.1:8123" }), { code: "bad-argument" });
  await assert.rejects(open({ url: "http://user:secret@127.0.0.1:8123" }), (error: Error) => {
    assert.doesNotMatch(`${error.message}${error.stack}`, /secret/);
    return true;
  });
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const address = free.address();
  const port = typeof address === "object" ? address?.port : 0;
  free.close();
  await once(free, "close");
  await assert.rejects(open({ url: `http://127.0.0.1:${port}` }), /engine-start|cannot reach .*ECONNREFUSED/);
  const old = await clickhouse(t, { version: "24.3.5.46" });
  await assert.rejects(
    openStore({ dir: folder(t), clickhouse: remoteOf(old) }),
    (error: Error & { hint?: string }) => {
      assert.match(error.message, /version 24\.3\.5\.46: 24\.8 or newer is needed/);
      assert.match(error.hint ?? "", /24\.7/);
      return true;
    },
  );
});
