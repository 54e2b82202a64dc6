import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { test } from "node:test";
import { parseMaps } from "@go3s/binary";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { type Certificate, makeCertificate } from "../testing/certificate.js";
import { listening } from "../testing/listening.js";
import { attributeOf, newSpanCollector, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";
import { librariesOf, newTlsLibraries } from "./libraries.js";

const kind = { server: 2, client: 3 } as const;

const described = (span: Span): string =>
  ["http.request.method", "url.path", "http.response.status_code", "http.response.body.size"]
    .map((name) => attributeOf(span, name))
    .join(" ");

const ofKind = (spans: readonly Span[], side: number): string[] =>
  spans
    .filter((span) => span.kind === side)
    .map(described)
    .sort();

/** assertSecure checks what all spans of one server's TLS have. */
function assertSecure(spans: readonly Span[], port: number, version = "1.3"): void {
  for (const span of spans) {
    assert.equal(attributeOf(span, "url.scheme"), "https");
    assert.equal(attributeOf(span, "tls.protocol.version"), version);
    assert.equal(attributeOf(span, "server.port"), String(port));
    assert.equal(attributeOf(span, "network.peer.address"), "127.0.0.1");
    assert.equal(attributeOf(span, "client.address"), span.kind === kind.server ? "127.0.0.1" : "");
  }
}

const nodeServer = ({ key, cert }: Certificate): string => `
const { readFileSync } = require("node:fs");
const options = { key: readFileSync("${key}"), cert: readFileSync("${cert}") };
const server = require("node:https").createServer(options, (request, response) => {
  let bytes = 0;
  request.on("data", (piece) => { bytes += piece.length; });
  request.on("end", () => {
    if (request.url === "/large") response.end("x".repeat(100_000));
    else if (request.url.startsWith("/none")) { response.statusCode = 404; response.end("none"); }
    else response.end(String(bytes));
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

// It waits for a line before each of its two rounds; both go over one connection.
const nodeClient = (port: number): string => `
const { request, Agent } = require("node:https");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const ask = (method, path, body) => new Promise((resolve, reject) => {
  const options = { host: "127.0.0.1", port: ${port}, rejectUnauthorized: false, agent, method, path };
  const outgoing = request(options, (incoming) => incoming.resume().on("end", resolve));
  outgoing.on("error", reject);
  outgoing.end(body);
});
process.stdin.on("data", async () => {
  await ask("GET", "/large");
  await ask("POST", "/echo", "y".repeat(50_000));
  await ask("GET", "/none?x=1");
  console.log("done");
});
`;

const round = ["GET /large 200 100000", "GET /none 404 4", "POST /echo 200 5"];

/** said waits for the next line of a program. */
const said = async (child: ChildProcess): Promise<string> => {
  if (child.stdout === null) throw new Error("the program has no output");
  const [line] = await once(child.stdout, "data");
  return String(line).trim();
};

test("HTTPS between two Node processes is told on both sides, over a connection that was open before", {
  skip: whyNoPeer("openssl"),
}, async () => {
  const certificate = makeCertificate();
  const server = spawn(process.execPath, ["-e", nodeServer(certificate)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = Number(await said(server));
  const client = spawn(process.execPath, ["-e", nodeClient(port)], { stdio: ["pipe", "pipe", "inherit"] });
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    client.stdin.write("first\n");
    assert.equal(await said(client), "done");
    const pids = [server.pid ?? 0, client.pid ?? 0];
    agent = await startAgent({ selection: { pids }, exclude: [process.pid], exporter });
    client.stdin.write("second\n");
    assert.equal(await said(client), "done");
    // A client's session that was open before is known by what it reads: its first request is over by then.
    await eventually("the spans of an open connection", () => spans.length >= 5);
    assert.deepEqual(ofKind(spans, kind.server), round);
    assert.deepEqual(ofKind(spans, kind.client), round.slice(1));
    assertSecure(spans, port);
    const [before] = [spans.length];
    client.stdin.write("third\n");
    assert.equal(await said(client), "done");
    await eventually("the spans of the next round", () => spans.length >= before + 6);
    const third = spans.slice(before);
    assert.deepEqual(ofKind(third, kind.server), round);
    assert.deepEqual(ofKind(third, kind.client), round);
    for (const asked of third.filter((span) => span.kind === kind.client)) {
      const answered = third.filter((span) => span.parentSpanId === asked.spanId);
      assert.deepEqual(answered.map(described), [described(asked)], "joined by the connection");
    }
  } finally {
    for (const child of [client, server]) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    certificate.remove();
    await agent?.close();
  }
});

/** withServer runs a check against an HTTPS server of this process, which is not observed. */
async function withServer(check: (port: number) => Promise<void>): Promise<void> {
  const certificate = makeCertificate();
  const options = { key: readFileSync(certificate.key), cert: readFileSync(certificate.cert) };
  const server = createServer(options, (request, response) => {
    request.resume().on("end", () => response.end("z".repeat(request.url === "/large" ? 60_000 : 5)));
  });
  const port = await listening(server);
  try {
    await check(port);
  } finally {
    server.closeAllConnections();
    server.close();
    certificate.remove();
  }
}

// What each program does is told by a line on its standard input: until then it is attached to.
const python = (port: number): string => `
import http.client, ssl, sys
sys.stdin.readline()
context = ssl._create_unverified_context()
connection = http.client.HTTPSConnection("127.0.0.1", ${port}, context=context)
for path, body in (("/small", None), ("/large", None), ("/small", "b" * 40000)):
    connection.request("POST" if body else "GET", path, body)
    connection.getresponse().read()
`;
// As asyncio, httpx and uvloop do it: the library never sees the socket, and the first that is written is a request.
const pythonByMemory = (port: number): string => `
import socket, ssl, sys
sys.stdin.readline()
context = ssl._create_unverified_context()
for path in ("/small", "/large"):
    sock = socket.create_connection(("127.0.0.1", ${port}))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    def do(action, *arguments):
        while True:
            try:
                result = action(*arguments)
            except ssl.SSLWantReadError:
                result = None
            if outgoing.pending:
                sock.sendall(outgoing.read())
            if result is not None or action == tls.do_handshake and tls.version():
                return result
            incoming.write(sock.recv(65536))
    do(tls.do_handshake)
    do(tls.write, f"GET {path} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n".encode())
    answer = b""
    while not answer.endswith(b"zzzzz"):
        answer += do(tls.read, 65536)
    while path == "/large" and len(answer) < 60000:
        answer += do(tls.read, 65536)
    sock.close()
`;
const clients = [
  {
    name: "Python (libssl)",
    command: (port: number) => ["python3", "-c", python(port)],
    input: () => "go\n",
    spans: ["GET /large 200 60000", "GET /small 200 5", "POST /small 200 5"],
    version: "1.3",
  },
  {
    name: "Python by way of memory (libssl)",
    command: (port: number) => ["python3", "-c", pythonByMemory(port)],
    input: () => "go\n",
    spans: ["GET /large 200 60000", "GET /small 200 5"],
    version: "1.3",
  },
  {
    name: "curl (libssl)",
    command: () => ["curl", "-sk", "-o", "/dev/null", "-o", "/dev/null", "-K", "-"],
    input: (port: number) =>
      `url = "https://127.0.0.1:${port}/small"\nurl = "https://127.0.0.1:${port}/large"\nhttp1.1\n`,
    spans: ["GET /large 200 60000", "GET /small 200 5"],
    version: "1.3",
  },
  {
    name: "wget (GnuTLS)",
    command: () => ["wget", "-q", "--no-check-certificate", "-O", "/dev/null", "-i", "-"],
    input: (port: number) => `https://127.0.0.1:${port}/small\nhttps://127.0.0.1:${port}/large\n`,
    spans: ["GET /large 200 60000", "GET /small 200 5"],
    version: "",
  },
];

for (const { name, command, input, spans: wanted, version } of clients) {
  const [program = ""] = command(0);
  test(`what ${name} asks by TLS is told`, { skip: whyNoPeer("openssl", program) }, () =>
    withServer(async (port) => {
      const { spans, exporter } = newSpanCollector();
      const child = spawn(program, command(port).slice(1), { stdio: ["pipe", "ignore", "inherit"] });
      const ended = once(child, "exit");
      let agent: Agent | undefined;
      try {
        const libraries = newTlsLibraries();
        const pid = child.pid ?? 0;
        // The dynamic linker has done its part, and Python has loaded what it imports.
        await eventually("the library", () => libraries.of(pid).sites.length > 0);
        agent = await startAgent({ selection: { pids: [pid] }, exclude: [process.pid], exporter });
        child.stdin.end(input(port));
        await ended;
        await eventually("the spans", () => spans.length >= wanted.length);
        assert.deepEqual(ofKind(spans, kind.client), wanted);
        assertSecure(spans, port, version);
        assert.deepEqual(agent.report().dropped, {});
      } finally {
        child.kill("SIGKILL");
        await agent?.close();
      }
    }),
  );
}

const http2Server = ({ key, cert }: Certificate): string => `
const { readFileSync } = require("node:fs");
const options = { key: readFileSync("${key}"), cert: readFileSync("${cert}") };
const server = require("node:http2").createSecureServer(options, (request, response) => {
  request.resume();
  response.end("x".repeat(request.url === "/large" ? 30_000 : 3));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

const http2Client = (port: number): string => `
process.stdin.once("data", () => {
  const session = require("node:http2").connect("https://127.0.0.1:${port}", { rejectUnauthorized: false });
  for (const path of ["/small", "/large"]) session.request({ ":path": path }).resume().end();
});
`;

test("HTTP/2 in TLS is told as bytes in plain text are, on both sides", {
  skip: whyNoPeer("openssl"),
}, async () => {
  const certificate = makeCertificate();
  const server = spawn(process.execPath, ["-e", http2Server(certificate)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = Number(await said(server));
  const client = spawn(process.execPath, ["-e", http2Client(port)], { stdio: ["pipe", "ignore", "inherit"] });
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: [server.pid ?? 0, client.pid ?? 0] },
      exclude: [process.pid],
      exporter,
    });
    client.stdin.write("go\n");
    await eventually("the spans", () => spans.length >= 4);
    const wanted = ["GET /large 200 30000", "GET /small 200 3"];
    assert.deepEqual(ofKind(spans, kind.server), wanted);
    assert.deepEqual(ofKind(spans, kind.client), wanted);
    assertSecure(spans, port);
  } finally {
    client.kill("SIGKILL");
    server.kill("SIGKILL");
    certificate.remove();
    await agent?.close();
  }
});

test("libraries are known by their names, each once, wherever they lie", () => {
  const map = (at: number, path: string, inode: number) =>
    `${(at * 4096).toString(16)}-${((at + 1) * 4096).toString(16)} r-xp 00000000 08:01 ${inode}    ${path}`;
  const maps = parseMaps(
    [
      map(1, "/usr/lib/x86_64-linux-gnu/libssl.so.3", 5),
      map(2, "/usr/lib/x86_64-linux-gnu/libssl.so.3", 5),
      map(3, "/app/psycopg2_binary.libs/libssl-81ffa89e.so.1.1", 6),
      map(4, "/usr/lib/x86_64-linux-gnu/libgnutls.so.30.34.3", 7),
      map(5, "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", 8),
      map(6, "/usr/lib/libsslcommon-not.txt", 9),
    ].join("\n"),
  );
  assert.deepEqual(
    librariesOf(maps).map(({ inode }) => inode),
    [5, 6, 7],
  );
});
