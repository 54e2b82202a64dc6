import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./compile.js";
import { isMistake } from "./testing/differential.js";
import { cannotRun } from "./testing/live.js";
import { judge, mutantOf } from "./testing/mutation.js";
import { specimens } from "./testing/specimens.js";

/** mutants are as many as a test may take seconds for; scripts/fuzz-language.mjs breaks more of them. */
const mutants = 400;
const fresh = 10;

for (const isScript of [false, true]) {
  const what = isScript ? "scripts" : "programs";
  test(`broken ${what} give a clear error or an object that loads, never an exception`, {
    skip: cannotRun(),
  }, (t) => {
    // Made-up programs and the scripts here: others add cases every day, and would change what a seed breaks.
    const from = specimens().filter(({ name }) => name.startsWith(isScript ? "script" : "made"));
    const first = Date.now() % 2 ** 31;
    t.diagnostic(`fresh seeds from ${first}`);
    const counts: Record<string, number> = {};
    for (let i = 0; i < mutants + fresh; i++) {
      const seed = i < mutants ? i + 1 : first + i;
      const mutant = mutantOf(from, seed);
      const verdict = judge(mutant);
      if (isMistake(verdict) && verdict.kind !== "slow") {
        // Fixed seeds fail always or never; what a fresh one finds is told, and fails where it is tried by its seed.
        const mistake = `seed ${seed}: ${verdict.kind}: ${verdict.why}\n${mutant.text}`;
        if (i < mutants) assert.fail(mistake);
        t.diagnostic(mistake);
      }
      counts[verdict.kind] = (counts[verdict.kind] ?? 0) + 1;
    }
    t.diagnostic(JSON.stringify(counts));
    // Mutants that are all refused would test the parser only.
    assert.ok((counts["same"] ?? 0) > mutants / 50, JSON.stringify(counts));
  });
}

test("deep nesting is refused, not followed", () => {
  for (const [open, close] of [
    ["(", ")"],
    ["-", ""],
    ["*", ""],
    ["[1]", ""],
  ] as const) {
    const text = `// @xdp\nfunc main(ctx *bpf.XDP) int { return ${open.repeat(5000)}1${close.repeat(5000)} }\n`;
    const { diagnostics } = compile([{ name: "deep.go3s", text }]);
    assert.ok(diagnostics.length > 0);
  }
  const blocks = `func f() { ${"if true {".repeat(5000)} ${"}".repeat(5000)} }\n`;
  assert.ok(
    compile([{ name: "deep.go3s", text: blocks }]).diagnostics.some((each) => each.id === "too-deep"),
  );
});
