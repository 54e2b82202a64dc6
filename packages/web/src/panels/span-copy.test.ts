import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import fc from "fast-check";
import { spanAnswer } from "../testing/trace-fixture.js";
import { curlOf, quoted, sqlOf } from "./span-copy.js";

const span = (attributes: Readonly<Record<string, string>>) => ({
  ...spanAnswer(1_795_000_000_000, "a".repeat(32), "b".repeat(16)),
  attributes,
});

describe("a span copied", () => {
  it("is the request again where its parts are known", () => {
    assert.equal(
      curlOf(span({ "http.request.method": "GET", "url.full": "https://shop.test/cart?a=1&b=it's" })),
      "curl -i 'https://shop.test/cart?a=1&b=it'\\''s'",
    );
    assert.equal(
      curlOf(
        span({
          "http.request.method": "POST",
          "server.address": "shop.local",
          "server.port": "8080",
          "url.path": "/checkout",
          "url.query": "x=1",
          "http.request.header.accept": '["text/html","*/*"]',
        }),
      ),
      "curl -i -X POST -H 'accept: text/html, */*' 'http://shop.local:8080/checkout?x=1'",
    );
    assert.equal(
      curlOf(
        span({
          "http.method": "HEAD",
          "net.peer.name": "::1",
          "net.peer.port": "443",
          "http.target": "/",
        }),
      ),
      "curl -i -I 'https://[::1]:443/'",
    );
    assert.equal(curlOf(span({ "db.system.name": "postgresql" })), undefined);
    assert.equal(curlOf(span({ "http.request.method": "GET", "url.full": "file:///etc/passwd" })), undefined);
    assert.equal(
      curlOf(span({ "http.request.method": "GET; rm -rf /", "url.full": "http://a/" })),
      undefined,
    );
  });

  it("is one word for a shell, whatever was sent, without control characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const word = quoted(text);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the point
        assert.doesNotMatch(word, /[\u0000-\u001f\u007f-\u009f]/);
        assert.doesNotMatch(word.replaceAll("'\\''", "").slice(1, -1), /'/);
      }),
    );
    const nasty = "a'b$(id)`id`\"\\ ;&|";
    assert.equal(execFileSync("sh", ["-c", `printf %s ${quoted(nasty)}`], { encoding: "utf8" }), nasty);
  });

  it("is a statement of ids and nothing else", () => {
    assert.equal(
      sqlOf({ trace_id: "ab' OR 1=1 --", span_id: "01" }),
      "SELECT * FROM traces WHERE trace_id = 'ab11' AND span_id = '01'",
    );
  });
});
