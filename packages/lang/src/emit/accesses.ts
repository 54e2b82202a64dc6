import type { Value } from "../ir/ir.js";
import type { Range } from "../source/file.js";
import { type Address, FRAME, type MutableOperand } from "./machine.js";
import { asImmediate, materialise, registerOf } from "./operands.js";
import { push, type Selection } from "./selection.js";

/** addressOf splits a pointer into base and offset, as far as the 16 bits of an instruction's offset go. */
export function addressOf(s: Selection, base: Value, offset: number, at: Range): Address {
  let value = base;
  let sum = offset;
  for (;;) {
    const [inner, by] = value.args;
    if (value.op !== "add" || inner === undefined || by?.op !== "const") break;
    const next = sum + Number(BigInt.asIntN(64, by.imm));
    if (next < -0x8000 || next > 0x7fff) break;
    sum = next;
    value = inner;
  }
  if (value.op === "slot" && value.slot !== undefined) {
    return { base: FRAME, offset: sum + Number(value.imm), slot: value.slot, core: undefined };
  }
  const [array] = value.args;
  if (s.framed.has(value) && array?.slot !== undefined)
    return {
      base: registerOf(s, value, at),
      offset: sum + Number(array.imm),
      slot: array.slot,
      core: undefined,
    };
  return { base: registerOf(s, value, at), offset: sum, slot: undefined, core: undefined };
}

/** selectLoad reads memory; a signed value is extended, by the load itself where the instruction set can. */
export function selectLoad(s: Selection, value: Value): void {
  const [base] = value.args;
  if (base === undefined) return;
  const dst = registerOf(s, value, value.at);
  const address =
    value.core === undefined
      ? addressOf(s, base, Number(value.imm), value.at)
      : { base: registerOf(s, base, value.at), offset: Number(value.imm), slot: undefined, core: value.core };
  const signed = value.signed && value.size < 8;
  if (signed && s.set === "v4") {
    push(s, value.at, { kind: "load", dst, size: value.size, signed: true, address });
    // The signed load fills 64 bits; 32-bit values have zero upper halves.
    if (value.width === 32) push(s, value.at, { kind: "mov", width: 32, dst, operand: { register: dst } });
    return;
  }
  push(s, value.at, { kind: "load", dst, size: value.size, signed: false, address });
  if (!signed) return;
  const by = value.width - value.size * 8;
  if (by === 0) return;
  push(s, value.at, { kind: "alu", name: "lsh", width: value.width, dst, operand: { constant: by } });
  push(s, value.at, { kind: "alu", name: "arsh", width: value.width, dst, operand: { constant: by } });
}

/** selectStore writes memory, constants without a register. */
export function selectStore(s: Selection, value: Value): void {
  const [base, stored] = value.args;
  if (base === undefined || stored === undefined) return;
  const address = addressOf(s, base, Number(value.imm), value.at);
  const bits = value.size === 8 ? 64 : 32;
  let operand: MutableOperand | undefined;
  if (stored.op === "const") {
    const constant = asImmediate(BigInt.asIntN(bits, stored.imm), bits);
    if (constant !== undefined) operand = { constant };
  }
  // Storing to packets and the context by constant is refused for the context on old kernels; a register works everywhere.
  push(s, value.at, {
    kind: "store",
    size: value.size,
    address,
    operand: operand ?? { register: registerOf(s, stored, value.at) },
  });
}

/** selectAtomic adds to memory, or exchanges it for a value. */
export function selectAtomic(s: Selection, value: Value): void {
  const [base, amount] = value.args;
  if (base === undefined || amount === undefined) return;
  const exchange = value.atomic === "xchg";
  const src = exchange ? registerOf(s, value, value.at) : registerOf(s, amount, value.at);
  if (exchange) materialise(s, amount, src, value.at);
  push(s, value.at, {
    kind: "atomic",
    name: exchange ? "xchg" : "add",
    size: value.size === 4 ? 4 : 8,
    address: addressOf(s, base, Number(value.imm), value.at),
    src,
  });
}
