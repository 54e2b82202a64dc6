import assert from "node:assert/strict";
import { test } from "node:test";
import { differential, isMistake } from "./testing/differential.js";
import { generate, generatedText } from "./testing/generate/program.js";
import { cannotRun } from "./testing/live.js";
import { newRandom } from "./testing/random.js";

/** programs are as many as a test may take seconds for; scripts/fuzz-language.mjs runs more of them. */
const programs = 495;
const fresh = 5;

/** tryProgram runs a made-up program in the kernel and in the interpreter: what became of it, and what is wrong. */
function tryProgram(seed: number): { readonly kind: string; readonly mistake: string | undefined } {
  const made = generate(newRandom(seed), 10);
  const text = generatedText(made);
  const verdict = differential(text, made.cpu, made.inputs);
  const { kind, why } = verdict;
  return {
    kind,
    mistake:
      isMistake(verdict) && kind !== "slow"
        ? `seed ${seed} (${made.cpu}): ${kind}: ${why}\n${text}`
        : undefined,
  };
}

test("random programs load, and do what an interpreter of the checked tree does", {
  skip: cannotRun(),
}, (t) => {
  const counts: Record<string, number> = {};
  for (let seed = 1; seed <= programs; seed++) {
    const { kind, mistake } = tryProgram(seed);
    assert.equal(mistake, undefined);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  // A few that nobody has tried: what they find is told, and fails where it is tried by its seed.
  const first = Date.now() % 2 ** 31;
  t.diagnostic(`${JSON.stringify(counts)}; fresh seeds from ${first}`);
  for (let i = 0; i < fresh; i++) {
    const { mistake } = tryProgram(first + i);
    if (mistake !== undefined) t.diagnostic(mistake);
  }
  // A generator whose programs are refused would test nothing.
  assert.ok((counts["same"] ?? 0) > 0.9 * programs, JSON.stringify(counts));
});
