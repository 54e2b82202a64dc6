import assert from "node:assert/strict";
import { test } from "node:test";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoModule,
} from "../testing/go-service.js";
import { newClient } from "../testing/http-client.js";
import {
  attributeOf,
  type LivePeer,
  newSpanCollector,
  postgresPrograms,
  startPostgres,
  whyNoPeer,
} from "../testing/live-peers.js";
import { pqSource } from "../testing/pq-service.go.js";
import { eventually } from "../testing/wait.js";

const driver = "github.com/lib/pq@v1.10.9";
const bin = postgresPrograms();

test("what a Go program asks a real PostgreSQL is told once, as its request's children, with what the wire adds", {
  skip: bin === undefined ? "needs PostgreSQL" : whyNoPeer("psql") || whyNoModule(driver),
}, async () => {
  if (bin === undefined) return;
  const { spans, exporter } = newSpanCollector();
  let database: LivePeer | undefined;
  let program: BuiltProgram | undefined;
  let service: RunningService | undefined;
  let agent: Agent | undefined;
  try {
    program = buildGoService(pqSource, [], [driver]);
    database = await startPostgres(bin);
    service = await program.start({
      DATA_SOURCE: `host=${database.folder} user=postgres dbname=postgres sslmode=disable`,
    });
    agent = await startAgent({ selection: { pids: [service.pid] }, exclude: [process.pid], exporter });
    const client = newClient(service.port, false);
    assert.equal((await client.get("/")).body, "42");
    client.close();
    const server = await eventually("the request's span", () => spans.find((span) => span.kind === 2));
    await agent.close();
    const queries = spans
      .filter((span) => span.parentSpanId === server.spanId && span.name !== "CONNECT")
      .sort((a, b) => (a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1));
    assert.deepEqual(
      queries.map((span) => [span.name, attributeOf(span, "db.query.text"), attributeOf(span, "error.type")]),
      [
        ["SELECT missing", "SELECT n FROM missing WHERE secret = ?", "*pq.Error"],
        ["SELECT", "SELECT ? + ? AS n", ""],
        ["BEGIN", "", ""],
        ["CREATE", "CREATE TEMP TABLE things (n int)", ""],
        ["INSERT things SELECT", "INSERT INTO things SELECT generate_series(?, $1)", ""],
        ["COMMIT", "", ""],
      ],
    );
    for (const span of queries) {
      assert.equal(span.traceId, server.traceId);
      assert.equal(span.kind, 3);
      assert.equal(attributeOf(span, "db.system.name"), "postgresql");
      assert.equal(attributeOf(span, "db.namespace"), "postgres", span.name);
    }
    assert.equal(queries[0] && attributeOf(queries[0], "db.response.status_code"), "42P01");
    assert.equal(queries[0]?.status?.code, 2);
    assert.equal(queries[4] && attributeOf(queries[4], "go3s.db.affected_rows"), "3");
  } finally {
    await agent?.close();
    await service?.stop();
    await database?.stop();
    program?.remove();
  }
});
