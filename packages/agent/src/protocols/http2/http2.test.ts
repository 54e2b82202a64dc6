import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCapture, replay } from "../testing/capture.js";
import { checkCapture } from "../testing/check.js";
import type { WireExchange } from "../wire.js";
import { http2 } from "./http2.js";

const get = (path: string, status = 200, size?: number) => ({
  "http.request.method": "GET",
  "url.path": path,
  "http.response.status_code": status,
  ...(size === undefined ? {} : { "http.response.body.size": size }),
});

checkCapture(http2, "http2", [
  ["GET", { ...get("/users/7", 200, 10), "url.query": "q=1", "user_agent.original": "tester/1" }],
  ["GET", { ...get("/users/7", 200, 10), "user_agent.original": "tester/1" }],
  ["POST", { "http.request.body.size": 3000, "http.response.status_code": 201, "url.path": "/upload" }],
  ["GET", get("/2500", 200, 2500)],
  ["GET", get("/trailers", 200, 13)],
  ["GET", get("/slow", 200, 4)],
  ["GET", get("/push", 200, 6)],
  ["GET", get("/fail", 500, 0), "500"],
  ["GET", get("/long", 200, 10)],
  ["GET", { "url.path": "/never" }, "CANCEL"],
  ["GET", { ...get("/last"), "user_agent.original": "tester/1", "server.address": "127.0.0.1" }],
]);

const padded = { "http.request.method": "POST", "http.request.body.size": 6, "http.response.body.size": 10 };
checkCapture(http2, "http2-padded", [
  ["POST", { ...padded, "url.path": "/a" }],
  ["POST", { ...padded, "url.path": "/b" }],
  ["POST", { ...padded, "url.path": "/a" }],
]);

const call = (method: string, status: string, sent: number, received: number) => ({
  "rpc.system.name": "grpc",
  "rpc.method": `shop.v1.Orders/${method}`,
  "rpc.response.status_code": status,
  "go3s.rpc.request.messages": sent,
  "go3s.rpc.response.messages": received,
});
checkCapture(http2, "grpc", [
  ["shop.v1.Orders/Get", call("Get", "OK", 1, 1)],
  ["shop.v1.Orders/Get", call("Get", "NOT_FOUND", 1, 0), "NOT_FOUND"],
  ["shop.v1.Orders/Get", call("Get", "OK", 1, 1)],
  ["shop.v1.Orders/List", call("List", "OK", 1, 5)],
  ["shop.v1.Orders/Put", call("Put", "OK", 3, 1)],
  ["shop.v1.Orders/Chat", call("Chat", "OK", 4, 4)],
  ["shop.v1.Orders/Nope", call("Nope", "UNIMPLEMENTED", 1, 0), "UNIMPLEMENTED"],
]);

test("what the header table hid before a late attach is left out", () => {
  const capture = loadCapture("http2");
  const whole = replay(http2, capture).exchanges;
  const second = capture.chunks.findIndex((chunk) => chunk.ns >= whole[1].startNs);
  const late = replay(http2, capture, { from: second }).exchanges[0];
  // node:http2 put the first request's user agent and authority into the table, and never paths.
  assert.equal(late.attributes["user_agent.original"], undefined);
  assert.equal(late.attributes["server.address"], undefined);
  assert.equal(late.attributes["url.path"], "/users/7");
});

function frame(type: number, flags: number, stream: number, ...payload: number[]): number[] {
  return [
    payload.length >> 16,
    (payload.length >> 8) & 0xff,
    payload.length & 0xff,
    type,
    flags,
    0,
    0,
    0,
    stream,
    ...payload,
  ];
}

function run(chunks: readonly (readonly [0 | 1, number[]])[]): WireExchange[] {
  const exchanges: WireExchange[] = [];
  const parser = http2.open({ emit: (exchange) => exchanges.push(exchange), late: true, datagram: false });
  for (const [i, [d, numbers]] of chunks.entries()) {
    const bytes = Uint8Array.from(numbers);
    (d === 0 ? parser.request : parser.response)(bytes, 0, bytes.length, bytes.length, i + 1);
  }
  parser.close(100);
  return exchanges;
}

// GET http /, and status 200, from the static table.
const get1 = frame(1, 5, 1, 0x82, 0x86, 0x84);
const ok = [0x88];

test("requests behind the last one that GOAWAY names are refused, the others go on", () => {
  const seen = run([
    [0, [...get1, ...frame(1, 5, 3, 0x82, 0x86, 0x84)]],
    [1, frame(7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)],
    [1, frame(1, 5, 1, ...ok)],
  ]);
  assert.deepEqual(
    seen.map(({ error, endNs, attributes }) => [error, endNs, attributes["http.response.status_code"]]),
    [
      ["REFUSED_STREAM", 2, undefined],
      ["", 3, 200],
    ],
  );
});

test("a reset by either side ends a stream; without an error after an answer it is none", () => {
  const seen = run([
    [0, get1],
    [1, frame(1, 4, 1, ...ok)],
    [1, frame(3, 0, 1, 0, 0, 0, 0)],
    [0, frame(1, 4, 3, 0x83, 0x86, 0x84)],
    [1, frame(3, 0, 3, 0, 0, 0, 11)],
  ]);
  assert.deepEqual(
    seen.map(({ error, endNs }) => [error, endNs]),
    [
      ["", 3],
      ["ENHANCE_YOUR_CALM", 5],
    ],
  );
});

test("an interim answer is not the beginning of the answer, nor its status", () => {
  const seen = run([
    [0, get1],
    [1, frame(1, 4, 1, 0x08, 3, ...Buffer.from("103"))],
    [1, frame(1, 5, 1, ...ok)],
  ]);
  assert.deepEqual(
    seen.map(({ firstByteNs, endNs, attributes }) => [
      firstByteNs,
      endNs,
      attributes["http.response.status_code"],
    ]),
    [[3, 3, 200]],
  );
});

test("a header block that another frame interrupts leaves its table unknown, and nothing wrong", () => {
  const seen = run([
    [
      0,
      [
        ...frame(1, 1, 1, 0x82, 0x86, 0x44, 1, 0x2f),
        ...frame(8, 0, 0, 0, 0, 0, 1),
        ...frame(9, 4, 1, 0x40, 1, 0x61, 1, 0x62),
      ],
    ],
    [0, frame(1, 5, 3, 0x82, 0x86, 0xbe)],
    [1, frame(1, 5, 3, ...ok)],
  ]);
  assert.equal(seen.length, 1);
  assert.deepEqual(seen[0].attributes["go3s.wire.unknown"], [":path", "content-type"]);
});
