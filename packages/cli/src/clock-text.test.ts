import assert from "node:assert/strict";
import { test } from "node:test";
import { clockText } from "./clock-text.js";

test("times say that they are UTC, wherever one is", () => {
  assert.equal(clockText(1_795_372_366_970_459_285n), "18:32:46.970Z");
});
