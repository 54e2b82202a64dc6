import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { listening } from "../testing/listening.js";
import { attributeOf, newSpanCollector, startRedis, whyNoPeer } from "../testing/live-peers.js";
import { phpFpm, startPhp } from "../testing/php-service.js";
import { eventually } from "../testing/wait.js";

// It asks before and after its answer has begun, and waits for neither the body nor its client.
const script = `<?php
if ($_SERVER["REQUEST_URI"] == "/ready") { echo "ready"; exit; }
$number = $_GET["n"];
echo file_get_contents("http://127.0.0.1:" . $_SERVER["BACKEND"] . "/before?$number");
$redis = fsockopen("127.0.0.1", (int) $_SERVER["REDIS"]);
fwrite($redis, "*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\na\\r\\n");
fgets($redis);
fclose($redis);
echo str_repeat("x", 20000);
flush();
echo file_get_contents("http://127.0.0.1:" . $_SERVER["BACKEND"] . "/after?$number");
if ($number % 5 == 0) error_log("a line that nginx gets");
`;

/** said is what a span is called here: its kind, FastCGI or not, and its path. */
function said(span: Span): string {
  const protocol = attributeOf(span, "network.protocol.name") === "fastcgi" ? "fastcgi " : "";
  const path = attributeOf(span, "url.path") || attributeOf(span, "db.system.name");
  return `${protocol}${span.kind === 2 ? "server" : "client"} ${String(path)}`;
}

for (const isUnix of [true, false])
  test(`a trace goes from nginx by FastCGI through PHP to what that asks, by ${isUnix ? "a Unix socket" : "TCP"}`, {
    skip: whyNoPeer(phpFpm(), "nginx", "redis-server"),
  }, async () => {
    const backend = createServer((request, response) => setTimeout(() => response.end(request.url), 3));
    const redis = await startRedis();
    const php = await startPhp(script, {
      isUnix,
      processes: 4,
      params: { BACKEND: String(await listening(backend)), REDIS: String(redis.port) },
    });
    const { spans, exporter } = newSpanCollector();
    let agent: Agent | undefined;
    try {
      agent = await startAgent({
        selection: { pids: [...php.pids, redis.pid] },
        exclude: [process.pid],
        exporter,
      });
      const requests = 32;
      let next = 0;
      const client = async (): Promise<void> => {
        for (let n = next++; n < requests; n = next++) {
          const answer = await fetch(`http://127.0.0.1:${php.port}/shop?n=${n}`);
          const text = await answer.text();
          assert.ok(text.startsWith(`/before?${n}`) && text.endsWith(`/after?${n}`), text.slice(0, 200));
        }
      };
      await Promise.all(Array.from({ length: 4 }, client));
      // nginx's two, FPM's, its three, and Redis's.
      await eventually("all spans", () => spans.length >= 7 * requests);
      const by = new Map(spans.map((span) => [span.spanId, span]));
      const counts: Record<string, number> = {};
      for (const span of spans) {
        const parent = by.get(span.parentSpanId);
        assert.ok(parent === undefined || parent.traceId === span.traceId);
        const line = parent === undefined ? said(span) : `${said(span)} of ${said(parent)}`;
        counts[line] = (counts[line] ?? 0) + 1;
      }
      assert.deepEqual(counts, {
        "server /shop": requests,
        "fastcgi client /shop of server /shop": requests,
        "fastcgi server /shop of fastcgi client /shop": requests,
        "client /before of fastcgi server /shop": requests,
        "client redis of fastcgi server /shop": requests,
        "server redis of client redis": requests,
        "client /after of fastcgi server /shop": requests,
      });
      // Each asks with its own request's number.
      for (const span of spans) {
        const asked = /^(?:n=)?(\d+)$/.exec(String(attributeOf(span, "url.query")))?.[1];
        const parent = by.get(span.parentSpanId);
        if (asked === undefined || parent === undefined) continue;
        assert.equal(attributeOf(parent, "url.query"), `n=${asked}`);
      }
      const served = spans.find((span) => said(span) === "fastcgi server /shop");
      assert.ok(served);
      assert.equal(attributeOf(served, "http.response.status_code"), "200");
      assert.equal(attributeOf(served, "client.address"), "127.0.0.1");
      assert.match(String(attributeOf(served, "code.file.path")), /script\.php$/);
    } finally {
      await agent?.close();
      await php.stop();
      await redis.stop();
      backend.close();
    }
  });
