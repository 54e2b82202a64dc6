import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { attributeOf, newSpanCollector } from "../testing/live-peers.js";
import { newCgroup, type OwnCgroup } from "../testing/own-cgroup.js";
import { eventually } from "../testing/wait.js";

interface Heard {
  readonly url: string;
  readonly parents: readonly string[];
  readonly body: Buffer;
  readonly headers: IncomingMessage["rawHeaders"];
}

const whyNot = whyNoLiveTests() ?? false;
const whyNoPython =
  whyNot !== false ? whyNot : spawnSync("python3", ["-V"]).status === 0 ? false : "needs python3";
const whyNoCurl = whyNot !== false ? whyNot : spawnSync("curl", ["-V"]).status === 0 ? false : "needs curl";

let heard: Heard[] = [];
let port = 0;
let cgroup: OwnCgroup;

// It answers with what it was sent.
const server = createServer((message, answer) => {
  const parts: Buffer[] = [];
  message.on("data", (part: Buffer) => void parts.push(part));
  message.on("end", () => {
    const body = Buffer.concat(parts);
    const { rawHeaders } = message;
    const parents = rawHeaders.filter(
      (_, i) => rawHeaders[i - 1]?.toLowerCase() === "traceparent" && i % 2 === 1,
    );
    heard.push({ url: message.url ?? "", parents, body, headers: rawHeaders });
    answer.end(body);
  });
});

before(async () => {
  if (whyNot !== false) return;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});

after(() => void server.close());

/** withAgent starts programs in a cgroup of their own, an agent for them, and lets each begin by a line on its input. */
async function withAgent(
  commands: readonly (readonly string[])[],
  act: (
    programs: readonly ChildProcess[],
    agent: Agent,
    collected: ReturnType<typeof newSpanCollector>,
  ) => Promise<void>,
  watched = commands.length,
): Promise<void> {
  heard = [];
  cgroup = newCgroup();
  const collected = newSpanCollector();
  const programs = commands.map((command) => cgroup.run(["sh", "-c", 'read _; exec "$@"', "sh", ...command]));
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: programs.slice(0, watched).map(({ pid }) => pid ?? 0) },
      exclude: [process.pid],
      exporter: collected.exporter,
      metrics: false,
      propagate: true,
    });
    await act(programs, agent, collected);
  } finally {
    await agent?.close();
    await cgroup.remove();
  }
}

async function finished(program: ChildProcess | undefined): Promise<void> {
  assert.ok(program);
  program.stdin?.write("go\n");
  if (program.exitCode === null) await once(program, "exit");
  assert.equal(program.exitCode, 0);
}

const nodeClient = (port: number): string => `
const { Agent, request } = require("node:http");
const { randomBytes } = require("node:crypto");
const agent = new Agent({ keepAlive: true, maxSockets: 3 });
const ask = (path, method, headers, body) => new Promise((done, fail) => {
  const asking = request({ host: "127.0.0.1", port: ${port}, path, method, headers, agent }, (answer) => {
    const parts = [];
    answer.on("data", (part) => parts.push(part));
    answer.on("end", () => Buffer.concat(parts).equals(body ?? Buffer.alloc(0)) ? done() : fail(new Error("another body: " + path)));
  }).on("error", fail);
  if (body !== undefined) asking.write(body);
  asking.end();
});
(async () => {
  await Promise.all(Array.from({ length: 60 }, (_, i) => ask("/get/" + i, "GET", {})));
  await Promise.all(Array.from({ length: 60 }, (_, i) => {
    const body = randomBytes(i * 997);
    return ask("/sized/" + i, "POST", { "content-length": body.length }, body);
  }));
  await Promise.all(Array.from({ length: 60 }, (_, i) => ask("/chunked/" + i, "POST", {}, randomBytes(1 + i * 997))));
  const own = { TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  await Promise.all(Array.from({ length: 20 }, (_, i) => ask("/own/" + i, "GET", own)));
})();
`;

test(
  "a Node client's requests carry the ids of its spans, once, and their bodies stay as they are",
  { skip: whyNot },
  () =>
    withAgent([[process.execPath, "-e", nodeClient(port)]], async ([program], agent, { spans }) => {
      await finished(program);
      assert.equal(heard.length, 200);
      await eventually("200 spans", () => spans.length >= 200);
      const clients = new Map(spans.map((span) => [attributeOf(span, "url.path"), span]));
      for (const { url, parents, headers } of heard) {
        assert.equal(
          parents.length,
          1,
          `${url}: ${headers.join(" ")} ${JSON.stringify(agent.report().inserted)}`,
        );
        const span = clients.get(url) ?? assert.fail(`no span of ${url}`);
        if (url.startsWith("/own/"))
          assert.equal(parents[0], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        else assert.equal(parents[0], `00-${span.traceId}-${span.spanId}-01`, url);
      }
      for (const { url, body } of heard.filter(({ url }) => url.startsWith("/sized/"))) {
        const size = clients.get(url)?.attributes.find(({ key }) => key === "http.request.body.size");
        assert.equal(Number(size?.value?.intValue ?? 0), body.length, url);
      }
      const { inserted } = agent.report();
      assert.deepEqual(
        { inserted: inserted?.inserted, present: inserted?.present },
        { inserted: 180, present: 20 },
      );
    }),
);

test("what is not watched is not touched, in the same cgroup either", { skip: whyNot }, () => {
  const client = [process.execPath, "-e", nodeClient(port)];
  return withAgent(
    [client, client],
    async ([, unwatched], agent) => {
      await finished(unwatched);
      assert.equal(heard.length, 200);
      assert.ok(heard.every(({ url, parents }) => parents.length === (url.startsWith("/own/") ? 1 : 0)));
      assert.deepEqual(agent.report().inserted, {});
    },
    1,
  );
});

test("curl's requests get one", { skip: whyNoCurl }, () =>
  withAgent(
    [["curl", "-sf", "--data-binary", "hello", `http://127.0.0.1:${port}/one`]],
    async ([program], _agent, { spans }) => {
      await finished(program);
      const [{ parents, body } = assert.fail("nothing came")] = heard;
      assert.equal(body.toString(), "hello");
      const [span] = await eventually("a span", () => spans.length > 0 && spans);
      assert.ok(span);
      assert.deepEqual(parents, [`00-${span.traceId}-${span.spanId}-01`]);
    },
  ),
);

// Bodies by sendall, by sendfile, with MSG_MORE and with zero copy, on one connection. With a time limit Python's sockets do not block.
const pythonClient = (port: number, limit: string): string => `
import http.client, socket, tempfile, os
body = os.urandom(3000000)
with tempfile.TemporaryFile() as f:
    f.write(body)
    f.flush()
    c = http.client.HTTPConnection("127.0.0.1", ${port}, timeout=${limit})
    c.request("POST", "/simple", body=body)
    assert c.getresponse().read() == body
    s = c.sock
    def answer():
        data = b""
        while b"\\r\\n\\r\\n" not in data: data += s.recv(65536)
        while len(data.split(b"\\r\\n\\r\\n", 1)[1]) < len(body): data += s.recv(65536)
        assert data.split(b"\\r\\n\\r\\n", 1)[1] == body
    head = lambda path: ("POST %s HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n" % (path, len(body))).encode()
    s.sendall(head("/sendfile"))
    f.seek(0)
    s.sendfile(f)
    answer()
    s.sendall(head("/more"), socket.MSG_MORE)
    s.sendall(body)
    answer()
    s.setsockopt(socket.SOL_SOCKET, 60, 1)
    s.sendall(head("/zero"))
    s.sendall(body, 0x4000000)
    answer()
`;

for (const { name, limit, inserted } of [
  { name: "requests get one, with bodies by sendfile, MSG_MORE and zero copy", limit: "60", inserted: 1 },
  { name: "blocking sockets are left alone: reads that wait would fail", limit: "None", inserted: 0 },
] as const) {
  test(`Python's ${name}`, { skip: whyNoPython }, () =>
    withAgent([["python3", "-c", pythonClient(port, limit)]], async ([program], agent) => {
      await finished(program);
      assert.deepEqual(
        heard.map(({ url, parents, body }) => [url, parents.length, body.length]),
        ["/simple", "/sendfile", "/more", "/zero"].map((url) => [url, inserted, 3000000]),
        JSON.stringify(agent.report().inserted),
      );
      assert.equal(agent.report().inserted?.["blocking-socket"] ?? 0, inserted === 0 ? 1 : 0);
    }),
  );
}

test("a Go service's calls are said to be part of the request that it serves", { skip: whyNot }, async () => {
  const program = buildGoService();
  try {
    await withAgent([[program.path]], async ([service], agent, { spans }) => {
      assert.ok(service?.stdout);
      service.stdin?.write("go\n");
      const [line] = await once(createInterface({ input: service.stdout }), "line");
      // The program that became the service has to be known before it is asked.
      await eventually("its probes", () =>
        agent.report().processes.some(({ runtime, probes }) => runtime.startsWith("go") && probes > 0),
      );
      const trace = "0af7651916cd43dd8448eb211c80319c";
      for (let i = 0; i < 5; i++) {
        const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01` };
        await (await fetch(`http://127.0.0.1:${line}/calls/${i % 2}`, { headers })).text();
      }
      await eventually("15 spans", () => spans.length >= 15);
      assert.ok(spans.every(({ traceId }) => traceId === trace));
      const ofKind = (kind: number, path: RegExp) =>
        spans.filter((span) => span.kind === kind && path.test(attributeOf(span, "url.path")));
      const outer = new Set(ofKind(2, /calls/).map(({ spanId }) => spanId));
      const calls = ofKind(3, /users/);
      const inner = ofKind(2, /users/);
      assert.deepEqual([outer.size, calls.length, inner.length], [5, 5, 5]);
      assert.ok(calls.every(({ parentSpanId }) => outer.has(parentSpanId)));
      const ids = new Set(calls.map(({ spanId }) => spanId));
      assert.ok(inner.every(({ parentSpanId }) => ids.has(parentSpanId)));
      assert.ok((agent.report().inserted?.["inserted"] ?? 0) >= 4, JSON.stringify(agent.report().inserted));
    });
  } finally {
    program.remove();
  }
});

// A blocking client, which asks the service whose port it reads.
const pythonCaller = `
import http.client
c = http.client.HTTPConnection("127.0.0.1", int(input()))
for i in range(5):
    c.request("GET", "/calls/0")
    assert c.getresponse().read() == b"ok"
`;

test("a trace goes through a service whose client cannot say it", { skip: whyNoPython }, async () => {
  const program = buildGoService();
  try {
    await withAgent(
      [[program.path], ["python3", "-c", pythonCaller]],
      async ([service, caller], agent, { spans }) => {
        assert.ok(service?.stdout);
        service.stdin?.write("go\n");
        const [line] = await once(createInterface({ input: service.stdout }), "line");
        await eventually("its probes", () =>
          agent.report().processes.some(({ runtime, probes }) => runtime.startsWith("go") && probes > 0),
        );
        caller?.stdin?.write(`go\n${line}\n`);
        assert.ok(caller);
        if (caller.exitCode === null) await once(caller, "exit");
        assert.equal(caller.exitCode, 0);
        await eventually("20 spans", () => spans.length >= 20);
        assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 5);
        const ids = new Set(spans.map(({ spanId }) => spanId));
        const roots = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId));
        assert.deepEqual(
          roots.map((span) => [span.kind, attributeOf(span, "url.path")]),
          Array.from({ length: 5 }, () => [3, "/calls/0"]),
        );
        assert.equal(agent.report().dropped["said-another-trace"] ?? 0, 0);
      },
    );
  } finally {
    program.remove();
  }
});

// One request for each line that it reads, over one connection.
const steadyClient = (port: number): string => `
const { Agent, request } = require("node:http");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let count = 0;
require("node:readline").createInterface({ input: process.stdin }).on("line", () => {
  const body = Buffer.alloc(5000, ++count);
  request({ host: "127.0.0.1", port: ${port}, path: "/" + count, method: "POST", headers: { "content-length": 5000 }, agent }, (answer) => {
    const parts = [];
    answer.on("data", (part) => parts.push(part));
    answer.on("end", () => console.log(Buffer.concat(parts).equals(body) ? "same" : "other"));
  }).end(body);
});
console.log("ready");
`;

test("a connection that is older than the agent gets one once it is sure where requests begin", {
  skip: whyNot,
}, async () => {
  heard = [];
  const own = newCgroup();
  const program = own.run([process.execPath, "-e", steadyClient(port)]);
  assert.ok(program.stdout);
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const ask = async (): Promise<void> => {
    program.stdin?.write("go\n");
    assert.equal((await lines.next()).value, "same");
  };
  let agent: Agent | undefined;
  try {
    await lines.next();
    await ask();
    agent = await startAgent({
      selection: { pids: [program.pid ?? 0] },
      exclude: [process.pid],
      exporter: newSpanCollector().exporter,
      metrics: false,
      propagate: true,
    });
    for (let i = 0; i < 3; i++) await ask();
    assert.deepEqual(
      heard.map(({ parents }) => parents.length),
      [0, 0, 1, 1],
      JSON.stringify(agent.report().inserted),
    );
    await agent.close();
    await ask();
    assert.equal(heard.at(-1)?.parents.length, 0);
  } finally {
    await agent?.close();
    await own.remove();
  }
});

test("connections go on unharmed when the agent is killed amid their traffic", { skip: whyNot }, async () => {
  heard = [];
  const own = newCgroup();
  const program = own.run([process.execPath, "-e", steadyClient(port)]);
  assert.ok(program.stdout);
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const script = `
    const { startAgent } = await import("${new URL("../agent.js", import.meta.url)}");
    const exporter = { send() {}, stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }), async close() {} };
    await startAgent({ selection: { pids: [${program.pid}] }, exclude: [], exporter, metrics: false, propagate: true });
    console.log("observing");
    setInterval(() => {}, 1000);
  `;
  const agent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await lines.next();
    await once(createInterface({ input: agent.stdout }), "line");
    for (let i = 0; i < 8; i++) program.stdin?.write("go\n");
    const next = async (): Promise<number | undefined> => {
      program.stdin?.write("go\n");
      assert.equal((await lines.next()).value, "same");
      return heard.at(-1)?.parents.length;
    };
    for (let i = 0; i < 40; i++) assert.equal(await next(), 1);
    agent.kill("SIGKILL");
    // Its descriptors are closed while it ends, some time after the signal.
    const until = performance.now() + 60_000;
    let untraced = 0;
    while (untraced < 40 && performance.now() < until) if ((await next()) === 0) untraced++;
    assert.equal(untraced, 40);
  } finally {
    agent.kill("SIGKILL");
    await own.remove();
  }
});
