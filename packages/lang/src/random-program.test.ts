import assert from "node:assert/strict";
import { test } from "node:test";
import { differential, isMistake } from "./testing/differential.js";
import { generate, generatedText } from "./testing/generate/program.js";
import { cannotRun } from "./testing/live.js";
import { newRandom } from "./testing/random.js";

/** programs are as many as a test may take seconds for; scripts/fuzz-language.mjs runs more of them. */
const programs = 495;
const fresh = 5;

/** tryProgram runs a made-up program in the kernel and in the interpreter, and says what became of it. */
function tryProgram(seed: number): string {
  const made = generate(newRandom(seed), 10);
  const text = generatedText(made);
  const verdict = differential(text, made.cpu, made.inputs);
  assert.ok(!isMistake(verdict), `seed ${seed} (${made.cpu}): ${verdict.kind}: ${verdict.why}\n${text}`);
  return verdict.kind;
}

test("random programs load, and do what an interpreter of the checked tree does", {
  skip: cannotRun(),
}, (t) => {
  const counts: Record<string, number> = {};
  const first = Date.now() % 2 ** 31;
  t.diagnostic(`fresh seeds from ${first}`);
  for (let i = 0; i < programs + fresh; i++) {
    const kind = tryProgram(i < programs ? i + 1 : first + i);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  t.diagnostic(JSON.stringify(counts));
  // A generator whose programs are refused would test nothing.
  assert.ok((counts["same"] ?? 0) > 0.9 * programs, JSON.stringify(counts));
});
