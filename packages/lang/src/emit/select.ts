import { type AluName, CoreKind, type Condition as JumpCondition } from "@go3s/bpf";
import { loopDepths } from "../ir/dominators.js";
import {
  type BinaryOp,
  type Block,
  type Condition,
  type IrFunction,
  inverse,
  mirrored,
  successors,
  usesOf,
  type Value,
  type Width,
} from "../ir/ir.js";
import { maxAt } from "../ir/range.js";
import type { Range } from "../source/file.js";
import {
  type Address,
  FRAME,
  firstVirtual,
  type MachineBlock,
  type MachineFunction,
  type MachineInstruction,
  type MutableOperand,
  type Register,
} from "./machine.js";
import { settled } from "./settled.js";

/** InstructionSet is a version of the BPF instruction set: v1 to v4 as clang's -mcpu has them. */
export type InstructionSet = "v1" | "v2" | "v3" | "v4";

const aluNames: Readonly<Record<BinaryOp, Exclude<AluName, "mov">>> = {
  add: "add",
  sub: "sub",
  mul: "mul",
  udiv: "div",
  sdiv: "sdiv",
  umod: "mod",
  smod: "smod",
  and: "and",
  or: "or",
  xor: "xor",
  shl: "lsh",
  lshr: "rsh",
  ashr: "arsh",
};

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

const commutes: ReadonlySet<string> = new Set(["add", "mul", "and", "or", "xor"]);

/** asImmediate gives a constant as the signed 32-bit number an instruction of that width can hold. */
function asImmediate(value: bigint, width: Width): number | undefined {
  const signed = BigInt.asIntN(width, value);
  return signed >= -0x8000_0000n && signed <= 0x7fff_ffffn ? Number(signed) : undefined;
}

interface Selector {
  readonly fn: IrFunction;
  readonly out: MachineFunction;
  readonly set: InstructionSet;
  readonly main: boolean;
  readonly registers: Map<Value, Register>;
  readonly uses: Map<Value, number>;
  /** foldable comparisons are read by branches alone, and addresses by memory accesses alone. */
  readonly folded: Set<Value>;
  /** same remembers which truncations change nothing. */
  readonly same: Map<Value, boolean>;
  /** framed additions of an index to a slot add it to the frame; the slot's place goes into the accesses. */
  readonly framed: Set<Value>;
  /** kept addresses of slots have a register of their own: a loop reads it. */
  readonly kept: Set<Value>;
  block: MachineBlock;
}

type Shape = MachineInstruction extends infer T
  ? T extends MachineInstruction
    ? Omit<T, "at">
    : never
  : never;

function push(s: Selector, at: Range, instruction: Shape): void {
  s.block.code.push({ ...instruction, at: { start: at.start, end: at.end } });
}

const fresh = (s: Selector): Register => s.out.nextRegister++;

/** isFree values are made where they are used: constants, slots and maps cost one instruction at most. */
function isFree(value: Value): boolean {
  return value.op === "const" || value.op === "slot" || value.op === "map" || value.op === "func";
}

function materialise(s: Selector, value: Value, into: Register, at: Range): void {
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
function isSameRegister(s: Selector, value: Value): boolean {
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
function registerOf(s: Selector, value: Value, at: Range): Register {
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

function operandOf(s: Selector, value: Value, width: Width, at: Range): MutableOperand {
  if (value.op === "const") {
    const constant = asImmediate(value.imm, width);
    if (constant !== undefined) return { constant };
  }
  return { register: registerOf(s, value, at) };
}

/** addressOf splits a pointer into base and offset, as far as the 16 bits of an instruction's offset go. */
function addressOf(s: Selector, base: Value, offset: number, at: Range): Address {
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

function binary(s: Selector, value: Value, op: BinaryOp): void {
  let [a, b] = value.args;
  if (a === undefined || b === undefined) return;
  if (commutes.has(op) && a.op === "const") [a, b] = [b, a];
  if (s.framed.has(value)) {
    const dst = registerOf(s, value, value.at);
    if (s.main) {
      materialise(s, b, dst, value.at);
      push(s, value.at, { kind: "alu", name: "add", width: 64, dst, operand: { register: FRAME } });
      return;
    }
    // In other frames the verifier takes number + frame pointer for the main function's frame: adjust_ptr_min_max_vals
    // in kernel/bpf/verifier.c leaves frameno as it was in the number's register.
    const index = registerOf(s, b, value.at);
    push(s, value.at, { kind: "mov", width: 64, dst, operand: { register: FRAME } });
    push(s, value.at, { kind: "alu", name: "add", width: 64, dst, operand: { register: index } });
    return;
  }
  const dst = registerOf(s, value, value.at);
  const known = settled(op, b, value.width);
  if (known === "left") return void materialise(s, a, dst, value.at);
  if (known === "zero")
    return void push(s, value.at, { kind: "mov", width: 64, dst, operand: { constant: 0 } });
  const operand = operandOf(s, b, value.width, value.at);
  // dst = a; dst = dst OP b. The copy vanishes when a is not needed afterwards.
  materialise(s, a, dst, value.at);
  push(s, value.at, { kind: "alu", name: aluNames[op], width: value.width, dst, operand });
}

function signExtend(s: Selector, value: Value): void {
  const [a] = value.args;
  if (a === undefined) return;
  const dst = registerOf(s, value, value.at);
  const bits = Number(value.imm);
  if (s.set === "v4" && (bits === 8 || bits === 16 || (bits === 32 && value.width === 64))) {
    push(s, value.at, {
      kind: "sext",
      dst,
      src: registerOf(s, a, value.at),
      bits: bits === 8 ? 8 : bits === 16 ? 16 : 32,
      width: value.width,
    });
    return;
  }
  const by = value.width - bits;
  materialise(s, a, dst, value.at);
  push(s, value.at, { kind: "alu", name: "lsh", width: value.width, dst, operand: { constant: by } });
  push(s, value.at, { kind: "alu", name: "arsh", width: value.width, dst, operand: { constant: by } });
}

function call(s: Selector, value: Value): void {
  // Arguments are put into their registers in order; those that cost nothing come last, so registers stay free longer.
  const setters = value.args.map((each, i) => ({ each, register: i + 1 }));
  for (const { each, register } of setters.filter((one) => !isFree(one.each) || s.kept.has(one.each))) {
    push(s, value.at, {
      kind: "mov",
      width: 64,
      dst: register,
      operand: { register: registerOf(s, each, value.at) },
    });
  }
  for (const { each, register } of setters.filter((one) => isFree(one.each) && !s.kept.has(one.each)))
    materialise(s, each, register, value.at);
  if (value.op === "callfn" && value.func !== undefined)
    push(s, value.at, { kind: "call-function", function: value.func, arguments: value.args.length });
  else if (value.kfunc !== undefined)
    push(s, value.at, {
      kind: "call-kernel",
      extern: { name: value.kfunc.name, kind: "function", shape: value.kfunc.shape, weak: false },
      arguments: value.args.length,
    });
  else push(s, value.at, { kind: "call", helper: Number(value.imm), arguments: value.args.length });
  if ((s.uses.get(value) ?? 0) > 0) {
    push(s, value.at, {
      kind: "mov",
      width: 64,
      dst: registerOf(s, value, value.at),
      operand: { register: 0 },
    });
  }
}

function load(s: Selector, value: Value): void {
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

function store(s: Selector, value: Value): void {
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

interface Comparison {
  readonly condition: Condition;
  readonly left: Register;
  readonly operand: MutableOperand;
  readonly width: Width;
}

const lessThan: ReadonlySet<Condition> = new Set(["ult", "ule", "slt", "sle"]);

function comparison(s: Selector, value: Value, at: Range): Comparison {
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
function extendedComparison(s: Selector, a: Value, b: Value, condition: Condition, at: Range): Comparison {
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

function valueInto(s: Selector, value: Value): void {
  switch (value.op) {
    case "slot":
      if (s.kept.has(value) && value.slot !== undefined) {
        const dst = registerOf(s, value, value.at);
        push(s, value.at, { kind: "slot", dst, slot: value.slot, offset: Number(value.imm) });
      }
      break;
    case "phi":
    case "const":
    case "map":
    case "func":
      break;
    case "global":
      if (value.global !== undefined) {
        push(s, value.at, {
          kind: "wide",
          dst: registerOf(s, value, value.at),
          value: { kind: "global", global: value.global, offset: Number(value.imm) },
        });
      }
      break;
    case "param":
      break;
    case "neg": {
      const [a] = value.args;
      if (a === undefined) break;
      const dst = registerOf(s, value, value.at);
      materialise(s, a, dst, value.at);
      push(s, value.at, { kind: "neg", width: value.width, dst });
      break;
    }
    case "swap": {
      const [a] = value.args;
      if (a === undefined) break;
      const dst = registerOf(s, value, value.at);
      materialise(s, a, dst, value.at);
      push(s, value.at, { kind: "swap", dst, bits: value.imm === 16n ? 16 : value.imm === 32n ? 32 : 64 });
      break;
    }
    case "zext": {
      const [a] = value.args;
      if (a !== undefined && isFree(a)) materialise(s, a, registerOf(s, value, value.at), value.at);
      break;
    }
    case "trunc": {
      const [a] = value.args;
      if (a !== undefined && !isSameRegister(s, value))
        push(s, value.at, {
          kind: "mov",
          width: 32,
          dst: registerOf(s, value, value.at),
          operand: operandOf(s, a, 32, value.at),
        });
      break;
    }
    case "sext":
      signExtend(s, value);
      break;
    case "cmp":
      // Materialised only when something other than a branch reads it: expanded before selection.
      break;
    case "load":
      load(s, value);
      break;
    case "store":
      store(s, value);
      break;
    case "atomic": {
      const [base, amount] = value.args;
      if (base === undefined || amount === undefined) break;
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
      break;
    }
    case "extern":
      if (value.extern !== undefined)
        push(s, value.at, {
          kind: "wide",
          dst: registerOf(s, value, value.at),
          value: { kind: "extern", extern: value.extern },
        });
      break;
    case "call":
    case "callk":
    case "callfn":
      call(s, value);
      break;
    case "query": {
      if (value.query === undefined) break;
      const { query } = value;
      const dst = registerOf(s, value, value.at);
      // Values of enums may have 64 bits on another kernel; the rest are small.
      if (query.of.kind === "enumerator" && query.kind === CoreKind.ENUMVAL_VALUE)
        push(s, value.at, { kind: "wide", dst, value: { kind: "number", value: query.value, query } });
      else
        push(s, value.at, {
          kind: "mov",
          width: 64,
          dst,
          operand: { constant: Number(query.value) },
          query,
        });
      break;
    }
    case "core": {
      const [base] = value.args;
      if (base === undefined || value.core === undefined) break;
      const dst = registerOf(s, value, value.at);
      materialise(s, base, dst, value.at);
      push(s, value.at, {
        kind: "alu",
        name: "add",
        width: 64,
        dst,
        operand: { constant: value.core.offset },
        core: value.core,
      });
      break;
    }
    default:
      binary(s, value, value.op);
  }
}

/** isAddressOnly: additions that only memory accesses read are folded into their offsets. */
function addressesOnly(fn: IrFunction): Set<Value> {
  const found = new Set<Value>();
  for (const block of fn.blocks)
    for (const value of block.values)
      if (value.op === "add" && value.args[1]?.op === "const") found.add(value);
  const reject = (value: Value): void => {
    if (!found.delete(value)) return;
  };
  for (const block of fn.blocks) {
    for (const value of block.values) {
      value.args.forEach((each, i) => {
        const memory =
          (value.op === "load" && value.core === undefined) ||
          ((value.op === "store" || value.op === "atomic") && i === 0);
        const near = each.args[1] === undefined ? 0n : BigInt.asIntN(64, each.args[1].imm) + value.imm;
        const folds = memory && near >= -0x4000n && near <= 0x3fffn;
        if (!folds) reject(each);
      });
    }
    for (const each of usesOf(block.end)) reject(each);
  }
  return found;
}

/** framedOnly: additions of an index to a slot of which only memory accesses make use. */
function framedOnly(fn: IrFunction, folded: ReadonlySet<Value>): Set<Value> {
  const found = new Set<Value>();
  for (const block of fn.blocks)
    for (const value of block.values)
      if (value.op === "add" && value.args[0]?.op === "slot" && value.args[1]?.op !== "const")
        found.add(value);
  if (found.size === 0) return found;
  for (const block of fn.blocks) {
    for (const value of block.values) {
      const accesses =
        (value.op === "load" && value.core === undefined) || value.op === "store" || value.op === "atomic";
      value.args.forEach((each, i) => {
        if (!(i === 0 && (accesses || folded.has(value)))) found.delete(each);
      });
    }
    for (const each of usesOf(block.end)) found.delete(each);
  }
  return found;
}

/** keptSlots are addresses on the stack made outside of a loop that calls in it. */
function keptSlots(fn: IrFunction, depths: ReadonlyMap<Block, number>): Set<Value> {
  const found = new Set<Value>();
  for (const block of fn.blocks) {
    const depth = depths.get(block) ?? 0;
    if (depth === 0) continue;
    for (const value of block.values) {
      if (value.op !== "call") continue;
      for (const arg of value.args)
        if (arg.op === "slot" && (depths.get(arg.block) ?? 0) < depth) found.add(arg);
    }
  }
  return found;
}

/** SelectTarget says for what instructions are selected. */
export interface SelectTarget {
  readonly set: InstructionSet;
  /** main functions are called by the kernel. */
  readonly main: boolean;
}

/** select turns SSA into machine instructions on virtual registers. */
export function select(fn: IrFunction, target: SelectTarget): MachineFunction {
  const depths = loopDepths(fn);
  const out: MachineFunction = { source: fn, blocks: [], nextRegister: firstVirtual, spills: [] };
  const blocks = new Map<Block, MachineBlock>();
  for (const block of fn.blocks) {
    const made: MachineBlock = { id: block.id, depth: depths.get(block) ?? 0, code: [], successors: [] };
    blocks.set(block, made);
    out.blocks.push(made);
  }
  const machine = (block: Block): MachineBlock => {
    const found = blocks.get(block);
    if (found === undefined) throw new Error(`b${block.id} has no machine block`);
    return found;
  };
  const uses = new Map<Value, number>();
  const count = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const block of fn.blocks) {
    for (const value of block.values) value.args.forEach(count);
    usesOf(block.end).forEach(count);
  }
  const [entry] = out.blocks;
  if (entry === undefined) throw new Error("a function has an entry");
  const folded = addressesOnly(fn);
  const s: Selector = {
    fn,
    out,
    set: target.set,
    main: target.main,
    registers: new Map(),
    uses,
    folded,
    same: new Map(),
    framed: framedOnly(fn, folded),
    kept: keptSlots(fn, depths),
    block: entry,
  };
  for (const value of fn.blocks[0]?.values ?? []) {
    if (value.op === "param")
      push(s, value.at, {
        kind: "mov",
        width: 64,
        dst: registerOf(s, value, value.at),
        operand: { register: Number(value.imm) + 1 },
      });
  }
  // Each phi has a register that the predecessors write and one that the block reads, so that copies cannot overtake each other.
  const incoming = new Map<Value, Register>();
  for (const block of fn.blocks) {
    s.block = machine(block);
    for (const value of block.values) {
      if (value.op !== "phi") continue;
      const register = fresh(s);
      incoming.set(value, register);
      push(s, value.at, {
        kind: "mov",
        width: 64,
        dst: registerOf(s, value, value.at),
        operand: { register },
      });
    }
  }
  for (const block of fn.blocks) {
    s.block = machine(block);
    for (const value of block.values) if (!s.folded.has(value)) valueInto(s, value);
    for (const next of new Set(successors(block))) {
      const from = next.predecessors.indexOf(block);
      for (const value of next.values) {
        if (value.op !== "phi") continue;
        const arg = value.args[from];
        const into = incoming.get(value);
        if (arg !== undefined && into !== undefined) materialise(s, arg, into, value.at);
      }
    }
    finish(s, block, machine);
  }
  return out;
}

function finish(s: Selector, block: Block, machine: (block: Block) => MachineBlock): void {
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
