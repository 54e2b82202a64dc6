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

test("names of a process that ended are kept for its last connections, and for no other with its number", () => {
  const names = newPeerNames();
  for (const tgid of [7, 8, 9]) names.answered(tgid, "db.example", ["10.0.0.1"]);
  for (const tgid of [7, 8, 10]) names.exited(tgid);
  names.tick();
  assert.equal(names.of(7, "10.0.0.1"), "db.example");
  names.answered(8, "other.example", ["10.0.0.2"]);
  assert.equal(names.of(8, "10.0.0.1"), "");
  for (let second = 0; second < 20; second++) names.tick();
  assert.deepEqual(
    [names.of(7, "10.0.0.1"), names.of(8, "10.0.0.2"), names.of(9, "10.0.0.1")],
    ["", "other.example", "db.example"],
  );
});
