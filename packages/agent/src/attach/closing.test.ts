import assert from "node:assert/strict";
import { test } from "node:test";
import { newClosing } from "./closing.js";

test("what waits is closed once, at once for a process that is there again", () => {
  const closed: string[] = [];
  const closing = newClosing();
  closing.later(1, () => closed.push("one"));
  closing.later(2, () => closed.push("two"));
  closing.later(1, () => closed.push("three"));
  closing.now(1);
  assert.deepEqual(closed, ["one", "three"]);
  closing.close();
  closing.close();
  assert.deepEqual(closed, ["one", "three", "two"]);
});
