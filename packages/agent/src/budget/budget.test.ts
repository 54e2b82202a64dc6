import assert from "node:assert/strict";
import { test } from "node:test";
import { newBudget, shedOrder } from "./budget.js";
import { newShedding } from "./shedding.js";

const low = { cpuShare: 0.01, memoryBytes: 1 };
const high = { cpuShare: 0.2, memoryBytes: 1 };

test("what stays over its limit is shed step by step, and comes back when there is room", () => {
  const budget = newBudget({ cpuShare: 0.05 }, 3);
  assert.deepEqual([high, high, high, high].map(budget.decide), [0, 1, 1, 2]);
  assert.equal(budget.why, "the agent took 20.0 % of a CPU, its budget is 5.0 %");
  // Between 70 and 100 % nothing changes.
  for (let i = 0; i < 50; i++) assert.equal(budget.decide({ cpuShare: 0.04, memoryBytes: 1 }), 2);
  assert.deepEqual(
    Array.from({ length: 10 }, () => budget.decide(low)),
    [2, 2, 2, 2, 1, 1, 1, 1, 1, 0],
  );
  assert.equal(budget.why, "");
});

test("it never sheds more than there is, and one second alone is no reason", () => {
  const budget = newBudget({ cpuShare: 0.05, memoryBytes: 100 }, 2);
  for (let i = 0; i < 10; i++) assert.equal(budget.decide(i % 2 === 0 ? high : low), 0);
  for (let i = 0; i < 20; i++) budget.decide({ cpuShare: 0, memoryBytes: 200 });
  assert.equal(budget.decide(high), 2);
  assert.match(budget.why, /MiB/);
});

test("what was taken back in vain is tried less often", () => {
  const budget = newBudget({ cpuShare: 0.05 }, 2);
  for (let i = 0; i < 4; i++) budget.decide(high);
  const waits: number[] = [];
  for (let round = 0; round < 3; round++) {
    let wait = 1;
    while (budget.decide(low) === 2) wait++;
    waits.push(wait);
    while (budget.decide(high) === 1);
  }
  assert.deepEqual(waits, [5, 10, 20]);
});

test("steps whose part is not in use are passed over, and all are undone in the other order", () => {
  const done: string[] = [];
  const shedding = newShedding(
    { cpuShare: 0.05 },
    {
      functions: { shed: () => done.push("-functions"), restore: () => done.push("+functions") },
      requests: { shed: (by) => done.push(`-requests ${by}`), restore: (by) => done.push(`+requests ${by}`) },
    },
  );
  for (let i = 0; i < 6; i++) shedding.tick(high);
  assert.deepEqual(done, ["-functions", "-requests 1", "-requests 2"]);
  assert.ok(shedding.isShed("functions") && !shedding.isShed("logs"));
  assert.equal(shedding.report().length, 2);
  done.length = 0;
  for (let i = 0; i < 15; i++) shedding.tick(low);
  assert.deepEqual(done, ["+requests 1", "+requests 0", "+functions"]);
  assert.deepEqual(shedding.report(), []);
  assert.equal(shedOrder.at(-1)?.name, "requests");
});
