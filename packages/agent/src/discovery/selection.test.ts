import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesGlob } from "./glob.js";
import { asksForLabels, asksForMany, type Candidate, selects } from "./selection.js";

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
    stack: 0,
    network: 0,
    parent: 41,
    executable: "/srv/checkout",
    command: [],
    environment: new Map(),
    cgroup: "",
  },
  serviceName: "shop-checkout",
  attributes: new Map([
    ["container.id", "4f2a9c".padEnd(64, "0")],
    ["k8s.pod.name", "checkout-7d9f"],
    ["k8s.namespace.name", "shop"],
  ]),
  serves: true,
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
  assert.equal(selects({ all: true }, { ...candidate, serves: false }), "");
  assert.equal(selects({ pids: [1], ports: [1], names: ["x"] }, candidate), "");
});

test("containers are named by the beginning of their id, pods and namespaces by globs", () => {
  assert.equal(selects({ containers: ["4f2a"] }, candidate), "container 4f2a");
  assert.equal(selects({ containers: ["2a9c", ""] }, candidate), "");
  assert.equal(selects({ pods: ["checkout-*"] }, candidate), "pod checkout-*");
  assert.equal(selects({ namespaces: ["shop"] }, candidate), "namespace shop");
  const bare = { ...candidate, attributes: new Map<string, string>() };
  assert.equal(selects({ pods: ["*"], namespaces: ["*"], containers: ["*"] }, bare), "");
});

test("labels are asked for as Kubernetes has it, of pods whose labels are known", () => {
  const pod = { ...candidate, labels: new Map([["app", "shop"]]) };
  assert.equal(selects({ labels: ["app=cart", "app in (shop)"] }, pod), "label app in (shop)");
  assert.equal(selects({ labels: ["app=shop,tier"] }, pod), "");
  assert.equal(selects({ labels: ["tier!=web"] }, pod), "label tier!=web");
  assert.equal(selects({ labels: ["tier!=web", "!tier"] }, candidate), "");
  assert.equal(selects({ all: true, not: { labels: ["app"] } }, pod), "");
  assert.equal(selects({ all: true, not: { labels: ["!app"] } }, candidate), "all services");
  assert.ok(asksForMany({ labels: ["app"] }) && !asksForMany({ labels: [] }));
  assert.ok(asksForLabels({ not: { labels: ["app"] } }) && !asksForLabels({ labels: [], not: {} }));
  assert.throws(() => asksForLabels({ labels: ["app in"] }), /it ends at character 7/);
});

test("what is excluded is left alone, whatever asks for it", () => {
  for (const not of [
    { names: ["check*"] },
    { ports: [8080] },
    { containers: ["4f2a9c"] },
    { pods: ["checkout-*"] },
    { namespaces: ["sh?p"] },
  ]) {
    assert.equal(selects({ all: true, pids: [42], not }, candidate), "", JSON.stringify(not));
  }
  const not = { names: ["cart"], ports: [1], containers: ["5"] };
  assert.equal(selects({ all: true, not }, candidate), "all services");
});

test("only what may start later has to be looked for among all that starts", () => {
  assert.ok(!asksForMany({ pids: [7], not: { ports: [80] } }));
  assert.ok(!asksForMany({ names: [] }));
  for (const selection of [{ all: true }, { names: ["shop"] }, { ports: [80] }, { namespaces: ["shop"] }])
    assert.ok(asksForMany(selection));
});
