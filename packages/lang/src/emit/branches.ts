import type { Condition as JumpCondition } from "@go3s/bpf";
import { type Block, type Condition, inverse, mirrored, type Value, type Width } from "../ir/ir.js";
import type { Range } from "../source/file.js";
import type { MachineBlock, MutableOperand, Register } from "./machine.js";
import { asImmediate, materialise, registerOf } from "./operands.js";
import { fresh, push, type Selection } from "./selection.js";

const jumpNames: Readonly<Record<Condition, JumpCondition>> = {
  eq: "eq",
  ne: "ne",
  ult: "lt",
  ule: "le",
  ugt: "gt",
  uge: "ge",
  slt: "slt",
  sle: "sle",
  sgt: "sgt",
  sge: "sge",
};

/** Comparison is a condition as a jump can test it in the instruction set. */
interface Comparison {
  readonly condition: Condition;
  readonly left: Register;
  readonly operand: MutableOperand;
  readonly width: Width;
}

const lessThan: ReadonlySet<Condition> = new Set(["ult", "ule", "slt", "sle"]);

function comparison(s: Selection, value: Value, at: Range): Comparison {
  let [a, b] = value.args;
  let condition = value.condition ?? "ne";
  if (a === undefined || b === undefined) throw new Error("a comparison has two arguments");
  if (a.op === "const" && b.op !== "const") {
    [a, b] = [b, a];
    condition = mirrored[condition];
  }
  const signed = condition.startsWith("s");
  let width: Width = 64;
  let operand: MutableOperand | undefined;
  if (a.width === 32) {
    // Zero-extended values compare alike in 64 bits, where every kernel refines both bounds; signed ones need 32.
    const constant = b.op === "const" ? Number(BigInt.asUintN(32, b.imm)) : undefined;
    const fits = constant !== undefined && constant <= 0x7fff_ffff;
    if (signed || (constant !== undefined && !fits)) width = 32;
    if (constant !== undefined && (fits || width === 32)) operand = { constant: constant | 0 };
    if (width === 32 && (s.set === "v1" || s.set === "v2")) return extendedComparison(s, a, b, condition, at);
  } else if (b.op === "const") {
    const constant = asImmediate(b.imm, 64);
    if (constant !== undefined) operand = { constant };
  }
  operand ??= { register: registerOf(s, b, at) };
  const left = registerOf(s, a, at);
  if (s.set === "v1" && lessThan.has(condition)) {
    // v1 has no "less": exchange the sides.
    const right = "register" in operand ? operand.register : fresh(s);
    if ("constant" in operand) {
      push(s, at, { kind: "mov", width: 64, dst: right, operand: { constant: operand.constant } });
    }
    return { condition: mirrored[condition], left: right, operand: { register: left }, width };
  }
  return { condition, left, operand, width };
}

/** extendedComparison compares signed 32-bit values before v3: both sides are sign-extended to 64 bits. */
function extendedComparison(s: Selection, a: Value, b: Value, condition: Condition, at: Range): Comparison {
  const extend = (value: Value): Register => {
    const register = fresh(s);
    materialise(s, value, register, at);
    push(s, at, { kind: "alu", name: "lsh", width: 64, dst: register, operand: { constant: 32 } });
    push(s, at, { kind: "alu", name: "arsh", width: 64, dst: register, operand: { constant: 32 } });
    return register;
  };
  const left = extend(a);
  const right = extend(b);
  if (s.set === "v1" && lessThan.has(condition))
    return { condition: mirrored[condition], left: right, operand: { register: left }, width: 64 };
  return { condition, left, operand: { register: right }, width: 64 };
}

/** selectEnd makes the instructions that leave a block; a branch is written so that the next block in the list is fallen into. */
export function selectEnd(s: Selection, block: Block, machine: (block: Block) => MachineBlock): void {
  const { end } = block;
  if (end === undefined) return;
  if (end.kind === "jump") {
    push(s, end.at, { kind: "jump", to: machine(end.to) });
    s.block.successors = [machine(end.to)];
  } else if (end.kind === "branch") {
    const { condition } = end;
    let [yes, no] = [machine(end.yes), machine(end.no)];
    let found: Comparison;
    if (condition.op === "cmp") found = comparison(s, condition, end.at);
    else
      found = {
        condition: "ne",
        left: registerOf(s, condition, end.at),
        operand: { constant: 0 },
        width: 64,
      };
    // The block that follows in the list is fallen into.
    const position = s.out.blocks.indexOf(s.block);
    if (s.out.blocks[position + 1] === yes) {
      [yes, no] = [no, yes];
      found = { ...found, condition: inverse[found.condition] };
      if (s.set === "v1" && lessThan.has(found.condition) && "register" in found.operand) {
        found = {
          ...found,
          condition: mirrored[found.condition],
          left: found.operand.register,
          operand: { register: found.left },
        };
      } else if (s.set === "v1" && lessThan.has(found.condition)) {
        [yes, no] = [no, yes];
        found = { ...found, condition: inverse[found.condition] };
      }
    }
    push(s, end.at, {
      kind: "jump-if",
      condition: jumpNames[found.condition],
      width: found.width,
      left: found.left,
      operand: found.operand,
      to: yes,
    });
    push(s, end.at, { kind: "jump", to: no });
    s.block.successors = [yes, no];
  } else {
    const value = end.kind === "return" ? end.value : undefined;
    if (value === undefined) push(s, end.at, { kind: "mov", width: 32, dst: 0, operand: { constant: 0 } });
    else materialise(s, value, 0, end.at);
    push(s, end.at, { kind: "exit" });
  }
}
