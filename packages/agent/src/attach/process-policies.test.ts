import assert from "node:assert/strict";
import { test } from "node:test";
import { newProcessSpans } from "../spans/process-spans.js";
import { newRouteTable } from "../spans/routes.js";
import { newProcessPolicies } from "./process-policies.js";
import type { AttachedProbes } from "./target.js";

const spans = newProcessSpans({
  tgid: 7,
  serviceName: "shop",
  resource: new Uint8Array(0),
  routes: newRouteTable(),
});

test("each second the probes of watched processes are what their policy wants, and none while routes are shed", () => {
  let areShed = false;
  const asked: [pid: number, probes: AttachedProbes, messages: boolean][] = [];
  let messages = false;
  const kernel = {
    setMessages: (_: number, wanted: boolean) => {
      messages = wanted;
    },
    setProbes(pid: number, wanted: AttachedProbes) {
      asked.push([pid, wanted, messages]);
      return wanted;
    },
  };
  const policies = newProcessPolicies({
    // Process 8 has ended, which its policy has not been told yet.
    spansOf: (pid) => (pid === 7 ? spans : undefined),
    untold: () => 0,
    isShed: (name) => name === "routes" && areShed,
  });
  policies.tick(kernel, 1);
  policies.watched(7);
  policies.watched(8);
  policies.tick(kernel, 1);
  assert.ok(spans.handlerEndsTold && spans.handlerEndsSinceNs > 0);
  areShed = true;
  policies.tick(kernel, 1);
  assert.ok(!spans.handlerEndsTold);
  policies.unwatched(7);
  policies.tick(kernel, 1);
  const all = { handlerEnd: true, roundTrip: true };
  const none = { handlerEnd: false, roundTrip: false, spawn: false };
  assert.deepEqual(
    asked.map(([pid, { handlerEnd, roundTrip }, taken]) => [pid, { handlerEnd, roundTrip }, taken]),
    [
      [7, all, true],
      [7, { handlerEnd: false, roundTrip: false }, false],
    ],
  );
  assert.deepEqual(asked[1]?.[1], none);
});
