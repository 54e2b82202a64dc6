import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { after, before, test } from "node:test";
import type { DiagnosisAnswer } from "@go3s/server";
import { runCli } from "./testing/running-go3s.js";

// What the command makes of an answer; what answers are is tested in @go3s/server.

const answer: DiagnosisAnswer = {
  service_name: "checkout",
  operation: "",
  range: { from_ms: 1_700_000_000_000, to_ms: 1_700_003_600_000 },
  affected: { from_ms: 1_700_003_000_000, to_ms: 1_700_003_600_000 },
  baseline: { from_ms: 1_700_000_000_000, to_ms: 1_700_003_000_000 },
  verdict: "cause",
  figure: "latency",
  headline: "checkout is slow: 95 % of its requests take up to 340 ms, usually 41 ms.",
  symptom: { title: "How long requests take", sql: "SELECT 1", unit: "ns" },
  causes: [
    {
      kind: "waiting",
      service_name: "payment",
      operation: "POST /charge",
      sentence: "payment waits before it calls postgresql: 312 ms of the 340 ms added.\u001b[2J",
      confidence: "very likely",
      share: 0.92,
      explained_ns: 3.12e8,
      notes: ["Nothing before had service.version = 2.0.0."],
      evidence: [
        {
          title: "payment: POST /charge",
          sql: "SELECT quantile(0.95)(duration_ns)\nFROM traces",
          unit: "ns",
        },
      ],
      examples: [{ trace_id: "ab".repeat(16), span_id: "cd".repeat(8), timestamp_ns: "1", duration_ns: 9e8 }],
    },
  ],
  ruled_out: ["Traffic: 12/s requests, usually 11.9/s."],
  looked_at: ["404 requests span by span"],
};

let server: Server;
let url = "";
const asked: string[] = [];
before(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
after(() => server.close());

test("diagnose tells causes, what fits, what is ruled out, and makes control characters harmless", async () => {
  const args = ["--service", "checkout", "--operation", "POST /orders", "--from", "now-3h", "--server", url];
  const { code, stdout } = await runCli(["diagnose", ...args]);
  assert.equal(code, 0);
  assert.match(stdout, /^checkout is slow/);
  assert.match(stdout, /2023-11-14T23:03:20Z to 2023-11-14T23:13:20Z, held against/);
  assert.match(
    stdout,
    /\n1\. payment waits before it calls postgresql.*\n {3}very likely, explains 92 %\n {3}- Nothing before/,
  );
  assert.match(stdout, /\nRuled out\n {2}Traffic: .*\n\nLooked at\n {2}404 requests/);
  assert.ok(!stdout.includes("\u001b"));
  assert.doesNotMatch(stdout, /SELECT/);
  const query = new URL(asked.at(-1) ?? "", url);
  assert.equal(query.pathname, "/api/v1/diagnosis");
  assert.deepEqual(Object.fromEntries(query.searchParams), {
    service: "checkout",
    operation: "POST /orders",
    from: "now-3h",
  });
});

test("diagnose prints statements on request, JSON for programs, and asks for a service", async () => {
  const sql = await runCli(["diagnose", "--service", "checkout", "--sql", "--server", url]);
  assert.match(
    sql.stdout,
    /-- payment: POST \/charge\n {3}SELECT quantile\(0\.95\)\(duration_ns\)\n {3}FROM traces/,
  );
  const json = await runCli(["diagnose", "--service", "checkout", "--json", "--server", url]);
  assert.deepEqual(JSON.parse(json.stdout), answer);
  const none = await runCli(["diagnose", "--server", url]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /no service is named/);
});
