import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCapture, replay } from "../testing/capture.js";
import { checkCapture } from "../testing/check.js";
import { newAnswerHead } from "./answer-head.js";
import { fastcgi } from "./fastcgi.js";
import { newParams } from "./params.js";

const status = (code: number) => ({ "http.response.status_code": code });

checkCapture(fastcgi, "fastcgi-kept", [
  [
    "GET",
    {
      ...status(200),
      "network.protocol.name": "fastcgi",
      "http.request.method": "GET",
      "url.path": "/hello.php",
      "url.query": "name=you&again=1",
      "url.scheme": "http",
    },
  ],
  ["POST", { ...status(200), "url.path": "/post.php", "http.request.body.size": 9000 }],
  ["GET", { ...status(302), "url.path": "/away.php" }],
  ["GET", { ...status(301), "url.path": "/moved.php" }],
  ["GET", { ...status(500), "url.path": "/broken.php" }, "500"],
  ["GET", { ...status(404), "url.path": "/missing.php" }],
  ["DELETE", { ...status(410), "url.path": "/gone.php" }],
  ["GET", { ...status(200), "url.path": "/long.php" }],
  ["HEAD", { ...status(200), "url.path": "/hello.php" }],
]);
checkCapture(fastcgi, "fastcgi-once", [["GET", { ...status(200), "url.query": "name=only" }]]);

test("what only the application's side tells, and what the web server hands on", () => {
  const { exchanges } = replay(fastcgi, loadCapture("fastcgi-kept"));
  const [first, posted] = exchanges;
  assert.equal(first?.serverAttributes?.["client.address"], "127.0.0.1");
  assert.match(String(first?.serverAttributes?.["code.file.path"]), /\/web\/hello\.php$/);
  assert.equal(first?.serverAttributes?.["user_agent.original"], "node");
  assert.equal(posted?.traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  assert.equal(posted?.tracestate, "a=b");
  assert.ok((posted?.requestBytes ?? 0) > 9000);
});

test("parameters that are cut between records are whole, long ones have lengths of four bytes", () => {
  const value = "v".repeat(300);
  const bytes = Buffer.concat([
    Buffer.from([4, 0x80, 0, 1, 44]),
    Buffer.from(`NAME${value}`),
    Buffer.from([2, 1]),
    Buffer.from("ABc"),
  ]);
  for (let at = 0; at <= bytes.length; at++) {
    const params = newParams(new Set(["NAME", "AB"]));
    params.add(bytes, 0, at, at);
    params.add(bytes, at, bytes.length, bytes.length - at);
    assert.equal(params.of("NAME"), value, `cut at ${at}`);
    assert.equal(params.of("AB"), "c");
    assert.ok(params.isWhole());
  }
  const part = newParams(new Set(["NAME", "AB"]));
  part.add(bytes, 0, 100, bytes.length);
  assert.equal(part.of("NAME"), "");
  assert.ok(!part.isWhole());
});

test("the status is what the head says, and nothing where that is not known", () => {
  const read = (text: string, hole = false, at = text.length): number => {
    const head = newAnswerHead();
    const bytes = Buffer.from(text);
    head.add(bytes, 0, at, false);
    head.add(bytes, at, bytes.length, hole);
    return head.status();
  };
  const whole = "X-A: b\r\nStatus: 404 Not Found\r\n\r\nStatus: 500 x";
  for (let at = 0; at <= whole.length; at++) assert.equal(read(whole, false, at), 404, `cut at ${at}`);
  assert.equal(read("Content-Type: text/plain\n\nhello"), 200);
  assert.equal(read("Location: https://example.org/\r\n\r\n"), 302);
  assert.equal(read("Location: /own\r\n\r\n"), 200);
  assert.equal(read("Status: 503 Busy\r\nX-A: b", true), 503);
  assert.equal(read("X-A: b\r\nSta", true), 0);
  assert.equal(read("X-A: b"), 0);
});
