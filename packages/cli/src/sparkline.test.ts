import assert from "node:assert/strict";
import { test } from "node:test";
import { sparkline } from "./sparkline.js";

test("bars are as high as their numbers", () => {
  assert.equal(sparkline([0, 1, 4, 8]), " ▂▅█");
  assert.equal(sparkline([]), "");
  assert.equal(sparkline([0, 0]), "  ");
});
