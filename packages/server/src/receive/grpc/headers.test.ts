import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServerError } from "../../errors.js";
import { binaryText, isGrpcProtobuf, messageEncoding, statusText, timeoutMs } from "./headers.js";

test("grpc-timeout in every unit", () => {
  const rows: readonly [string, number][] = [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["10S", 10_000],
    ["250m", 250],
    ["1500u", 2],
    ["1n", 1],
    ["0m", 0],
    ["99999999H", 99_999_999 * 3_600_000],
  ];
  for (const [text, ms] of rows) assert.equal(timeoutMs(text), ms, text);
  assert.equal(timeoutMs(undefined), undefined);
});

test("what is no grpc-timeout is refused", () => {
  for (const text of ["", "1", "m", "-1m", "1.5S", "123456789m", "1s", " 1m", "1m "])
    assert.throws(() => timeoutMs(text), { code: "not-otlp" }, text);
});

test("encodings: those that are taken, and the others by name", () => {
  for (const name of ["gzip", "deflate", "zstd"]) assert.equal(messageEncoding(name), name);
  assert.throws(() => messageEncoding("snappy"), { code: "unsupported-type" });
  assert.throws(() => messageEncoding("toString"), { code: "unsupported-type" });
  for (const name of [undefined, "identity"])
    assert.throws(
      () => messageEncoding(name),
      (error) => error instanceof ServerError && error.code === "bad-encoding",
    );
});

test("content types", () => {
  for (const type of ["application/grpc", "application/grpc+proto", "application/grpc; charset=utf-8"])
    assert.ok(isGrpcProtobuf(type), type);
  for (const type of [undefined, "", "application/grpc-web+proto", "application/grpc+json", "text/plain"])
    assert.ok(!isGrpcProtobuf(type), type);
});

test("grpc-message is printable ASCII that decodes to the text, 1,000 characters at most", () => {
  assert.equal(statusText("100 % of ü\n"), "100 %25 of %C3%BC%0A");
  assert.equal(statusText("a".repeat(2_000)).length, 1_000 + "%E2%80%A6".length);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
      const encoded = statusText(text);
      assert.match(encoded, /^[ -~]*$/);
      assert.equal(decodeURIComponent(encoded), text);
    }),
  );
});

test("binary headers are base64 without padding", () => {
  assert.equal(binaryText(Uint8Array.of(1, 2, 3, 4)), "AQIDBA");
});
