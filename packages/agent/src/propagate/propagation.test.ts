import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type EchoServer, startEcho } from "../testing/echo-servers.js";
import { whyNoLiveTests } from "../testing/go-service.js";
import { attributeOf, whyNoPeer } from "../testing/live-peers.js";
import { finished, given, traceparentOf, whilePropagating } from "../testing/propagating.js";
import { eventually } from "../testing/wait.js";

const whyNot = whyNoLiveTests() ?? false;
const whyNoPython = whyNot || whyNoPeer("python3");
const whyNoCurl = whyNot || whyNoPeer("curl");

let echo: EchoServer;

before(async () => {
  echo = await startEcho();
});

beforeEach(() => echo.forget());

after(() => echo.close());

const nodeClient = (): string[] => [
  process.execPath,
  "-e",
  `
const { Agent, request } = require("node:http");
const { randomBytes } = require("node:crypto");
const agent = new Agent({ keepAlive: true, maxSockets: 3 });
const ask = (path, method, headers, body) => new Promise((done, fail) => {
  const asking = request({ host: "127.0.0.1", port: ${echo.port}, path, method, headers, agent }, (answer) => {
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
  const own = { TraceParent: "${given.traceparent}" };
  await Promise.all(Array.from({ length: 20 }, (_, i) => ask("/own/" + i, "GET", own)));
})();
`,
];

test(
  "a Node client's requests carry the ids of its spans, once, and their bodies stay as they are",
  { skip: whyNot },
  () =>
    whilePropagating([nodeClient()], async ({ programs: [program], agent, spans }) => {
      await finished(program);
      assert.equal(echo.heard.length, 200);
      await eventually("200 spans", () => spans.length >= 200);
      const clients = new Map(spans.map((span) => [attributeOf(span, "url.path"), span]));
      for (const { path, parents, headers } of echo.heard) {
        assert.equal(
          parents.length,
          1,
          `${path}: ${headers.join(" ")} ${JSON.stringify(agent.report().inserted)}`,
        );
        const span = clients.get(path) ?? assert.fail(`no span of ${path}`);
        if (path.startsWith("/own/")) assert.equal(parents[0], given.traceparent);
        else assert.equal(parents[0], traceparentOf(span), path);
      }
      for (const { path, body } of echo.heard.filter(({ path }) => path.startsWith("/sized/"))) {
        const size = clients.get(path)?.attributes.find(({ key }) => key === "http.request.body.size");
        assert.equal(Number(size?.value?.intValue ?? 0), body.length, path);
      }
      const { inserted } = agent.report();
      assert.deepEqual(
        { inserted: inserted?.inserted, present: inserted?.present },
        { inserted: 180, present: 20 },
      );
    }),
);

test("what is not watched is not touched, in the same cgroup either", { skip: whyNot }, () => {
  const client = nodeClient();
  return whilePropagating(
    [client, client],
    async ({ programs: [, unwatched], agent }) => {
      await finished(unwatched);
      assert.equal(echo.heard.length, 200);
      assert.ok(
        echo.heard.every(({ path, parents }) => parents.length === (path.startsWith("/own/") ? 1 : 0)),
      );
      assert.deepEqual(agent.report().inserted, {});
    },
    { watched: 1 },
  );
});

test("curl's requests get one", { skip: whyNoCurl }, () =>
  whilePropagating(
    [["curl", "-sf", "--data-binary", "hello", `http://127.0.0.1:${echo.port}/one`]],
    async ({ programs: [program], spans }) => {
      await finished(program);
      const [{ parents, body } = assert.fail("nothing came")] = echo.heard;
      assert.equal(body.toString(), "hello");
      const [span] = await eventually("a span", () => spans.length > 0 && spans);
      assert.ok(span);
      assert.deepEqual(parents, [traceparentOf(span)]);
    },
  ),
);

// Bodies by sendall, by sendfile, with MSG_MORE and with zero copy, on one connection. With a time limit Python's sockets do not block.
const pythonClient = (limit: string): string => `
import http.client, socket, tempfile, os
body = os.urandom(3000000)
with tempfile.TemporaryFile() as f:
    f.write(body)
    f.flush()
    c = http.client.HTTPConnection("127.0.0.1", ${echo.port}, timeout=${limit})
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
    whilePropagating([["python3", "-c", pythonClient(limit)]], async ({ programs: [program], agent }) => {
      await finished(program);
      assert.deepEqual(
        echo.heard.map(({ path, parents, body }) => [path, parents.length, body.length]),
        ["/simple", "/sendfile", "/more", "/zero"].map((path) => [path, inserted, 3000000]),
        JSON.stringify(agent.report().inserted),
      );
      assert.equal(agent.report().inserted?.["blocking-socket"] ?? 0, inserted === 0 ? 1 : 0);
    }),
  );
}
