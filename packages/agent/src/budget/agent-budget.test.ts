import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProgramCost } from "../attach/observer-types.js";
import { newAgentBudget } from "./agent-budget.js";

const idle = { cpuShare: 0.01, cpuMs: 0, rssBytes: 1, maxRssBytes: 1 };
const meter = { tick: () => undefined, read: () => idle };

/** program is one in the kernel that has run for as many nanoseconds. */
const program = (nanoseconds: number): ProgramCost => ({ name: "onRequest", runs: 1, nanoseconds });

test("what the probes took since the last second counts as the agent's own, and requests go last", () => {
  let ranNs = 0;
  const factors: number[] = [];
  const budget = newAgentBudget({
    limits: { cpuShare: 0.05 },
    meter,
    costs: () => [program(ranNs / 2), program(ranNs / 2)],
    levers: {},
    sampling: { scale: (factor) => void factors.push(factor) },
    onShed: undefined,
  });
  const second = (probes: number): void => {
    ranNs += probes * 1e9;
    budget.tick(1);
  };
  for (let i = 0; i < 3; i++) second(0.03);
  assert.ok(!budget.isShed("routes"));
  for (let i = 0; i < 4; i++) second(0.3);
  assert.ok(budget.isShed("routes"));
  assert.deepEqual(factors, [1 / 2]);
  assert.match(budget.report()[0]?.why ?? "", /took 31\.0 % of a CPU/);
  for (let i = 0; i < 5; i++) second(0);
  assert.deepEqual(factors, [1 / 2, 1]);
});

test("without limits nothing is shed", () => {
  const budget = newAgentBudget({
    limits: undefined,
    meter,
    costs: () => assert.fail("nobody needs to know"),
    levers: {},
    sampling: { scale: () => assert.fail("nothing to shed") },
    onShed: undefined,
  });
  for (let i = 0; i < 10; i++) budget.tick(1);
  assert.deepEqual(budget.report(), []);
});
