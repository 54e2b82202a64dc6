import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { elfMachine } from "../elf/constants.js";
import { BinaryError } from "../errors.js";
import { parseUsdtArguments } from "./arguments.js";

const at = (base: string | undefined, offset: number, more: object = {}) => ({
  kind: "memory",
  base,
  offset,
  index: undefined,
  scale: 1,
  symbol: undefined,
  ...more,
});
const inRegister = (register: string, shift = 0) => ({ kind: "register", register, shift });

const cases: readonly [machine: keyof typeof elfMachine, text: string, size: number, place: object][] = [
  ["X86_64", "-4@%edi", -4, inRegister("rdi")],
  ["X86_64", "8@%rax", 8, inRegister("rax")],
  ["X86_64", "1@%sil", 1, inRegister("rsi")],
  ["X86_64", "1@%ah", 1, inRegister("rax", 8)],
  ["X86_64", "2@%r10w", 2, inRegister("r10")],
  ["X86_64", "8@%xmm1", 8, inRegister("xmm1")],
  ["X86_64", "4@$5", 4, { kind: "constant", value: 5n }],
  ["X86_64", "-8@$-9223372036854775808", -8, { kind: "constant", value: -(2n ** 63n) }],
  ["X86_64", "8@-8(%rbp)", 8, at("rbp", -8)],
  ["X86_64", "8@(%rsp)", 8, at("rsp", 0)],
  ["X86_64", "8@16(%rax,%rbx,8)", 8, at("rax", 16, { index: "rbx", scale: 8 })],
  ["X86_64", "4@counter(%rip)", 4, at("rip", 0, { symbol: "counter" })],
  ["X86_64", "4@counter+4(%rip)", 4, at("rip", 4, { symbol: "counter" })],
  ["AARCH64", "8@x0", 8, inRegister("x0")],
  ["AARCH64", "-4@w30", -4, inRegister("x30")],
  ["AARCH64", "8@sp", 8, inRegister("sp")],
  ["AARCH64", "4@5", 4, { kind: "constant", value: 5n }],
  ["AARCH64", "8@[sp, 16]", 8, at("sp", 16)],
  ["AARCH64", "8@[x1]", 8, at("x1", 0)],
  ["AARCH64", "-1@[x29,-3]", -1, at("x29", -3)],
  ["AARCH64", "8@[x0, x1, lsl 3]", 8, at("x0", 0, { index: "x1", scale: 8 })],
];

test("each form of an argument is told apart", () => {
  for (const [machine, text, size, place] of cases) {
    const [found, ...others] = parseUsdtArguments(elfMachine[machine], text);
    assert.equal(others.length, 0);
    assert.deepEqual(found, { size: Math.abs(size), signed: size < 0, float: false, place, text }, text);
  }
  assert.equal(parseUsdtArguments(elfMachine.X86_64, "8f@%xmm0")[0]?.float, true);
});

test("arguments are separated by spaces, also behind operands that hold some", () => {
  const [a, b, c] = parseUsdtArguments(elfMachine.AARCH64, "8@[sp, 16] -4@w1 8@[x0, x1]");
  assert.deepEqual([a?.text, b?.text, c?.text], ["8@[sp, 16]", "-4@w1", "8@[x0, x1]"]);
  assert.deepEqual(parseUsdtArguments(elfMachine.X86_64, ""), []);
  assert.equal(parseUsdtArguments(elfMachine.X86_64, " -4@%eax  8@-8(%rbp) ").length, 2);
});

test("anything else is refused with its text", () => {
  for (const text of ["%eax", "3@%eax", "4@%eip2", "4@", "4@(%rax", "8@%rax,%rbx", "4@[sp]"]) {
    assert.throws(
      () => parseUsdtArguments(elfMachine.X86_64, text),
      (error) => error instanceof BinaryError && error.code === "malformed",
      text,
    );
  }
  assert.throws(() => parseUsdtArguments(elfMachine.BPF, "4@r0"), { code: "unsupported-machine" });
});

test("any text gives arguments or a BinaryError", () => {
  const piece = fc.constantFrom(
    "8@",
    "-4@",
    "%rax",
    "(",
    ")",
    ",",
    "8",
    "$",
    "x0",
    "[",
    "]",
    " ",
    "foo",
    "-",
    "lsl ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom(62, 183), (pieces, machine) => {
      try {
        parseUsdtArguments(machine, pieces.join(""));
      } catch (error) {
        if (!(error instanceof BinaryError)) throw error;
      }
    }),
    { numRuns: 5_000 },
  );
});
