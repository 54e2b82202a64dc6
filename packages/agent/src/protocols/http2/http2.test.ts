import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCapture, replay } from "../testing/capture.js";
import { checkCapture } from "../testing/check.js";
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

const call = (method: string, status: number, sent: number, received: number) => ({
  "rpc.system": "grpc",
  "rpc.service": "shop.v1.Orders",
  "rpc.method": method,
  "rpc.grpc.status_code": status,
  "go3s.rpc.request.messages": sent,
  "go3s.rpc.response.messages": received,
});
checkCapture(http2, "grpc", [
  ["shop.v1.Orders/Get", call("Get", 0, 1, 1)],
  ["shop.v1.Orders/Get", call("Get", 5, 1, 0), "NOT_FOUND"],
  ["shop.v1.Orders/Get", call("Get", 0, 1, 1)],
  ["shop.v1.Orders/List", call("List", 0, 1, 5)],
  ["shop.v1.Orders/Put", call("Put", 0, 3, 1)],
  ["shop.v1.Orders/Chat", call("Chat", 0, 4, 4)],
  ["shop.v1.Orders/Nope", call("Nope", 12, 1, 0), "UNIMPLEMENTED"],
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
