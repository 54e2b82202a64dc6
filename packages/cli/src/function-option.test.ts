import assert from "node:assert/strict";
import { test } from "node:test";
import { CliError } from "./failure.js";
import { barLines } from "./function-bars.js";
import { functionOption, functionRows } from "./function-option.js";
import { logOption, logRows } from "./log-option.js";
import { parseOptions } from "./options.js";

const read = (...argv: string[]) => functionOption(parseOptions(functionRows, argv));
const logs = (...argv: string[]) => logOption(parseOptions(logRows, argv));

test("--func may come several times; what needs it is refused without it", () => {
  assert.equal(read(), undefined);
  assert.deepEqual(read("--func", "main.*", "--func", "a.go:3"), {
    patterns: ["main.*", "a.go:3"],
    mode: "spans",
    limit: 10_000,
  });
  assert.deepEqual(read("--func", "x", "--func-hist", "--func-limit", "5")?.mode, "histogram");
  for (const wrong of [["--func-hist"], ["--func-limit", "5"], ["--func", "x", "--func-limit", "0"]])
    assert.throws(
      () => read(...wrong),
      (error) => error instanceof CliError && error.code === "usage",
    );
});

test("--logs has a limit for each process", () => {
  assert.equal(logs(), undefined);
  assert.deepEqual(logs("--logs"), {});
  assert.deepEqual(logs("--logs", "--logs-limit", "50"), { limit: 50 });
  for (const wrong of [
    ["--logs-limit", "5"],
    ["--logs", "--logs-limit", "x"],
  ])
    assert.throws(
      () => logs(...wrong),
      (error) => error instanceof CliError && error.code === "usage",
    );
});

test("bars stand for powers of two, from the first to the last that has calls", () => {
  const lines = barLines("main.run", {
    attributes: [],
    startTimeUnixNano: 0n,
    timeUnixNano: 0n,
    count: 5n,
    sum: 10_000,
    scale: 0,
    zeroCount: 0n,
    positive: { offset: 10, bucketCounts: [4n, 0n, 1n, 0n] },
    negative: { offset: 0, bucketCounts: [] },
    flags: 0,
    exemplars: [],
    zeroThreshold: 0,
  });
  assert.equal(lines[0], "main.run: 5 calls, 2.00 µs on average");
  assert.equal(lines.length, 4);
  assert.match(lines[1] ?? "", /1\.02 µs to 2\.05 µs +█{40} 4$/);
  assert.match(lines[2] ?? "", / 0$/);
  assert.match(lines[3] ?? "", /█{10} +1$/);
});
