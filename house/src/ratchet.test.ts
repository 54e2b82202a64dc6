import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root, sourceFiles } from "./files.js";
import { type Counts, countHabits, ratchetViolations } from "./ratchet.js";

test("unwanted habits do not rise, and a fall is recorded", () => {
  const recorded = JSON.parse(readFileSync(join(root, "house", "ratchet.json"), "utf8")) as Counts;
  assert.deepEqual(ratchetViolations(countHabits(sourceFiles()), recorded), []);
});

test("habits are counted in code, words in comments only where asked", () => {
  const text = [
    'import { a as b } from "x";',
    "const c = d as string; // as any",
    "let e: any = f!.g; // TODO later",
    "const h = i !== j;",
    "const k = { l: 1 } as const;",
  ].join("\n");
  const counts = countHabits([{ path: "packages/bpf/src/a.ts", text }]);
  assert.deepEqual(counts, {
    any: { bpf: 1 },
    "non-null": { bpf: 1 },
    cast: { bpf: 1 },
    "ts-ignore": {},
    todo: { bpf: 1 },
  });
});

test("a rise and an unrecorded fall are both told", () => {
  const problems = ratchetViolations({ any: { bpf: 2 } }, { any: { bpf: 1 }, cast: { lang: 3 } });
  assert.deepEqual(problems, [
    "bpf: any rose from 1 to 2; find a way without",
    'lang: cast fell from 3 to 0; good: run "npm run ratchet" to record it',
  ]);
});
