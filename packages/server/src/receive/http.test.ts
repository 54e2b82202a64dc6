import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import {
  decodeProtobuf,
  ExportTraceServiceRequest,
  ExportTraceServiceResponse,
  encodeJson,
  encodeProtobuf,
  FusedSpanWriter,
  InstrumentationScope,
  Resource,
  RpcStatus,
  type SpanShare,
} from "@go3s/telemetry";
import { shopSpans, shopTraces } from "../testing/shop.js";
import { type Started, send, start } from "../testing/start.js";

/** zstdFrame wraps bytes as Zstandard does what it cannot shorten: one segment with its size, one raw block (RFC 8878). */
function zstdFrame(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(0xfd2fb528, 0);
  head.writeUInt8(0xa0, 4);
  head.writeUInt32LE(bytes.length, 5);
  head.writeUIntLE((bytes.length << 3) | 1, 9, 3);
  return Buffer.concat([head, bytes]);
}

const protobuf = { "content-type": "application/x-protobuf" };
const limit = 1 << 20;
let started: Started;
let url = "";

before(async () => {
  started = await start({ bodyBytesMax: limit });
  url = started.server.addresses.otlp_http;
});
after(() => started.close());

async function spansStored(): Promise<number> {
  await started.store.flush();
  const result = await started.store.query("SELECT count() AS spans FROM traces", { format: "TSV" });
  return Number(await result.text());
}

const spans = () => shopSpans(Date.now() - 120_000);
const asJson = (body: Uint8Array) =>
  encodeJson(ExportTraceServiceRequest, decodeProtobuf(ExportTraceServiceRequest, body));

const accepted: readonly {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly body: () => string | Uint8Array;
}[] = [
  { name: "protobuf", headers: protobuf, body: spans },
  {
    name: "protobuf with zstd",
    headers: { ...protobuf, "content-encoding": "zstd" },
    body: () => zstdFrame(spans()),
  },
  {
    name: "protobuf with gzip",
    headers: { ...protobuf, "content-encoding": "gzip" },
    body: () => gzipSync(spans()),
  },
  {
    name: "protobuf with deflate",
    headers: { ...protobuf, "content-encoding": "deflate" },
    body: () => deflateSync(spans()),
  },
  { name: "protobuf in chunks", headers: { ...protobuf, "transfer-encoding": "chunked" }, body: spans },
  {
    name: "JSON",
    headers: { "content-type": "application/json; charset=utf-8" },
    body: () => asJson(spans()),
  },
  {
    name: "JSON with gzip",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body: () => gzipSync(asJson(spans())),
  },
];

for (const { name, headers, body } of accepted) {
  test(`${name} is stored and acknowledged`, async () => {
    const before = await spansStored();
    const answer = await send(`${url}/v1/traces`, { method: "POST", headers, body: body() });
    assert.equal(answer.status, 200, answer.body.toString());
    const json = headers["content-type"]?.startsWith("application/json");
    assert.equal(answer.headers["content-type"], json ? "application/json" : "application/x-protobuf");
    assert.equal(answer.body.toString(), json ? "{}" : "");
    assert.equal(await spansStored(), before + shopTraces * 7);
  });
}

test("an empty request is a request", async () => {
  const answer = await send(`${url}/v1/metrics`, { method: "POST", headers: protobuf, body: "" });
  assert.equal(answer.status, 200);
});

const refused: readonly {
  readonly name: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly status: number;
  readonly code: number;
  readonly says: RegExp;
}[] = [
  {
    name: "bytes that are no protobuf",
    headers: protobuf,
    body: "hello, this is no OTLP",
    status: 400,
    code: 3,
    says: /byte|offset/i,
  },
  {
    name: "a request that is cut",
    headers: protobuf,
    body: spans().subarray(0, 1000),
    status: 400,
    code: 3,
    says: /./,
  },
  {
    name: "JSON that is none",
    headers: { "content-type": "application/json" },
    body: "{",
    status: 400,
    code: 3,
    says: /JSON/,
  },
  {
    name: "JSON of another shape",
    headers: { "content-type": "application/json" },
    body: '{"resourceSpans":1}',
    status: 400,
    code: 3,
    says: /resourceSpans/,
  },
  {
    name: "gzip that is none",
    headers: { ...protobuf, "content-encoding": "gzip" },
    body: "plain",
    status: 400,
    code: 3,
    says: /gzip/,
  },
  {
    name: "gzip that is cut",
    headers: { ...protobuf, "content-encoding": "gzip" },
    body: gzipSync(spans()).subarray(0, 500),
    status: 400,
    code: 3,
    says: /gzip/,
  },
  {
    name: "text",
    headers: { "content-type": "text/plain" },
    body: "x",
    status: 415,
    code: 3,
    says: /text\/plain/,
  },
  { name: "no content type", headers: {}, body: "x", status: 415, code: 3, says: /Content-Type/ },
  {
    name: "an encoding we do not know",
    headers: { ...protobuf, "content-encoding": "br" },
    body: "x",
    status: 415,
    code: 3,
    says: /br/,
  },
  { name: "GET", method: "GET", status: 405, code: 12, says: /POST/ },
  {
    name: "another path",
    path: "/v2/traces",
    headers: protobuf,
    body: "",
    status: 404,
    code: 12,
    says: /\/v1\/traces/,
  },
  {
    name: "more than the limit as sent",
    headers: protobuf,
    body: Buffer.alloc(limit + 1),
    status: 413,
    code: 8,
    says: /as sent/,
  },
  {
    name: "more than the limit as sent, in chunks",
    headers: { ...protobuf, "transfer-encoding": "chunked" },
    body: Buffer.alloc(limit + 1),
    status: 413,
    code: 8,
    says: /as sent/,
  },
  {
    name: "more than the limit when decompressed",
    headers: { ...protobuf, "content-encoding": "gzip" },
    body: gzipSync(Buffer.alloc(limit + 1)),
    status: 413,
    code: 8,
    says: /after decompression/,
  },
];

for (const {
  name,
  path = "/v1/traces",
  method = "POST",
  headers = {},
  body,
  status,
  code,
  says,
} of refused) {
  test(`${name}: ${status} with a Status in the request's format`, async () => {
    const answer = await send(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
    assert.equal(answer.status, status);
    const isProtobuf = headers["content-type"] === "application/x-protobuf" && status !== 404;
    assert.equal(answer.headers["content-type"], isProtobuf ? "application/x-protobuf" : "application/json");
    const told = isProtobuf ? decodeProtobuf(RpcStatus, answer.body) : JSON.parse(answer.body.toString());
    assert.equal(told.code, code);
    assert.match(told.message, says);
  });
}

test("spans without an id are rejected one by one, the rest is stored", async () => {
  const before = await spansStored();
  const good = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name: "ok",
    startTimeUnixNano: "1",
  };
  const body = JSON.stringify({
    resourceSpans: [{ scopeSpans: [{ spans: [good, { ...good, spanId: "" }] }] }],
  });
  const answer = await send(`${url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  assert.equal(answer.status, 200);
  const told = JSON.parse(answer.body.toString());
  assert.equal(told.partialSuccess.rejectedSpans, "1");
  assert.match(told.partialSuccess.errorMessage, /./);
  assert.equal(await spansStored(), before + 1);
  const { dropped } = started.server.status();
  assert.ok(dropped.some((drop) => drop.reason === "rejected" && drop.unit === "spans" && drop.count === 1));
});

test("the connection survives a refusal and is used again", async () => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const answers = new Promise<string>((resolve) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (text.split("HTTP/1.1 ").length === 3) resolve(text);
    });
  });
  const post = (body: string) =>
    `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  socket.write(post("bad") + post(""));
  assert.match(await answers, /^HTTP\/1\.1 400 .*HTTP\/1\.1 200 /s);
  socket.destroy();
});

test("a client that goes away in the middle of a body costs nothing", async () => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(
    "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\nabc",
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  const gone = () => started.server.status().dropped.find((drop) => drop.reason === "request-timeout");
  for (let i = 0; i < 3000 && !gone(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(gone()?.count, 1);
});

test("many requests at once are each acknowledged and all stored", async () => {
  const before = await spansStored();
  const body = spans();
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => send(`${url}/v1/traces`, { method: "POST", headers: protobuf, body })),
  );
  assert.ok(
    answers.every(
      (answer) => answer.status === 200 && decodeProtobuf(ExportTraceServiceResponse, answer.body),
    ),
  );
  assert.equal(await spansStored(), before + 50 * shopTraces * 7);
});

test("spans in the fused form are stored, and only in protobuf; plain receivers' paths do not take their fields", async () => {
  const writer = new FusedSpanWriter();
  writer.beginResource(encodeProtobuf(Resource, {}));
  writer.beginScope(encodeProtobuf(InstrumentationScope, { name: "fused" }));
  const share: SpanShare = { request: 0, index: 0 };
  for (let i = 1; i <= 3; i++) {
    writer.beginSpan();
    writer.traceId(new Uint8Array(16).fill(i), 0);
    writer.spanId(new Uint8Array(8).fill(i), 0);
    if (!writer.shareAgain(share)) {
      writer.name("GET /fused");
      writer.keepShare(share);
    }
    writer.endSpan();
  }
  const body = writer.finish().slice();
  const before = await spansStored();
  const plain = await send(`${url}/v1/traces`, { method: "POST", headers: protobuf, body });
  assert.equal(plain.status, 200);
  assert.equal(await spansStored(), before);
  const fused = await send(`${url}/v1/fused`, { method: "POST", headers: protobuf, body });
  assert.equal(fused.status, 200);
  assert.equal(await spansStored(), before + 3);
  const json = await send(`${url}/v1/fused`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  assert.equal(json.status, 415);
  const cut = await send(`${url}/v1/fused`, {
    method: "POST",
    headers: protobuf,
    body: body.subarray(0, body.length - 1),
  });
  assert.equal(cut.status, 400);
  assert.equal(await spansStored(), before + 3);
});
