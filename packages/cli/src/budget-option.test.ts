import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetOption, budgetRows } from "./budget-option.js";
import { CliError } from "./failure.js";
import { parseOptions } from "./options.js";

const read = (...argv: string[]) => budgetOption(parseOptions(budgetRows, argv));

test("budgets are shares of a CPU and sizes with their units", () => {
  assert.equal(read(), undefined);
  assert.deepEqual(read("--cpu-budget", "5%"), { cpuShare: 0.05 });
  assert.deepEqual(read("--memory-budget", "120MiB", "--cpu-budget", "0.5%"), {
    cpuShare: 0.005,
    memoryBytes: 120 << 20,
  });
  for (const bad of [
    ["--cpu-budget", "5"],
    ["--cpu-budget", "0%"],
    ["--memory-budget", "120"],
    ["--memory-budget", "MiB"],
  ]) {
    assert.throws(
      () => read(...bad),
      (error) => error instanceof CliError && error.code === "usage",
    );
  }
});
