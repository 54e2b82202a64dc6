import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean, nearest } from "./nearest.js";

test("the name that was meant is found by a few letters, case and underscores", () => {
  const names = ["ingress_ifindex", "rx_queue_index", "Lookup", "pid", "PID", "events"];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["ingress_ifidnex", "ingress_ifindex"],
    ["ingressIfindex", "ingress_ifindex"],
    ["lookup", "Lookup"],
    ["Lokup", "Lookup"],
    ["evnets", "events"],
    ["Pid", "pid"],
    ["nothing_like_it", undefined],
    ["x", undefined],
  ];
  for (const [wanted, found] of cases) assert.equal(nearest(wanted, names), found, wanted);
});

test("few names are listed when none is near, many are not", () => {
  assert.equal(didYouMean("zzz", ["Push", "Pop"]), "it has Push, Pop");
  assert.equal(didYouMean("zzz", ["Push", "Pop"], 1), undefined);
});
