import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError, explainRefusal, ProgramType } from "@go3s/bpf";
import { exitCodes, failureOf, InputError } from "./failure.js";

test("a refusal of the verifier is reported whole, also when a command gave it another exit code", () => {
  const image = {
    name: "p",
    type: ProgramType.BPF_PROG_TYPE_XDP,
    license: "GPL",
    instructions: new Uint8Array(8),
  };
  const explanation = explainRefusal(image, "0: (79) r0 = *(u64 *)(r1 +0)\nR1 invalid mem access 'scalar'");
  const refusal = new BpfError("verifier-rejected", "cannot load it", { explanation, hint: explanation.fix });
  for (const [error, exitCode] of [
    [refusal, exitCodes.failed],
    [new InputError(refusal), exitCodes.usage],
  ] as const) {
    const failure = failureOf(error);
    assert.equal(failure.exitCode, exitCode);
    assert.match(failure.report ?? "", /\[not-a-pointer\]\n(.*\n)* {2}help: /);
    assert.deepEqual(failure.explanation, explanation);
  }
  assert.equal("report" in failureOf(new Error("anything else")), false);
});

test("a bad pattern, and a probe that becomes nothing, are a wrong command line, whoever found it", () => {
  for (const code of ["bad-pattern", "bad-annotation", "no-annotation"]) {
    const found = Object.assign(new Error("it names nothing"), { code });
    assert.equal(failureOf(found).exitCode, exitCodes.usage);
  }
});
