import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesGlob } from "./glob.js";
import { type Candidate, selects } from "./selection.js";

const globs: readonly [pattern: string, text: string, want: boolean][] = [
  ["*", "", true],
  ["shop*", "shop-cart", true],
  ["*cart", "shop-cart", true],
  ["s?op", "shop", true],
  ["s?op", "sop", false],
  ["a*b*c", "axxbyyc", true],
  ["a*b*c", "axxbyy", false],
  ["[x]", "x", false],
  [`${"a*".repeat(30)}b`, "a".repeat(200), false],
];

for (const [pattern, text, want] of globs) {
  test(`${pattern.slice(0, 20)} ${want ? "matches" : "does not match"} ${text.slice(0, 20)}`, () =>
    assert.equal(matchesGlob(pattern, text), want));
}

const candidate: Candidate = {
  facts: {
    pid: 42,
    startTicks: 1,
    parent: 41,
    executable: "/srv/checkout",
    command: [],
    environment: new Map(),
    cgroup: "",
  },
  serviceName: "shop-checkout",
  hasRuntime: true,
  ports: () => [8080],
  isDescendantOf: (pid) => pid === 41,
};

test("any row of a selection is enough, and the reason is told", () => {
  assert.equal(selects({ pids: [42] }, candidate), "pid 42");
  assert.equal(selects({ pids: [41] }, candidate), "a child of pid 41");
  assert.equal(selects({ names: ["nope", "check*"] }, candidate), "name check*");
  assert.equal(selects({ names: ["shop-*"] }, candidate), "name shop-*");
  assert.equal(selects({ ports: [1, 8080] }, candidate), "port 8080");
  assert.equal(selects({ all: true }, candidate), "all services");
  assert.equal(selects({ all: true }, { ...candidate, hasRuntime: false }), "");
  assert.equal(selects({ pids: [1], ports: [1], names: ["x"] }, candidate), "");
});
