import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import type { Agent } from "../agent-types.js";
import { whyNoLiveTests } from "../testing/go-service.js";
import { linesOf } from "../testing/lines.js";
import { listening } from "../testing/listening.js";
import { newCgroup, type OwnCgroup } from "../testing/own-cgroup.js";
import { startPropagating } from "../testing/propagating.js";

// Takes a connection's writes as JSON, one a line, and waits after each for as many answers as it says.
const client = `
const { connect } = require("node:net");
let socket, heard = 0, wake = () => undefined;
const sent = [];
require("node:readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  const { port, writes } = JSON.parse(line);
  heard = 0;
  socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("data", (data) => { heard += data.toString("latin1").split("ok!").length - 1; wake(); });
  await new Promise((done) => socket.once("connect", done));
  let expected = 0;
  for (const { text, answers } of writes) {
    socket.write(Buffer.from(text, "latin1"));
    expected += answers;
    while (heard < expected) await new Promise((done) => { wake = done; });
    // Pieces without an answer must not join those behind them.
    if (answers === 0) await new Promise((done) => setTimeout(done, 20));
  }
  socket.end();
  socket.once("close", () => console.log("done"));
});
console.log("ready");
`;

interface Write {
  readonly text: string;
  readonly answers: number;
}

const request = (line: string, headers: string, body = ""): string =>
  `${line} HTTP/1.1\r\nHost: there\r\n${headers}\r\n${body}`;
/** asked is a write that is answered. */
const asked = (text: string, answers = 1): Write => ({ text, answers });
const piece = (text: string): Write => ({ text, answers: 0 });

const decoy = request("GET /decoy", "");
const get = request("GET /end!", "");
const post = (body: string): string => request("POST /in", `Content-Length: ${body.length}\r\n`, body);

const whyNot = whyNoLiveTests() ?? false;
let cgroup: OwnCgroup;
let agent: Agent;
let received: Buffer[] = [];
let ask: (writes: readonly Write[]) => Promise<string>;
const server = createServer((socket: Socket) => {
  socket.on("data", (data) => {
    received.push(data);
    // Each request says by "end!" where it ends.
    const ends = data.toString("latin1").split("end!").length - 1;
    if (ends > 0) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok!".repeat(ends));
  });
  socket.on("end", () => socket.end());
});

before(async () => {
  if (whyNot !== false) return;
  const port = await listening(server);
  cgroup = newCgroup();
  const child = cgroup.run([process.execPath, "-e", client]);
  const lines = linesOf(child);
  await lines.next();
  agent = await startPropagating([child.pid]);
  ask = async (writes) => {
    received = [];
    child.stdin?.write(`${JSON.stringify({ port, writes })}\n`);
    await lines.next();
    return Buffer.concat(received).toString("latin1");
  };
});

after(async () => {
  server.close();
  await agent?.close();
  await cgroup?.remove();
});

const ours = /traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n/g;

interface Case {
  readonly name: string;
  readonly writes: readonly Write[];
  /** Which of the stream's requests get a header, by their place. */
  readonly inserted: number;
}

const cases: readonly Case[] = [
  { name: "a request in one write", writes: [asked(get)], inserted: 1 },
  // These two first: they ask what is known of the exchange, which writes that look like no request make uncertain later.
  { name: "a request behind one that is not answered", writes: [piece(decoy), asked(get)], inserted: 1 },
  {
    name: "a head in two pieces, and what has to happen before the next is sure",
    writes: [piece(get.slice(0, 9)), asked(get.slice(9)), asked(get), asked(get)],
    inserted: 1,
  },
  { name: "one after the other", writes: [asked(get), asked(post("end!")), asked(get)], inserted: 3 },
  {
    name: "a body in writes of its own, one of which begins like a request",
    writes: [
      piece(post(`${decoy}${decoy}end!`).slice(0, -(2 * decoy.length + 4))),
      piece(decoy),
      piece(decoy),
      asked("end!"),
      asked(get),
    ],
    inserted: 2,
  },
  { name: "a head that is a single byte first", writes: [piece("G"), asked(get.slice(1))], inserted: 0 },
  { name: "two requests in one write", writes: [asked(get + get, 2), asked(get)], inserted: 1 },
  {
    name: "chunks, in which requests stand",
    writes: [
      piece(request("POST /in", "Transfer-Encoding: chunked\r\n")),
      piece(`${(decoy.length * 2).toString(16)}\r\n${decoy}`),
      piece(decoy),
      piece(`\r\n${decoy.length.toString(16)}\r\n`),
      piece(decoy),
      asked("\r\n4\r\nend!\r\n0\r\n\r\n"),
      asked(get),
    ],
    inserted: 2,
  },
  {
    name: "a chunk's size in two pieces",
    writes: [
      piece(`${request("POST /in", "Transfer-Encoding: chunked\r\n")}1`),
      asked("0\r\n0123456789abend!\r\n0\r\n\r\n"),
    ],
    inserted: 1,
  },
  {
    name: "a connection that is upgraded",
    writes: [
      asked(request("GET /end!", "Connection: Upgrade\r\nUpgrade: websocket\r\n")),
      piece(decoy),
      asked(get),
    ],
    inserted: 1,
  },
  {
    name: "a header that is there",
    writes: [asked(request("GET /end!", "TraceParent: 00-1-2-3\r\n"))],
    inserted: 0,
  },
  {
    name: "a header that is there at the end of a long head",
    writes: [asked(request("GET /end!", `Cookie: ${"c".repeat(3900)}\r\ntraceparent: x\r\n`))],
    inserted: 0,
  },
  {
    name: "a long head",
    writes: [asked(request("GET /end!", `Cookie: ${"c".repeat(3900)}\r\n`))],
    inserted: 1,
  },
  {
    name: "a head too long",
    writes: [asked(request("GET /end!", `Cookie: ${"c".repeat(4096)}\r\n`))],
    inserted: 0,
  },
  { name: "a line too long", writes: [asked(request(`GET /end!${"x".repeat(1100)}`, ""))], inserted: 0 },
  { name: "line feeds alone", writes: [asked("GET /end! HTTP/1.1\nHost: there\n\n")], inserted: 0 },
  { name: "a folded line", writes: [asked("GET /end! HTTP/1.1\r\n Host: there\r\n\r\n")], inserted: 0 },
  { name: "another version", writes: [asked("GET /end! HTTP/9.1\r\nHost: there\r\n\r\n")], inserted: 0 },
  {
    name: "two lengths",
    writes: [asked(request("POST /in", "Content-Length: 4\r\nContent-Length: 4\r\n", "end!")), asked(get)],
    inserted: 0,
  },
  {
    name: "bytes that are no HTTP",
    writes: [asked("\x16\x03\x01\x02\x00\x01\x00 end!padding"), piece(decoy), asked(get)],
    inserted: 0,
  },
  { name: "HTTP/2", writes: [asked("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nend!")], inserted: 0 },
  {
    name: "a large body in one write",
    writes: [asked(post(`${"b".repeat(300_000)}end!`)), asked(get)],
    inserted: 2,
  },
];

for (const { name, writes, inserted } of cases) {
  test(`nothing of a stream is changed but for the header: ${name}`, { skip: whyNot }, async () => {
    const stream = await ask(writes);
    const sent = writes.map(({ text }) => text).join("");
    assert.equal(stream.replace(ours, "").length, sent.length);
    assert.ok(stream.replace(ours, "") === sent, "other bytes than were sent");
    assert.equal(stream.match(ours)?.length ?? 0, inserted, JSON.stringify(agent.report().inserted));
    // Behind the line that begins a request of the client's own, never within a body.
    for (const { index } of stream.matchAll(ours))
      assert.match(
        stream.slice(0, index),
        /(GET|POST) \/(end!|in)\S* HTTP\/1.1\r\n$|^GET \/decoy HTTP\/1.1\r\n$/,
      );
  });
}
