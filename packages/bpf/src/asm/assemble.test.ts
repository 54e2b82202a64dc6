import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError } from "../errors.js";
import { aluImm, aluReg, byteSwap, movImm, movReg, movSigned, neg, toEndian } from "./arithmetic.js";
import { assemble } from "./assemble.js";
import {
  callFunction,
  callHelper,
  callRegister,
  exit,
  jump,
  jumpIfImm,
  jumpIfReg,
  jumpLong,
} from "./flow.js";
import { type Instruction, R0, R1, R2, R6, R10 } from "./instruction.js";
import { atomic, load, loadImm64, loadSigned, storeImm, storeReg } from "./memory.js";

const cases: readonly [text: string, want: Instruction][] = [
  ["mov %r1, %r10", movReg(R1, R10)],
  ["mov32 r0, 0xffffffff", movImm(R0, -1, 32)],
  ["add %r1, -8", aluImm("add", R1, -8)],
  ["sdiv32 %r1, %r2", aluReg("sdiv", R1, R2, 32)],
  ["arsh %r6, 3 # comment", aluImm("arsh", R6, 3)],
  ["neg32 %r2", neg(R2, 32)],
  ["movsx832 %r1, %r2", movSigned(R1, R2, 8, 32)],
  ["movsx3264 %r1, %r2", movSigned(R1, R2, 32)],
  ["be16 %r1", toEndian("be", R1, 16)],
  ["le64 %r1", toEndian("le", R1, 64)],
  ["swap32 %r1", byteSwap(R1, 32)],
  ["bswap64 %r1", byteSwap(R1, 64)],
  ["lddw %r1, 0x1122334455667788", loadImm64(R1, 0x1122334455667788n)],
  ["lddw %r1, -1", loadImm64(R1, -1n)],
  ["ldxdw %r1, [%r10-8]", load(8, R1, R10, -8)],
  ["ldxb %r1, [%r2]", load(1, R1, R2, 0)],
  ["ldxsh %r1, [%r2 + 0x10]", loadSigned(2, R1, R2, 16)],
  ["stxw [%r10-4], %r1", storeReg(4, R10, -4, R1)],
  ["sth [%r1+2], 0xffff", storeImm(2, R1, 2, 0xffff)],
  ["lock add [%r1], %r2", atomic("add", 8, R1, 0, R2)],
  ["lock fetch xor32 [%r1+4], %r2", atomic("xor", 4, R1, 4, R2, true)],
  ["lock cmpxchg [%r10-8], %r1", atomic("cmpxchg", 8, R10, -8, R1)],
  ["jsle32 %r1, -5, +3", jumpIfImm("sle", R1, -5, 3, 32)],
  ["jset %r1, %r2, -2", jumpIfReg("set", R1, R2, -2)],
  ["ja +7", jump(7)],
  ["ja32 +70000", jumpLong(70000)],
  ["call 5", callHelper(5)],
  ["call local +2", callFunction(2)],
  ["call %r2", callRegister(R2)],
  ["exit", exit()],
];

for (const [text, want] of cases) test(`${text} is read`, () => assert.deepEqual(assemble(text), [want]));

test("labels become distances, counted in slots", () => {
  const code = assemble(`
    jeq %r1, 0, out   # over an instruction of two slots
    lddw %r0, 7
    call local sub
    ja32 out
  sub: mov %r0, 1
    exit
  out:
  end:
    mov %r0, 2
    exit`);
  assert.deepEqual(
    code.map(({ offset, imm }) => [offset, imm]),
    [
      [6, 0],
      [0, 7],
      [0, 1],
      [0, 2],
      [0, 1],
      [0, 0],
      [0, 2],
      [0, 0],
    ],
  );
  assert.ok(code.every(({ target, label }) => target === undefined && label === undefined));
});

test("exit is the first exit, unless a label has that name", () => {
  assert.equal(assemble("mov r0, 0\njeq r1, 0, exit\nmov r0, 1\nexit\nexit")[1]?.offset, 1);
  assert.equal(assemble("jeq r1, 0, exit\nexit\nexit: mov r0, 1\nexit")[0]?.offset, 1);
});

const broken: readonly [text: string, why: RegExp][] = [
  ["mov %r0", /line 1: "mov %r0": operand 2 is missing/],
  ["mov %r11, 0", /operand 1 is not a register/],
  ["mov %r0, 0x1ffffffff", /does not fit 32 bits/],
  ["mov %r0, abc", /"abc" is not a number/],
  ["\n\nfly %r1", /line 3: "fly %r1": no such instruction/],
  ["ja nowhere", /no label "nowhere"/],
  ["a:\na: exit", /defined twice/],
  ["ldxw %r1, %r2", /not a place in memory/],
  ["ldxsdw %r1, [%r2]", /no sign/],
  ["lock sub [%r1], %r2", /no such instruction/],
  [`ja end\n${"mov r0, 0\n".repeat(33_000)}end: exit`, /too far/],
];
for (const [text, why] of broken) {
  test(`${text.trim().slice(0, 30)} is refused`, () => {
    assert.throws(
      () => assemble(text),
      (error) => error instanceof BpfError && error.code === "bad-instruction" && why.test(error.message),
    );
  });
}
