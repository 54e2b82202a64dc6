import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCapture, replay } from "../testing/capture.js";
import { checkCapture } from "../testing/check.js";
import { newShared, type WireExchange } from "../wire.js";
import { http1 } from "./http1.js";

const answer = (status: number, path: string) => ({
  "http.response.status_code": status,
  "url.path": path,
});

checkCapture(http1, "http-keepalive", [
  ["GET", { ...answer(200, "/users/7"), "url.query": "q=1" }],
  ["POST", answer(200, "/2000")],
  ["PUT", answer(200, "/chunks")],
  ["DELETE", answer(204, "/none")],
  ["HEAD", answer(200, "/9000")],
]);

checkCapture(http1, "http-pipelined", [
  ["GET", { ...answer(200, "/a"), "server.address": "shop.example", "server.port": 8080 }],
  ["GET", answer(200, "/chunks")],
  ["GET", answer(204, "/none")],
  ["GET", answer(200, "/close")],
]);

test("a request's trace context and the whole length of bodies that were not captured are told", () => {
  const capture = loadCapture("http-keepalive");
  const [first, second] = replay(http1, capture, { limit: 400 }).exchanges;
  assert.equal(first.traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  const whole = replay(http1, capture).exchanges[1];
  assert.ok(second.requestBytes > 1500 && second.responseBytes > 2000);
  assert.equal(second.requestBytes, whole.requestBytes);
  assert.equal(second.doubt, "");
});

test("a body that sendfile sends is passed over, since its head says how long it is", () => {
  const told: WireExchange[] = [];
  const parser = http1.open({
    emit: (exchange) => void told.push(exchange),
    late: false,
    datagram: false,
    shared: newShared(),
  });
  const push = (side: "request" | "response", text: string, hole: number, ns: number): void => {
    const bytes = Buffer.from(text, "latin1");
    parser[side](bytes, 0, bytes.length, bytes.length + hole, ns);
  };
  for (const ns of [10, 50]) {
    push("request", "GET /file HTTP/1.0\r\nHost: shop\r\n\r\n", 0, ns);
    push("response", "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", 0, ns + 10);
    push("response", "", 8000, ns + 20);
    push("response", "", 1000, ns + 30);
  }
  const described = told.map(({ attributes, ...each }) => [
    each.endNs,
    each.doubt,
    attributes["network.protocol.version"],
    attributes["http.response.body.size"],
  ]);
  assert.deepEqual(described, [
    [40, "", "1.0", 9000],
    [80, "", "1.0", 9000],
  ]);
  assert.equal(parser.losses(), 0);
});
