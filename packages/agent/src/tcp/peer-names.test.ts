import assert from "node:assert/strict";
import { test } from "node:test";
import { newPeerNames } from "./peer-names.js";

test("an address has the name that its process asked for last, and the oldest are forgotten", () => {
  const names = newPeerNames();
  names.answered(7, "db.example", ["10.0.0.1", "10.0.0.2"]);
  names.answered(8, "cache.example", ["10.0.0.1"]);
  assert.equal(names.of(7, "10.0.0.1"), "db.example");
  assert.equal(names.of(8, "10.0.0.1"), "cache.example");
  assert.equal(names.of(8, "10.0.0.2"), "");
  names.answered(7, "other.example", ["10.0.0.2"]);
  assert.equal(names.of(7, "10.0.0.2"), "other.example");
  names.answered(
    9,
    "many.example",
    Array.from({ length: 10_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`),
  );
  assert.equal(names.of(7, "10.0.0.1"), "");
  assert.equal(names.of(9, "10.1.39.15"), "many.example");
});
