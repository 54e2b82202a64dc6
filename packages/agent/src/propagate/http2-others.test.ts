import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import type { Span } from "@go3s/telemetry";
import type { Agent } from "../agent-types.js";
import { type EchoServer, startEchoOfHTTP2 } from "../testing/echo-servers.js";
import { whyNoLiveTests } from "../testing/go-service.js";
import { attributeOf } from "../testing/live-peers.js";
import { ended, given, traceparentOf, whilePropagating } from "../testing/propagating.js";
import { eventually } from "../testing/wait.js";

const whyNot = whyNoLiveTests() ?? false;
const hasHTTP2 = String(spawnSync("curl", ["-V"]).stdout).includes("HTTP2");
const whyNoCurl = whyNot || (hasHTTP2 ? false : "needs curl with HTTP/2");

let echo: EchoServer;

before(async () => {
  echo = await startEchoOfHTTP2();
});

after(() => echo.close());

/** observed runs a program that begins by a text on its input, and gives its client's spans by their paths. */
async function observed(
  command: readonly string[],
  input: string,
  count: number,
  propagate: boolean,
  act: (spans: ReadonlyMap<string, Span>, agent: Agent) => Promise<void> | void,
): Promise<void> {
  echo.forget();
  await whilePropagating(
    [command],
    async ({ programs: [program], agent, spans }) => {
      program?.stdin?.end(input);
      await ended(program);
      assert.equal(echo.heard.length, count);
      await eventually("all spans", () => spans.length >= count);
      assert.equal(spans.length, count);
      await act(
        new Map(spans.map((span) => [attributeOf(span, "url.path") || `/${span.name}`, span])),
        agent,
      );
    },
    { running: true, propagate },
  );
}

/** client is a program of Node's that asks over one connection once its input has ended. */
const client = (asks: string): string[] => [
  process.execPath,
  "-e",
  `
const { randomBytes } = require("node:crypto");
const nothing = Buffer.alloc(0);
const all = (count, act) => Promise.all(Array.from({ length: count }, (_, i) => act(i)));
process.stdin.resume().on("end", async () => {
  const session = require("node:http2").connect("http://127.0.0.1:${echo.port}");
  const ask = (path, body = nothing, headers = {}) => new Promise((done, fail) => {
    const stream = session.request({ ":path": path, ":method": body === nothing ? "GET" : "POST", ...headers });
    const parts = [];
    stream.on("error", fail).on("data", (part) => parts.push(part));
    stream.on("end", () => Buffer.concat(parts).equals(body) ? done() : fail(new Error("another body: " + path)));
    if (body !== nothing) stream.end(body);
  });
  ${asks}
  session.close();
});
`,
];

/** checkNamed looks whether each request that was heard came with its own span's name, and gives how many had one. */
function checkNamed(spans: ReadonlyMap<string, Span>): number {
  for (const { path, parents } of echo.heard) {
    const span = spans.get(path) ?? assert.fail(`no span of ${path}`);
    if (parents.length > 0) assert.deepEqual(parents, [traceparentOf(span)], path);
    // As by HTTP/1 nobody knows what it is done for.
    assert.equal(span.parentSpanId, "");
  }
  assert.equal(new Set([...spans.values()].map(({ traceId }) => traceId)).size, spans.size);
  return echo.heard.filter(({ parents }) => parents.length === 1).length;
}

const sizesOf = (spans: ReadonlyMap<string, Span>) =>
  [...spans]
    .map(([path, span]) =>
      [path, attributeOf(span, "go3s.request.size"), attributeOf(span, "http.request.body.size")].join(" "),
    )
    .sort();

test("requests of a Node client carry the ids of their spans, whose sizes are the program's own", {
  skip: whyNot,
}, async () => {
  const program = client(`
  await all(60, (i) => ask("/at-once/" + i));
  for (let i = 0; i < 20; i++) await ask("/alone/" + i);
  await all(20, (i) => ask("/call.Of/It" + i, randomBytes(i + 1), { "content-type": "application/grpc" }));
  `);
  let sizes: string[] = [];
  await observed(program, "", 100, true, (spans, agent) => {
    assert.equal(checkNamed(spans), 100, JSON.stringify(agent.report().inserted));
    assert.deepEqual(agent.report().inserted, { inserted: 100 });
    assert.equal(attributeOf(spans.get("/call.Of/It3") ?? assert.fail("no call"), "rpc.system.name"), "grpc");
    assert.deepEqual(agent.report().dropped, {});
    sizes = sizesOf(spans);
  });
  await observed(program, "", 100, false, (spans) => {
    assert.ok(echo.heard.every(({ parents }) => parents.length === 0));
    assert.deepEqual(sizesOf(spans), sizes);
  });
});

test("bodies stay as they are beside what is put in", { skip: whyNot }, () =>
  observed(
    client('await all(100, (i) => ask("/body/" + i, randomBytes(1 + i * 997)));'),
    "",
    100,
    true,
    (spans, agent) => {
      const { inserted = 0, "socket-busy": busy = 0 } = agent.report().inserted ?? {};
      assert.deepEqual([inserted + busy, checkNamed(spans)], [100, inserted]);
      assert.ok(inserted > 50, JSON.stringify(agent.report().inserted));
    },
  ),
);

test(
  "what the program says by itself stays the only one, and its connection is left alone from then on",
  {
    skip: whyNot,
  },
  () =>
    observed(
      client(`
  await all(10, (i) => ask("/before/" + i));
  await all(10, (i) => ask("/own/" + i, nothing, { traceparent: "${given.traceparent}" }));
  await all(10, (i) => ask("/after/" + i));
  `),
      "",
      30,
      true,
      (spans, agent) => {
        for (const { path, parents } of echo.heard) {
          const span = spans.get(path) ?? assert.fail(`no span of ${path}`);
          const said = path.startsWith("/own/")
            ? [given.traceparent]
            : path.startsWith("/after/")
              ? []
              : [traceparentOf(span)];
          assert.deepEqual(parents, said, path);
          if (path.startsWith("/own/")) assert.equal(span.parentSpanId, given.spanId);
        }
        assert.deepEqual(agent.report().inserted, { inserted: 10, present: 1 });
      },
    ),
);

test("curl's request by HTTP/2 gets one", { skip: whyNoCurl }, () =>
  observed(
    ["curl", "-sf", "--http2-prior-knowledge", "-K", "-"],
    `url = "http://127.0.0.1:${echo.port}/one"\n`,
    1,
    true,
    (spans, agent) => assert.equal(checkNamed(spans), 1, JSON.stringify(agent.report().inserted)),
  ),
);
