import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./compile.js";
import { lex } from "./lex/lexer.js";
import { newReporter } from "./source/diagnostics.js";
import { openSources } from "./source/file.js";
import { casesIn } from "./testing/cases.js";
import { machineOptions } from "./testing/live.js";
import { newRandom } from "./testing/random.js";

/** broken takes one token away, or misspells a name, as a tired person would. */
function broken(text: string, random: (below: number) => number): string {
  const [file] = openSources([{ name: "a", text }]);
  if (file === undefined) return text;
  const tokens = lex(file, newReporter()).tokens.filter((each) => each.end > each.start);
  const names = tokens.filter((each) => each.kind === "name");
  const misspells = random(2) === 0;
  const from = misspells ? names : tokens;
  const token = from[random(from.length)];
  if (token === undefined) return text;
  const kept = misspells ? `${token.text}x` : "";
  return text.slice(0, token.start) + kept + text.slice(token.end);
}

test("one mistake is one message, nearly always", (t) => {
  const programs = casesIn()
    .flatMap(({ cases }) => cases)
    .filter((each) => each.errors.length === 0)
    .map((each) => each.program);
  const random = newRandom(20261121);
  const options = { ...machineOptions(), check: false };
  const counts: number[] = [];
  for (let i = 0; i < 400; i++) {
    const text = broken(programs[random(programs.length)] ?? "", random);
    const { diagnostics } = compile([{ name: "a.go3s", text }], options);
    const errors = diagnostics.filter((each) => each.severity === "error").length;
    counts[errors] = (counts[errors] ?? 0) + 1;
  }
  t.diagnostic(JSON.stringify(counts));
  const several = counts.slice(2).reduce((sum, each) => sum + (each ?? 0), 0);
  // Measured: 4 of 100. Cases that somebody adds change which tokens are hit.
  assert.ok(several <= 40, `${several} of 400 mistakes gave several messages`);
});
