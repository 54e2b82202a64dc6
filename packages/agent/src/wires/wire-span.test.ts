import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf } from "./wire-span.js";

test("an answer that its caller has to live with is no error of the server's", () => {
  const rows = [
    // code, error as the parser tells it, error.type for the client, for the server
    ["OK", "", "", ""],
    ["NOT_FOUND", "NOT_FOUND", "NOT_FOUND", ""],
    ["INTERNAL", "INTERNAL", "INTERNAL", "INTERNAL"],
    ["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"],
    ["99", "99", "99", "99"],
    ["NOT_FOUND", "connection_closed", "connection_closed", "connection_closed"],
  ] as const;
  for (const [code, error, client, server] of rows) {
    const exchange = { error, attributes: { "rpc.response.status_code": code } };
    assert.deepEqual(
      [errorOf(exchange, false), errorOf(exchange, true)],
      [client, server],
      `${code} ${error}`,
    );
  }
  const http = { error: "", attributes: { "http.response.status_code": 404 } };
  assert.deepEqual([errorOf(http, false), errorOf(http, true)], ["404", ""]);
});
