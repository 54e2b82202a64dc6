import assert from "node:assert/strict";
import { test } from "node:test";
import { elfMachine } from "../elf/constants.js";
import { resultSite } from "./result-site.js";

const call = "e800000000";
const rows = [
  // As Go 1.26 has them behind chanrecv2 and selectgo, from 1.18's loads of what is on the stack on.
  ["TESTB AL, AL; JNE", "84c0 75a9", 7, "emulated"],
  ["NOP; TESTB AL, AL; JNE", "90 84c0 75a9", 5, "emulated"],
  ["TESTQ AX, AX; JE", "4885c0 7412", 8, "emulated"],
  ["MOVQ 0x98(SP), CX; TESTB AL, AL; JE rel32", "488b8c2498000000 84c0 0f8400010000", 15, "emulated"],
  // The results are gone, or what was received may be, before the branch.
  ["MOVQ 8(SP), AX; TESTQ AX, AX; JE", "488b442408 4885c0 7412", 5, "stepped"],
  ["MOVQ 8(SP), BX; TESTB AL, AL; JE", "488b5c2408 84c0 7412", 5, "stepped"],
  ["MOVQ CX, 8(SP); TESTB AL, AL; JE", "48894c2408 84c0 7412", 5, "stepped"],
  ["MOVQ 8(SP), CX; CALL", "488b4c2408 e800000000", 5, "stepped"],
  ["MOVQ 8(SP), CX; RET", "488b4c2408 c3", 5, "stepped"],
] as const;

for (const [name, behind, offset, cost] of rows)
  test(`behind a call: ${name}`, () => {
    const code = Buffer.from(`${call}${behind}`.replaceAll(" ", ""), "hex");
    assert.deepEqual(resultSite(elfMachine.X86_64, code, 5), { offset, cost });
  });

test("where no probe can sit, or nobody decodes, there is none", () => {
  assert.equal(resultSite(elfMachine.X86_64, Buffer.from(`${call}cc`, "hex"), 5), undefined);
  assert.equal(resultSite(elfMachine.X86_64, Buffer.from(call, "hex"), 5), undefined);
  assert.equal(resultSite(elfMachine.AARCH64, Buffer.from(`${call}84c075a9`, "hex"), 5), undefined);
});
