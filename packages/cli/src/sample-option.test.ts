import assert from "node:assert/strict";
import { test } from "node:test";
import { CliError } from "./failure.js";
import { parseOptions } from "./options.js";
import { sampleOption } from "./sample-option.js";

const rows = ["sample", "sample-slow", "sample-wait"].map((name) => ({ name, value: "X", help: "" }));
const read = (...args: string[]) => sampleOption(parseOptions(rows, args));

test("--sample and --sample-slow are a share and a time", () => {
  assert.equal(read(), undefined);
  assert.equal(read("--sample", "1"), undefined);
  assert.deepEqual(read("--sample", "0.1"), { ratio: 0.1, slow_ms: 0 });
  assert.deepEqual(read("--sample", "0.1", "--sample-slow", "500ms"), { ratio: 0.1, slow_ms: 500 });
  assert.deepEqual(read("--sample", "0.1", "--sample-slow", "1.5s"), { ratio: 0.1, slow_ms: 1500 });
  assert.deepEqual(read("--sample", "0.1", "--sample-wait", "30s"), {
    ratio: 0.1,
    slow_ms: 0,
    wait_ms: 30_000,
  });
  for (const args of [
    ["--sample-wait", "1s"],
    ["--sample", "0.5", "--sample-wait", "soon"],
    ["--sample", "0"],
    ["--sample", "2"],
    ["--sample", "ten"],
    ["--sample-slow", "1s"],
    ["--sample", "0.5", "--sample-slow", "500"],
  ])
    assert.throws(() => read(...args), CliError, args.join(" "));
});
