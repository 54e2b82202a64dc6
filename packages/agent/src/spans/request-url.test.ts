import assert from "node:assert/strict";
import { test } from "node:test";
import { newRequestHead, parseRequestHead } from "./head.js";
import { httpVersion, requestUrl } from "./request-url.js";

function told(text: string): { url: string; version: string } {
  const bytes = Buffer.from(text);
  const head = newRequestHead();
  assert.ok(parseRequestHead(bytes, 0, bytes.length, head));
  const url = requestUrl(bytes, head, "http", () => "[::1]:8080");
  return {
    url: url.bytes.toString("latin1", 0, url.length),
    version: httpVersion(bytes, bytes.length, head),
  };
}

test("a client's URL is put together from the head, with what went over the wire", () => {
  const host = "\r\nHost: shop:8080\r\n\r\n";
  for (const [line, url, version] of [
    ["GET /a/b?x=1&y HTTP/1.1", "http://shop:8080/a/b?x=1&y", "1.1"],
    ["GET / HTTP/1.0", "http://shop:8080/", "1.0"],
    ["GET /? HTTP/1.1", "http://shop:8080/", "1.1"],
    ["OPTIONS * HTTP/1.1", "*", "1.1"],
    ["CONNECT far:443 HTTP/1.1", "far:443", "1.1"],
  ] as const)
    assert.deepEqual(told(`${line}${host}`), { url, version });
});

test("without a Host it is the peer's address; a proxy is told the other's", () => {
  assert.equal(told("GET /a HTTP/1.0\r\n\r\n").url, "http://[::1]:8080/a");
  assert.equal(told("GET http://other/a?b HTTP/1.1\r\n\r\n").url, "http://other/a?b");
});

test("a head that was cut off in its target has a URL and no version", () => {
  assert.deepEqual(told("GET /long/pa"), { url: "http://[::1]:8080/long/pa", version: "" });
  assert.equal(told(`GET /${"x".repeat(8000)}`).url.length, 8000 + "http://[::1]:8080/".length);
});
