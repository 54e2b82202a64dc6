import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  attributeOf,
  newSpanCollector,
  postgresPrograms,
  prepareProgram,
  startMariadb,
  startPostgres,
  startRedis,
  whyNoPeer,
} from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

const kind = { server: 2, client: 3 } as const;

const described = (span: Span): string =>
  [span.name, attributeOf(span, "db.query.text"), attributeOf(span, "error.type")].join(" | ");

const inOrder = (spans: readonly Span[]): Span[] =>
  [...spans].sort((a, b) => (a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1));

test("what redis-cli asks and redis-server answers are spans of one trace, command by command", {
  skip: whyNoPeer("redis-server", "redis-cli"),
}, async () => {
  const redis = await startRedis();
  const client = prepareProgram(["redis-cli", "-p", String(redis.port)]);
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: [redis.pid, client.pid] },
      exclude: [process.pid],
      exporter,
    });
    const said = await client.run("set greeting hello\nget greeting\nlpush greeting 1\n");
    assert.match(said, /OK\nhello\n.*WRONGTYPE/s);
    const wanted = ["set | set ? ? | ", "get | get ? | ", "lpush | lpush ? ? | WRONGTYPE"];
    // Newer ones ask what commands there are.
    const of = (side: number) =>
      inOrder(spans.filter((span) => span.kind === side && !span.name.startsWith("COMMAND")));
    await eventually("all spans", () => of(kind.server).length >= 3 && of(kind.client).length >= 3);
    assert.deepEqual(of(kind.client).map(described), wanted);
    assert.deepEqual(of(kind.server).map(described), wanted);
    for (const [i, asked] of of(kind.client).entries()) {
      const answered = of(kind.server)[i];
      assert.equal(attributeOf(asked, "server.port"), String(redis.port));
      assert.equal(attributeOf(asked, "network.peer.address"), "127.0.0.1");
      assert.ok(asked.endTimeUnixNano > asked.startTimeUnixNano);
      // The first command's write may be told after the server's answer was.
      if (i === 0) continue;
      assert.deepEqual(answered?.traceId, asked.traceId);
      assert.deepEqual(answered?.parentSpanId, asked.spanId);
    }
    assert.deepEqual(agent.report().dropped, {});
  } finally {
    client.stop();
    await agent?.close();
    await redis.stop();
  }
});

test("psql's statements over a Unix socket are spans without their literals", {
  skip: whyNoPeer("psql", postgresPrograms() && "psql"),
}, async () => {
  const postgres = await startPostgres(postgresPrograms() ?? "");
  const statements = [
    "CREATE TABLE orders (id int, name text)",
    "INSERT INTO orders VALUES (1, 'geheim'), (2, 'two')",
    "SELECT * FROM orders WHERE name = 'geheim'",
    "SELECT * FROM nosuch",
    "SELECT repeat('x', 300), n FROM generate_series(1, 200) n",
  ];
  const commands = statements.flatMap((statement) => ["-c", statement]);
  const client = prepareProgram(["psql", "-h", postgres.folder, "-U", "postgres", "-X", ...commands]);
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({ selection: { pids: [client.pid] }, exclude: [process.pid], exporter });
    assert.match(await client.run(), /geheim.*\(200 rows\)/s);
    await eventually("all spans", () => spans.length >= statements.length);
    assert.deepEqual(inOrder(spans).map(described), [
      "CREATE TABLE orders | CREATE TABLE orders (id int, name text) | ",
      "INSERT orders | INSERT INTO orders VALUES (?), (?) | ",
      "SELECT orders | SELECT * FROM orders WHERE name = ? | ",
      "SELECT nosuch | SELECT * FROM nosuch | 42P01",
      "SELECT | SELECT repeat(?), n FROM generate_series(?) n | ",
    ]);
    const [, , selected, , many] = inOrder(spans);
    assert.ok(selected !== undefined && many !== undefined);
    assert.equal(attributeOf(selected, "db.response.returned_rows"), "1");
    assert.equal(attributeOf(many, "db.response.returned_rows"), "200");
    assert.equal(attributeOf(selected, "network.transport"), "unix");
    for (const span of spans) assert.equal(span.kind, kind.client);
  } finally {
    client.stop();
    await agent?.close();
    await postgres.stop();
  }
});

test("a MariaDB server's queries are its spans, the client's its own", {
  skip: whyNoPeer("mariadbd", "mariadb", "mariadb-install-db"),
}, async () => {
  const mariadb = await startMariadb();
  const flags = [
    "--no-defaults",
    "-S",
    join(mariadb.folder, "socket"),
    "-u",
    "root",
    "--force",
    "-D",
    "shop",
  ];
  const script = [
    "CREATE TABLE orders (id int, name text);",
    "INSERT INTO orders VALUES (1, 'geheim');",
    "SELECT name FROM orders WHERE id = 1;",
    "SELECT * FROM nosuch;",
  ];
  const setUp = prepareProgram(["mariadb", ...flags.slice(0, -2), "-e", "CREATE DATABASE shop"]);
  await setUp.run();
  const client = prepareProgram(["mariadb", ...flags, "--skip-auto-rehash"]);
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: [mariadb.pid, client.pid] },
      exclude: [process.pid],
      exporter,
    });
    assert.match(await client.run(`${script.join("\n")}\n`), /geheim/);
    const wanted = [
      "CREATE TABLE orders | CREATE TABLE orders (id int, name text) | ",
      "INSERT orders | INSERT INTO orders VALUES (?) | ",
      "SELECT orders | SELECT name FROM orders WHERE id = ? | ",
      "SELECT nosuch | SELECT * FROM nosuch | 1146",
    ];
    const of = (side: number) =>
      inOrder(spans.filter((span) => span.kind === side && attributeOf(span, "db.collection.name") !== ""));
    await eventually("all spans", () => of(kind.server).length >= 4 && of(kind.client).length >= 4);
    assert.deepEqual(of(kind.client).map(described), wanted);
    assert.deepEqual(of(kind.server).map(described), wanted);
  } finally {
    client.stop();
    await agent?.close();
    await mariadb.stop();
  }
});
