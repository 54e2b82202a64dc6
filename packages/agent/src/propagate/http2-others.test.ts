import assert from "node:assert/strict";
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type ServerHttp2Stream } from "node:http2";
import { after, before, test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { whyNoLiveTests } from "../testing/go-service.js";
import { attributeOf, newSpanCollector } from "../testing/live-peers.js";
import { newCgroup } from "../testing/own-cgroup.js";
import { eventually } from "../testing/wait.js";

interface Heard {
  readonly path: string;
  readonly parents: readonly string[];
}

const whyNot = whyNoLiveTests() ?? false;
const whyNoCurl =
  whyNot !== false
    ? whyNot
    : String(spawnSync("curl", ["-V"]).stdout).includes("HTTP2")
      ? false
      : "needs curl with HTTP/2";
const own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

let heard: Heard[] = [];
let port = 0;

// It answers with what it was sent, gRPC's with a status.
const answer = (stream: ServerHttp2Stream, _: unknown, __: number, raw: readonly string[]): void => {
  const fieldsOf = (name: string) => raw.filter((_, i) => i % 2 === 1 && raw[i - 1] === name);
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => void parts.push(part));
  stream.on("end", () => {
    const [path = ""] = fieldsOf(":path");
    const [type = "text/plain"] = fieldsOf("content-type");
    heard.push({ path, parents: fieldsOf("traceparent") });
    const isCall = type === "application/grpc";
    if (isCall) stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.respond({ ":status": 200, "content-type": type }, { waitForTrailers: isCall });
    stream.end(Buffer.concat(parts));
  });
};
const server = createServer().on("stream", answer);

before(async () => {
  if (whyNot !== false) return;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});

after(() => void server.close());

/** observed runs a program in a cgroup of its own, which begins by a text on its input, and gives its client's spans by their paths. */
async function observed(
  command: readonly string[],
  input: string,
  count: number,
  propagate: boolean,
  act: (spans: ReadonlyMap<string, Span>, agent: Agent) => Promise<void> | void,
): Promise<void> {
  heard = [];
  const cgroup = newCgroup();
  const { spans, exporter } = newSpanCollector();
  const program: ChildProcess = cgroup.run(command);
  let agent: Agent | undefined;
  try {
    // The shell that puts it into its cgroup has become it.
    await eventually("the program", () => readFileSync(`/proc/${program.pid}/comm`, "utf8") !== "sh\n");
    agent = await startAgent({
      selection: { pids: [program.pid ?? 0] },
      exclude: [process.pid],
      exporter,
      metrics: false,
      propagate,
    });
    program.stdin?.end(input);
    if (program.exitCode === null) await once(program, "exit");
    assert.equal(program.exitCode, 0);
    assert.equal(heard.length, count);
    await eventually("all spans", () => spans.length >= count);
    assert.equal(spans.length, count);
    await act(new Map(spans.map((span) => [attributeOf(span, "url.path") || `/${span.name}`, span])), agent);
  } finally {
    await agent?.close();
    await cgroup.remove();
  }
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
  const session = require("node:http2").connect("http://127.0.0.1:${port}");
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

const nameOf = ({ traceId, spanId }: Span): string => `00-${traceId}-${spanId}-01`;

/** checkNamed looks whether each request that was heard came with its own span's name, and gives how many had one. */
function checkNamed(spans: ReadonlyMap<string, Span>): number {
  for (const { path, parents } of heard) {
    const span = spans.get(path) ?? assert.fail(`no span of ${path}`);
    if (parents.length > 0) assert.deepEqual(parents, [nameOf(span)], path);
    // As by HTTP/1 nobody knows what it is done for.
    assert.equal(span.parentSpanId, "");
  }
  assert.equal(new Set([...spans.values()].map(({ traceId }) => traceId)).size, spans.size);
  return heard.filter(({ parents }) => parents.length === 1).length;
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
    assert.ok(heard.every(({ parents }) => parents.length === 0));
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
  await all(10, (i) => ask("/own/" + i, nothing, { traceparent: "${own}" }));
  await all(10, (i) => ask("/after/" + i));
  `),
      "",
      30,
      true,
      (spans, agent) => {
        for (const { path, parents } of heard) {
          const span = spans.get(path) ?? assert.fail(`no span of ${path}`);
          const said = path.startsWith("/own/") ? [own] : path.startsWith("/after/") ? [] : [nameOf(span)];
          assert.deepEqual(parents, said, path);
          if (path.startsWith("/own/")) assert.equal(span.parentSpanId, own.slice(36, 52));
        }
        assert.deepEqual(agent.report().inserted, { inserted: 10, present: 1 });
      },
    ),
);

test("curl's request by HTTP/2 gets one", { skip: whyNoCurl }, () =>
  observed(
    ["curl", "-sf", "--http2-prior-knowledge", "-K", "-"],
    `url = "http://127.0.0.1:${port}/one"\n`,
    1,
    true,
    (spans, agent) => assert.equal(checkNamed(spans), 1, JSON.stringify(agent.report().inserted)),
  ),
);
