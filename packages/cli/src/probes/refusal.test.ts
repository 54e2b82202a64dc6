import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError } from "@go3s/bpf";
import { CliError } from "../failure.js";
import { refusalOf } from "./refusal.js";

const text = "line one\n  line two\nline three";
const explanation = {
  kind: "out-of-bounds",
  said: "R1 invalid mem access",
  meaning: "r1 may point beyond the map's value",
  instruction: { slot: 7, text: "r0 = *(u64 *)(r1 + 8)" },
  source: { slot: 7, file: "probe.bt", line: 2, column: 3, text: "  line two" },
  registers: {},
  story: ["r1 comes from a look-up"],
  fix: "check the index first",
} as const;

test("the verifier's words stand at the line they are about, also behind another error", () => {
  const refused = new BpfError("verifier-rejected", "the verifier refused it\nlong log", {
    hint: "see the place",
    explanation,
  });
  const wrapped = new CliError("probe-refused", "Unable to attach probe");
  Object.defineProperty(wrapped, "cause", { value: refused });
  for (const error of [refused, wrapped]) {
    const { mistakes } = refusalOf(error, { language: "script", text });
    assert.equal(mistakes.length, 1);
    const [mistake] = mistakes;
    assert.equal(text.slice(mistake?.from, mistake?.to), "line two");
    assert.deepEqual([mistake?.line, mistake?.column, mistake?.code], [2, 3, "out-of-bounds"]);
    assert.deepEqual(mistake?.story, ["r1 comes from a look-up", "the verifier: R1 invalid mem access"]);
  }
  const failure = refusalOf(refused, { language: "script", text });
  assert.deepEqual([failure.message, failure.hint], ["the verifier refused it", "see the place"]);
});

test("a place beyond the text is its end", () => {
  const far = { ...explanation, source: { ...explanation.source, line: 90, column: 5 } };
  const error = new BpfError("verifier-rejected", "no", { explanation: far });
  const [mistake] = refusalOf(error, { language: "script", text }).mistakes;
  assert.ok((mistake?.from ?? 0) <= text.length + 1 && (mistake?.to ?? 0) <= text.length + 1);
});
