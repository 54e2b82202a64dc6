import assert from "node:assert/strict";
import { test } from "node:test";
import { elfMachine } from "../elf/constants.js";
import { dataReferences } from "./data-references.js";

// As llvm-mc encodes them: lea 0x10(%rip),%rax; mov %eax,-0x20(%rip); cmpb $1,0x40(%rip); call +0; mov 8(%rsp),%rax; ret.
const code = Uint8Array.from(
  Buffer.from("488d05100000008905e0ffffff803d4000000001e800000000488b442408c3", "hex"),
);

test("operands relative to the instruction point behind it, whatever immediate follows", () => {
  assert.deepEqual(dataReferences(elfMachine.X86_64, code), [7 + 0x10, 13 - 0x20, 20 + 0x40]);
});

test("bytes that are no instruction, and other machines, end it", () => {
  assert.deepEqual(dataReferences(elfMachine.X86_64, code.subarray(0, 9)), [7 + 0x10]);
  assert.deepEqual(dataReferences(elfMachine.AARCH64, code), []);
});
