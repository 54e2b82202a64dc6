import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, createServer } from "node:net";
import { after, before, test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { decodeProtobuf, RpcStatus } from "@go3s/telemetry";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ServerError } from "../../errors.js";
import { chanceOf, mutateBytes } from "../../testing/mutate.js";
import { callRaw, frameOf, openRaw } from "../../testing/raw-grpc.js";
import { createBufferPool } from "../pool.js";
import { refusalOf } from "../status.js";
import type { UnaryMethod } from "./call.js";
import { listenUnary, type UnaryServer } from "./server.js";

const bodyBytes = 1 << 20;
const streams = 32;
const reader = {
  limits: { bodyBytes, inflightBytes: 8 << 20 },
  pool: createBufferPool(),
  inflight: 0,
};
const refused: string[] = [];
let held: (() => void)[] = [];
let server: UnaryServer;

/** The answer is how many bytes a message has. */
const sizeOf = (message: Uint8Array): Uint8Array => Buffer.from(String(message.length));
const methods = new Map<string, UnaryMethod>([
  ["/test.Service/Size", { label: "size", handle: async (message) => sizeOf(message) }],
  [
    "/test.Service/Hold",
    {
      label: "hold",
      async handle(message) {
        const size = sizeOf(message);
        await new Promise<void>((resolve) => held.push(resolve));
        return size;
      },
    },
  ],
  [
    "/test.Service/Refuse",
    {
      label: "refuse",
      handle: () => Promise.reject(new ServerError("too-many", "100 % für später", { retryAfterSeconds: 2 })),
    },
  ],
]);

function start(): Promise<UnaryServer> {
  const refuse = (label: string, thrown: unknown) => {
    const refusal = refusalOf(thrown);
    refused.push(`${label} ${refusal.error.code}`);
    return refusal;
  };
  return listenUnary({ methods, reader, refuse }, { streamsPerConnection: streams }, "127.0.0.1", 0);
}

before(async () => {
  server = await start();
});
after(() => server.close(0));

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

test("many calls at once over one connection of a real client", async () => {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const identity = (bytes: Buffer) => bytes;
  const call = (size: number) =>
    new Promise<string>((resolve, reject) => {
      const done = (error: ServiceError | null, bytes?: Buffer) =>
        error ? reject(error) : resolve(String(bytes));
      client.makeUnaryRequest(
        "/test.Service/Size",
        identity,
        identity,
        Buffer.alloc(size),
        new Metadata(),
        done,
      );
    });
  const sizes = Array.from({ length: 200 }, (_, i) => (i * 7_919) % 300_000);
  assert.deepEqual(await Promise.all(sizes.map(call)), sizes.map(String));
  client.close();
  assert.equal(reader.inflight, 0);
});

test("packed messages, and packings that are not taken", async () => {
  const session = openRaw(server.port);
  const message = Buffer.alloc(50_000, "abc");
  for (const [encoding, packed] of [
    ["gzip", gzipSync(message)],
    ["deflate", deflateSync(message)],
  ] as const) {
    const headers = { "grpc-encoding": encoding };
    const answer = await callRaw(session, { headers, chunks: [frameOf(packed, true)] });
    assert.equal(answer.headers["grpc-status"], "0");
    assert.deepEqual(answer.body, frameOf(Buffer.from("50000")));
    // A message may go unpacked whatever the header says.
    const plain = await callRaw(session, { headers, chunks: [frameOf(message)] });
    assert.deepEqual(plain.body, frameOf(Buffer.from("50000")));
  }
  const unknown = await callRaw(session, {
    headers: { "grpc-encoding": "snappy" },
    chunks: [frameOf(message, true)],
  });
  assert.equal(unknown.headers["grpc-status"], String(status.UNIMPLEMENTED));
  assert.equal(unknown.headers["grpc-accept-encoding"], "identity,gzip,deflate,zstd");
  for (const call of [
    { chunks: [frameOf(message, true)] },
    { headers: { "grpc-encoding": "gzip" }, chunks: [frameOf(message, true)] },
  ])
    assert.equal((await callRaw(session, call)).headers["grpc-status"], String(status.INVALID_ARGUMENT));
  const bomb = {
    headers: { "grpc-encoding": "gzip" },
    chunks: [frameOf(gzipSync(Buffer.alloc(bodyBytes + 1)), true)],
  };
  assert.equal((await callRaw(session, bomb)).headers["grpc-status"], String(status.RESOURCE_EXHAUSTED));
  session.destroy();
  assert.equal(reader.inflight, 0);
});

test("a message that is too large is refused before it is here, and the connection goes on", async () => {
  const session = openRaw(server.port);
  const answer = await callRaw(session, {
    chunks: [frameOf(Buffer.alloc(10), false, bodyBytes + 1)],
    isOpen: true,
  });
  assert.equal(answer.headers["grpc-status"], String(status.RESOURCE_EXHAUSTED));
  assert.equal(answer.reset, 0);
  assert.equal(
    (await callRaw(session, { chunks: [frameOf(Buffer.alloc(7))] })).body.toString("latin1", 5),
    "7",
  );
  session.destroy();
});

test("broken messages are INVALID_ARGUMENT", async () => {
  const session = openRaw(server.port);
  const two = Buffer.concat([frameOf(Buffer.alloc(3)), frameOf(Buffer.alloc(3))]);
  for (const chunks of [
    [],
    [two],
    [two.subarray(0, 9)],
    [two.subarray(0, 7)],
    [Buffer.from("hello there")],
  ]) {
    const answer = await callRaw(session, { chunks });
    assert.equal(answer.headers["grpc-status"], String(status.INVALID_ARGUMENT));
    assert.equal(answer.body.length, 0);
  }
  session.destroy();
});

test("a refusal tells its text, its details and when to come back", async () => {
  const session = openRaw(server.port);
  const { headers } = await callRaw(session, {
    path: "/test.Service/Refuse",
    chunks: [frameOf(Buffer.alloc(1))],
  });
  assert.equal(headers["grpc-status"], String(status.UNAVAILABLE));
  assert.equal(headers["grpc-message"], "100 %25 f%C3%BCr sp%C3%A4ter");
  const told = decodeProtobuf(RpcStatus, Buffer.from(String(headers["grpc-status-details-bin"]), "base64"));
  assert.equal(told.code, status.UNAVAILABLE);
  assert.match(told.details[0]?.typeUrl ?? "", /RetryInfo$/);
  session.destroy();
});

test("what is no call of ours: method, content type, path", async () => {
  const session = openRaw(server.port);
  const status_ = async (headers: Readonly<Record<string, string>>, path?: string) =>
    (await callRaw(session, { headers, ...(path === undefined ? {} : { path }) })).headers;
  assert.equal((await status_({ ":method": "GET" }))[":status"], 405);
  assert.equal((await status_({ "content-type": "application/grpc-web+proto" }))[":status"], 415);
  const unknown = await status_({}, "/test.Service/Nothing");
  assert.equal(unknown[":status"], 200);
  assert.equal(unknown["grpc-status"], String(status.UNIMPLEMENTED));
  assert.equal((await status_({ "grpc-timeout": "soon" }))["grpc-status"], String(status.INVALID_ARGUMENT));
  session.destroy();
});

test("the deadline ends a call, while its message comes and while it is worked on", async () => {
  const session = openRaw(server.port);
  const headers = { "grpc-timeout": "20m" };
  const half = { headers, chunks: [frameOf(Buffer.alloc(10), false, 20)], isOpen: true };
  assert.equal((await callRaw(session, half)).headers["grpc-status"], String(status.DEADLINE_EXCEEDED));
  const whole = { headers, path: "/test.Service/Hold", chunks: [frameOf(Buffer.alloc(10))] };
  assert.equal((await callRaw(session, whole)).headers["grpc-status"], String(status.DEADLINE_EXCEEDED));
  session.destroy();
  for (const resolve of held.splice(0)) resolve();
  assert.equal(reader.inflight, 0);
});

test("a call that is cancelled while its message comes gives its memory back and is counted", async () => {
  const session = openRaw(server.port);
  const before_ = refused.length;
  const answer = callRaw(session, { chunks: [frameOf(Buffer.alloc(100_000), false, 200_000)], isOpen: true });
  await until(() => reader.inflight === 100_000);
  session.destroy();
  await answer;
  await until(() => refused.length > before_);
  assert.deepEqual(refused.slice(before_), ["size request-timeout"]);
  assert.equal(reader.inflight, 0);
});

test("a client that leaves while its message is worked on harms nothing", async () => {
  const session = openRaw(server.port);
  const answer = callRaw(session, { path: "/test.Service/Hold", chunks: [frameOf(Buffer.alloc(10))] });
  await until(() => held.length === 1);
  session.destroy();
  await answer;
  for (const resolve of held.splice(0)) resolve();
  const other = openRaw(server.port);
  assert.equal((await callRaw(other, { chunks: [frameOf(Buffer.alloc(5))] })).headers["grpc-status"], "0");
  other.destroy();
});

test("HTTP/1 is told where it is, TLS and noise are closed", async () => {
  const ask = async (bytes: string | Buffer) => {
    const socket = connectTcp(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    const parts: Buffer[] = [];
    socket.on("data", (part) => parts.push(part));
    socket.write(bytes);
    await once(socket, "close");
    return Buffer.concat(parts).toString("latin1");
  };
  const answer = await ask("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  assert.match(answer, /^HTTP\/1\.1 426 Upgrade Required\r\n/);
  const [head = "", body] = answer.split("\r\n\r\n");
  assert.equal(Number(/Content-Length: (\d+)/.exec(head)?.[1]), body?.length);
  assert.equal(await ask(Buffer.from([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5])), "");
});

test("settings bound a connection: streams, headers, resets; pings are answered", async () => {
  const session = openRaw(server.port);
  const [settings] = await once(session, "remoteSettings");
  assert.equal(settings.maxConcurrentStreams, streams);
  await new Promise<void>((resolve, reject) => {
    session.ping((error) => (error ? reject(error) : resolve()));
  });
  const large = await callRaw(session, { headers: { "x-large": "x".repeat(20_000) } });
  assert.equal(large.headers["grpc-status"], undefined);
  session.destroy();

  // CVE-2023-44487: streams opened and reset at once.
  const hostile = openRaw(server.port);
  const ended = new Promise((resolve) => hostile.on("close", resolve));
  const flood = async () => {
    for (let i = 0; i < 20_000 && !hostile.closed && !hostile.destroyed; i++) {
      const stream = hostile.request({
        ":method": "POST",
        ":path": "/test.Service/Size",
        "content-type": "application/grpc",
      });
      stream.on("error", () => undefined);
      stream.close(8);
      if (i % 50 === 0) await turn();
    }
  };
  await Promise.all([flood(), ended]);
  const other = openRaw(server.port);
  assert.equal((await callRaw(other, { chunks: [frameOf(Buffer.alloc(5))] })).headers["grpc-status"], "0");
  other.destroy();
});

test("broken frames end their connection only, and leave no memory behind", async () => {
  const request = await recordedCall();
  for (let number = 1; number <= 120; number++) {
    const chance = chanceOf(number);
    const socket = connectTcp(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.resume();
    // The preface stays, or nothing would get as far as the frames.
    const harmed = mutateBytes(request.subarray(24), chance, request.subarray(24));
    socket.end(Buffer.concat([request.subarray(0, 24), harmed]));
    await Promise.race([once(socket, "close"), turn()]);
    socket.destroy();
  }
  await until(() => reader.inflight === 0);
  for (const resolve of held.splice(0)) resolve();
  const session = openRaw(server.port);
  assert.equal((await callRaw(session, { chunks: [frameOf(Buffer.alloc(5))] })).headers["grpc-status"], "0");
  session.destroy();
});

/** recordedCall is what a client sends for one call, byte by byte. */
async function recordedCall(): Promise<Buffer> {
  const parts: Buffer[] = [];
  const listener = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (part) => parts.push(part));
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  const session = openRaw(typeof address === "object" && address !== null ? address.port : 0);
  void callRaw(session, { chunks: [frameOf(Buffer.alloc(2_000))] });
  await until(() => Buffer.concat(parts).length > 2_100);
  session.destroy();
  listener.close();
  return Buffer.concat(parts);
}

test("closing lets calls under way finish and sends new ones elsewhere", async () => {
  held = [];
  const own = await start();
  const session = openRaw(own.port);
  const goaway = once(session, "goaway");
  const answer = callRaw(session, { path: "/test.Service/Hold", chunks: [frameOf(Buffer.alloc(9))] });
  await until(() => held.length === 1);
  const closed = own.close(60_000);
  await goaway;
  for (const resolve of held.splice(0)) resolve();
  assert.equal((await answer).headers["grpc-status"], "0");
  await closed;
  const late = connectTcp(own.port, "127.0.0.1");
  const [error] = await once(late, "error");
  assert.equal(error.code, "ECONNREFUSED");
});

test("when the grace is over, calls under way are ended", async () => {
  const own = await start();
  const session = openRaw(own.port);
  const answer = callRaw(session, { path: "/test.Service/Hold", chunks: [frameOf(Buffer.alloc(9))] });
  await until(() => held.length === 1);
  await own.close(10);
  assert.equal((await answer).headers["grpc-status"], undefined);
  for (const resolve of held.splice(0)) resolve();
});
