import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf } from "./wire-span.js";

test("an answer that its caller has to live with is no error of the server's", () => {
  const rows = [
    // code, error as the parser tells it, error.type for the client, for the server
    [0, "", "", ""],
    [5, "NOT_FOUND", "NOT_FOUND", ""],
    [13, "INTERNAL", "INTERNAL", "INTERNAL"],
    [14, "UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"],
    [99, "99", "99", "99"],
    [5, "connection_closed", "connection_closed", "connection_closed"],
  ] as const;
  for (const [code, error, client, server] of rows) {
    const exchange = { error, attributes: { "rpc.grpc.status_code": code } };
    assert.deepEqual(
      [errorOf(exchange, false), errorOf(exchange, true)],
      [client, server],
      `${code} ${error}`,
    );
  }
  const http = { error: "", attributes: { "http.response.status_code": 404 } };
  assert.deepEqual([errorOf(http, false), errorOf(http, true)], ["404", ""]);
});
