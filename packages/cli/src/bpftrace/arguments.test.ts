import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "./arguments.js";

const read = (...argv: string[]) => {
  const { values, flags, rest, named, wrong } = parseArguments(argv);
  return { values: Object.fromEntries(values), flags: [...flags], rest, named, wrong };
};

test("options stand anywhere, short ones in one word, and what is none is left", () => {
  assert.deepEqual(read("-qe", "P", "one", "-fjson", "--pid=7", "two"), {
    values: { expression: ["P"], format: ["json"], pid: ["7"] },
    flags: ["quiet"],
    rest: ["one", "two"],
    named: [],
    wrong: undefined,
  });
  assert.deepEqual(read("-lv", "a").flags, ["list", "verbose"]);
  assert.deepEqual(read("-"), { values: {}, flags: [], rest: ["-"], named: [], wrong: undefined });
});

test("long options may be cut short, and options that take something are asked for it", () => {
  assert.deepEqual(read("--uns", "--verify").flags, ["unsafe", "verify-llvm-ir"]);
  assert.equal(read("--no").wrong, "unrecognized option '--no'");
  assert.equal(read("--aa=20").wrong, "unrecognized option '--aa'");
  assert.equal(read("-e").wrong, "option requires an argument -- 'e'");
  assert.equal(read("--output").wrong, "option '--output' requires an argument");
  assert.equal(read("-x").wrong, "invalid option -- 'x'");
});

test("behind -- stand the script's own options and more parameters", () => {
  const { rest, named } = read("a.bt", "1", "--", "--limit=5", "2", "--all");
  assert.deepEqual(
    [rest, named],
    [
      ["a.bt", "1", "2"],
      ["limit=5", "all"],
    ],
  );
});

test("-d takes a stage in the newest version, and nothing in 0.17", () => {
  assert.deepEqual(read("-d", "ast", "x.bt"), {
    values: { debug: ["ast"] },
    flags: [],
    rest: ["x.bt"],
    named: [],
    wrong: undefined,
  });
  assert.deepEqual(read("-d", "x.bt").rest, ["x.bt"]);
  assert.deepEqual(read("-dd", "x.bt").values, { debug: ["all", "all"] });
});
