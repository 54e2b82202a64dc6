import assert from "node:assert/strict";
import { test } from "node:test";
import { lostNotes } from "./lost-notes.js";

test("what is lost of few functions is named, of many it is counted", () => {
  const room = (fn: string, name: string) => ({ fn, name, why: "no room" });
  assert.deepEqual(
    lostNotes([room("f", "a"), { fn: "f", name: "x", why: "a complex number" }, room("f", "b")]),
    ["f: a, b: no room", "f: x: a complex number"],
  );
  const many = ["f", "g", "h", "i"].flatMap((fn) => [room(fn, "a"), room(fn, "b")]);
  assert.deepEqual(lostNotes(many), ["8 values of 4 functions, such as a of f: no room"]);
});
