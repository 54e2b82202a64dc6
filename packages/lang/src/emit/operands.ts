import type { Value, Width } from "../ir/ir.js";
import { maxAt } from "../ir/range.js";
import type { Range } from "../source/file.js";
import type { MutableOperand, Register } from "./machine.js";
import { fresh, push, type Selection } from "./selection.js";

/** asImmediate gives a constant as the signed 32-bit number an instruction of that width can hold. */
export function asImmediate(value: bigint, width: Width): number | undefined {
  const signed = BigInt.asIntN(width, value);
  return signed >= -0x8000_0000n && signed <= 0x7fff_ffffn ? Number(signed) : undefined;
}

/** isFree values are made where they are used: constants, slots and maps cost one instruction at most. */
export function isFree(value: Value): boolean {
  return value.op === "const" || value.op === "slot" || value.op === "map" || value.op === "func";
}

/** materialise puts a value into a register: constants and addresses are made there, others copied. */
export function materialise(s: Selection, value: Value, into: Register, at: Range): void {
  if (value.op === "const") {
    const immediate = asImmediate(value.imm, value.width);
    if (immediate !== undefined)
      push(s, at, { kind: "mov", width: value.width, dst: into, operand: { constant: immediate } });
    else push(s, at, { kind: "wide", dst: into, value: { kind: "number", value: value.imm } });
  } else if (value.op === "slot" && value.slot !== undefined && !s.kept.has(value)) {
    push(s, at, { kind: "slot", dst: into, slot: value.slot, offset: Number(value.imm) });
  } else if (value.op === "map" && value.map !== undefined) {
    push(s, at, { kind: "wide", dst: into, value: { kind: "map", map: value.map } });
  } else if (value.op === "func" && value.func !== undefined) {
    push(s, at, { kind: "wide", dst: into, value: { kind: "function", function: value.func } });
  } else push(s, at, { kind: "mov", width: 64, dst: into, operand: { register: registerOf(s, value, at) } });
}

/** isSameRegister: a truncation of what has no upper half changes nothing. */
export function isSameRegister(s: Selection, value: Value): boolean {
  const [a] = value.args;
  if (value.op !== "trunc" || a === undefined || isFree(a)) return false;
  let same = s.same.get(value);
  if (same === undefined) {
    const most = maxAt(a, value.block, false);
    same = most !== undefined && most <= 0xffff_ffffn;
    s.same.set(value, same);
  }
  return same;
}

/** registerOf gives the register a value is in, making free values in a new one. */
export function registerOf(s: Selection, value: Value, at: Range): Register {
  if (value.op === "zext" && value.args[0] !== undefined && !isFree(value.args[0]))
    return registerOf(s, value.args[0], at);
  if (isSameRegister(s, value)) return registerOf(s, value.args[0] ?? value, at);
  if (isFree(value) && !s.kept.has(value)) {
    const register = fresh(s);
    materialise(s, value, register, at);
    return register;
  }
  let register = s.registers.get(value);
  if (register === undefined) {
    register = fresh(s);
    s.registers.set(value, register);
  }
  return register;
}

/** operandOf gives a value as an operand: a constant where the instruction can hold it, else a register. */
export function operandOf(s: Selection, value: Value, width: Width, at: Range): MutableOperand {
  if (value.op === "const") {
    const constant = asImmediate(value.imm, width);
    if (constant !== undefined) return { constant };
  }
  return { register: registerOf(s, value, at) };
}
