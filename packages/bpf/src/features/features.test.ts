import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { kernelRelease } from "../kernel/version.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { featureRows, probeFeature } from "./features.js";
import { answerOf, kernelConfig, knowsConfig, probeRow } from "./row.js";

test("keys are unique and kernels are numbers", () => {
  assert.equal(new Set(featureRows.map((row) => row.key)).size, featureRows.length);
  for (const row of featureRows) {
    assert.match(row.key, /^[a-z0-9-]+$/);
    assert.match(row.since, /^\d+\.\d+$/);
    assert.match(row.config ?? "CONFIG_X", /^CONFIG_\w+$/);
  }
});

test("only the kernel's word is a no", () => {
  const noRights = new BpfError("permission-denied", "x", {
    errno: 1,
    call: "c",
    hint: "run as root, or give",
  });
  assert.equal(answerOf(noRights).outcome, "cannot-tell");
  const policy = new BpfError("permission-denied", "x", {
    errno: 1,
    call: "c",
    hint: "the kernel is locked down",
  });
  assert.deepEqual([answerOf(policy).outcome, answerOf(policy).refused], ["no", true]);
  assert.equal(answerOf(new BpfError("out-of-memory", "x")).outcome, "cannot-tell");
  assert.equal(
    answerOf(new BpfError("not-supported", "x", { errno: 22, call: "c" })).detail,
    "c says EINVAL (invalid argument)",
  );
  assert.throws(() => answerOf(new TypeError("our own bug")), TypeError);
});

test("a no says which kernel and option would have it", () => {
  const [row] = featureRows;
  assert.ok(row !== undefined);
  const result = probeRow({ ...row, since: "9.9", config: "CONFIG_Y", probe: () => ({ outcome: "no" }) });
  assert.match(result.hint ?? "", /it needs Linux 9\.9 built with CONFIG_Y=y/);
  assert.equal(probeFeature("no-such-row"), undefined);
});

function isOldEnough(since: string): boolean {
  const [major = 0, minor = 0] = since.split(".").map(Number);
  const [a, b] = kernelRelease().version;
  return a > major || (a === major && b >= minor);
}

describe("the running kernel", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  for (const row of featureRows) {
    test(`has ${row.key}, or a reason not to`, () => {
      const result = probeRow(row);
      if (result.outcome !== "no") return;
      // A kernel that is new enough, built with the option and not forbidding it has the feature: then the
      // probe is broken.
      const isOff = row.config !== undefined && knowsConfig() && kernelConfig(row.config) === undefined;
      const isExcused = result.refused === true || isOff || !isOldEnough(row.since);
      assert.ok(isExcused, `${row.key} is said to be missing: ${result.detail}`);
      assert.ok(result.hint !== undefined && result.hint !== "");
    });
  }
});
