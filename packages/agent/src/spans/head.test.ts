import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newRequestHead, newResponseHead, type Piece, parseRequestHead, parseResponseHead } from "./head.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function request(text: string, prefix = "") {
  const all = bytes(prefix + text);
  const head = newRequestHead();
  const ok = parseRequestHead(all, prefix.length, all.length, head);
  const get = (p: Piece): string | undefined =>
    p.start < 0 ? undefined : new TextDecoder().decode(all.subarray(p.start, p.end));
  return { ok, head, get };
}

function response(text: string) {
  const head = newResponseHead();
  return { ok: parseResponseHead(bytes(text), 0, text.length, head), head };
}

const full =
  "POST /cart/42?coupon=a%20b HTTP/1.1\r\nHost: shop.example:8080\r\nuser-Agent:  wrk/4 \r\n" +
  "Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\ntracestate: a=b\r\nContent-Length: 17\r\n\r\nbody";

test("a request head is taken apart wherever it starts in the buffer", () => {
  const { ok, head, get } = request(full, "xyz");
  assert.ok(ok);
  assert.equal(get(head.method), "POST");
  assert.equal(get(head.path), "/cart/42");
  assert.equal(get(head.query), "coupon=a%20b");
  assert.equal(get(head.host), "shop.example:8080");
  assert.equal(get(head.userAgent), "wrk/4");
  assert.equal(get(head.traceparent), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  assert.equal(get(head.tracestate), "a=b");
  assert.equal(head.contentLength, 17);
  assert.ok(head.complete);
  assert.equal(head.length, full.length - "body".length);
});

test("one value used again keeps nothing of the request before", () => {
  const head = newRequestHead();
  parseRequestHead(bytes(full), 0, full.length, head);
  const bare = bytes("GET / HTTP/1.1\r\n\r\n");
  assert.ok(parseRequestHead(bare, 0, bare.length, head));
  assert.deepEqual(
    [head.host.start, head.traceparent.start, head.query.start, head.contentLength],
    [-1, -1, -1, -1],
  );
});

test("a proxy's absolute form gives host and path", () => {
  const { head, get } = request("GET http://a.example:81/x?y HTTP/1.1\r\nHost: ignored\r\n\r\n");
  assert.equal(get(head.host), "a.example:81");
  assert.equal(get(head.path), "/x");
});

test("what is no request is told apart", () => {
  for (const text of [
    "",
    "GET",
    "\x16\x03\x01\x02",
    "GET  HTTP/1.1\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "PRI * XTTP/2.0\r\n\r\n",
    "SET key value\r\n",
  ])
    assert.equal(request(text).ok, false, JSON.stringify(text));
});

test("a cut head keeps what came before the cut", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: full.length }), (cut) => {
      const { ok, head } = request(full.slice(0, cut));
      if (cut >= full.length - 4) assert.ok(ok && head.complete);
      else assert.equal(head.complete, false);
      for (const p of [head.path, head.query, head.host, head.traceparent]) assert.ok(p.end <= cut || !ok);
    }),
  );
});

test("random bytes are never read beyond the end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      const head = newRequestHead();
      parseRequestHead(noise, 0, noise.length, head);
      const answer = newResponseHead();
      parseResponseHead(noise, 0, noise.length, answer);
      assert.ok(head.length <= noise.length && answer.length <= noise.length);
    }),
  );
});

test("a response's status, length, chunking and closing are read", () => {
  assert.deepEqual(response("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found").head, {
    status: 404,
    contentLength: 9,
    chunked: false,
    close: false,
    complete: true,
    length: 45,
  });
  assert.ok(response("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n").head.chunked);
  assert.ok(response("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").head.close);
  assert.ok(response("HTTP/1.0 200 OK\r\n\r\n").head.close);
  assert.equal(response("HTTP/1.1 2x0 OK\r\n\r\n").ok, false);
  assert.equal(response("HTTP/2 200\r\n").ok, false);
});

test("a length that is no number, or too large to be one, is absent", () => {
  assert.equal(request("GET / HTTP/1.1\r\nContent-Length: 12a\r\n\r\n").head.contentLength, -1);
  assert.equal(request(`GET / HTTP/1.1\r\nContent-Length: ${"9".repeat(20)}\r\n\r\n`).head.contentLength, -1);
});
