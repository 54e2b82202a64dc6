import fc from "fast-check";
import {
  type AluName,
  aluImm,
  aluReg,
  byteSwap,
  movSigned,
  neg,
  toEndian,
  type Width,
} from "../asm/arithmetic.js";
import { type Condition, jumpIfImm, jumpIfReg } from "../asm/flow.js";
import { type Instruction, R10, type Register } from "../asm/instruction.js";
import { type AtomicName, atomic, load, loadSigned, type Size, storeImm, storeReg } from "../asm/memory.js";

/** Bytes of the stack that random code reads and writes; they must be set before. */
export const RANDOM_STACK = 64;

const register = fc.constantFrom<Register[]>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
const width = fc.constantFrom<Width[]>(32, 64);
/** Numbers at the edges are more likely than others. */
const number = fc.oneof(fc.constantFrom(0, 1, -1, 2, 0x7fffffff, -0x80000000, 255, 0x8000), fc.integer());
const plain: AluName[] = ["add", "sub", "mul", "or", "and", "xor", "mov"];
const dividing: AluName[] = ["div", "mod", "sdiv", "smod"];
const shifting: AluName[] = ["lsh", "rsh", "arsh"];
const comparing: Condition[] = ["eq", "ne", "gt", "ge", "lt", "le", "sgt", "sge", "slt", "sle", "set"];
const atomics: AtomicName[] = ["add", "or", "and", "xor", "xchg", "cmpxchg"];
const place = (size: Size): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: RANDOM_STACK / size }).map((at) => -at * size);

function withV4(isV4: boolean): (name: AluName) => boolean {
  return (name) => isV4 || (name !== "sdiv" && name !== "smod");
}

function arithmetic(isV4: boolean): fc.Arbitrary<Instruction> {
  const names = fc.constantFrom(...plain, ...dividing.filter(withV4(isV4)), ...shifting);
  const byRegister = fc.tuple(names, register, register, width).map((given) => aluReg(...given));
  const byNumber = fc
    .tuple(fc.constantFrom(...plain), register, number, width)
    .map((given) => aluImm(...given));
  // A division by the constant 0 and a shift by the width or more are refused.
  const byDivisor = fc
    .tuple(fc.constantFrom(...dividing.filter(withV4(isV4))), register, number, width)
    .map(([name, dst, imm, bits]) => aluImm(name, dst, imm === 0 ? 3 : imm, bits));
  const byShift = fc
    .tuple(fc.constantFrom(...shifting), register, fc.nat(63), width)
    .map(([name, dst, by, bits]) => aluImm(name, dst, by % bits, bits));
  const order = fc.constantFrom<("le" | "be")[]>("le", "be");
  const bits = fc.constantFrom<(16 | 32 | 64)[]>(16, 32, 64);
  const old = fc.oneof(
    byRegister,
    byNumber,
    byDivisor,
    byShift,
    fc.tuple(register, width).map((given) => neg(...given)),
    fc.tuple(order, register, bits).map((given) => toEndian(...given)),
  );
  if (!isV4) return old;
  return fc.oneof(
    { weight: 6, arbitrary: old },
    { weight: 1, arbitrary: fc.tuple(register, bits).map((given) => byteSwap(...given)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(register, register, fc.constantFrom<(8 | 16 | 32)[]>(8, 16, 32), width)
        .map(([dst, src, from, to]) => movSigned(dst, src, from === 32 && to === 32 ? 16 : from, to)),
    },
  );
}

function memory(isV4: boolean): fc.Arbitrary<Instruction> {
  const size = fc.constantFrom<Size[]>(1, 2, 4, 8);
  const wide = fc.constantFrom<(4 | 8)[]>(4, 8);
  const plainLoad = size.chain((bytes) =>
    fc.tuple(register, place(bytes)).map(([dst, at]) => load(bytes, dst, R10, at)),
  );
  const signedLoad = fc
    .constantFrom<(1 | 2 | 4)[]>(1, 2, 4)
    .chain((bytes) => fc.tuple(register, place(bytes)).map(([dst, at]) => loadSigned(bytes, dst, R10, at)));
  return fc.oneof(
    isV4 ? fc.oneof(plainLoad, signedLoad) : plainLoad,
    size.chain((bytes) => fc.tuple(register, place(bytes)).map(([src, at]) => storeReg(bytes, R10, at, src))),
    size.chain((bytes) => fc.tuple(number, place(bytes)).map(([imm, at]) => storeImm(bytes, R10, at, imm))),
    wide.chain((bytes) =>
      fc
        .tuple(fc.constantFrom(...atomics), place(bytes), register, fc.boolean())
        .map(([name, at, src, fetch]) => atomic(name, bytes, R10, at, src, fetch)),
    ),
  );
}

// Jumps only go forward, over at most three instructions; those at the end are cut to what is there.
function branch(): fc.Arbitrary<Instruction> {
  const over = fc.integer({ min: 1, max: 3 });
  return fc.oneof(
    fc
      .tuple(fc.constantFrom(...comparing), register, register, over, width)
      .map((given) => jumpIfReg(...given)),
    fc
      .tuple(fc.constantFrom(...comparing), register, number, over, width)
      .map((given) => jumpIfImm(...given)),
  );
}

function isBranch({ opcode }: Instruction): boolean {
  return (opcode & 7) === 5 || (opcode & 7) === 6;
}

/** randomCode makes straight code on r0 to r9 and 64 bytes of stack that the verifier accepts. */
export function randomCode(isV4: boolean): fc.Arbitrary<Instruction[]> {
  const one = fc.oneof(
    { weight: 6, arbitrary: arithmetic(isV4) },
    { weight: 3, arbitrary: memory(isV4) },
    { weight: 1, arbitrary: branch() },
  );
  return fc
    .array(one, { minLength: 5, maxLength: 40 })
    .map((code) =>
      code.map((instruction, at) =>
        isBranch(instruction)
          ? { ...instruction, offset: Math.min(instruction.offset, code.length - at - 1) }
          : instruction,
      ),
    );
}

/** randomInputs are ten words for r0 to r9. */
export const randomInputs: fc.Arbitrary<bigint[]> = fc.array(
  fc.oneof(
    fc.constantFrom(
      0n,
      1n,
      0xffffffff_ffffffffn,
      0x80000000_00000000n,
      0x7fffffff_ffffffffn,
      0xffffffffn,
      0x80000000n,
    ),
    fc.bigInt({ min: 0n, max: 0xffffffff_ffffffffn }),
  ),
  { minLength: 10, maxLength: 10 },
);
