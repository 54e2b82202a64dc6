import type { Range } from "../source/file.js";
import type { KernelFunction } from "../types/kernel.js";
import type { GlobalSymbol, MapSymbol } from "../types/symbols.js";
import { compute, extended, holds } from "./constant.js";
import {
  type BinaryOp,
  type Block,
  type Condition,
  type CorePath,
  type CoreQuery,
  type Extern,
  type IrFunction,
  newValue,
  type Op,
  pruneUnreachable,
  replaceAll,
  type Size,
  type Slot,
  type Text,
  type Value,
  type Width,
} from "./ir.js";

/** Builder makes SSA directly while code is lowered, after Braun et al., "Simple and Efficient Construction of SSA Form" (2013). */
export interface Builder {
  readonly fn: IrFunction;
  /** block is where code goes; undefined behind a return or jump. */
  block: Block | undefined;
  at: Range;
  newBlock(): Block;
  /** enter goes on in a block. */
  enter(block: Block): void;
  /** seal says that no more predecessors will come. */
  seal(block: Block): void;
  jump(to: Block): void;
  branch(condition: Value, yes: Block, no: Block): void;
  ret(value: Value | undefined): void;
  trap(): void;
  write(variable: object, value: Value): void;
  read(variable: object, width: Width): Value;
  constant(value: bigint, width?: Width): Value;
  binary(op: BinaryOp, a: Value, b: Value, width?: Width): Value;
  unary(op: "neg" | "swap" | "zext" | "trunc" | "sext", a: Value, width: Width, bits?: number): Value;
  compare(condition: Condition, a: Value, b: Value): Value;
  slot(size: number, name: string, pinned?: boolean): Slot;
  slotAddress(slot: Slot, offset?: number): Value;
  load(base: Value, offset: number, size: Size, signed: boolean, width: Width, core?: CorePath): Value;
  /** loadOnce loads a word behind a parameter at the function's start: each place that asks gets the same value. */
  loadOnce(parameter: Value, offset: number): Value;
  store(base: Value, offset: number, size: Size, value: Value): void;
  atomicAdd(base: Value, offset: number, size: Size, value: Value): void;
  atomicExchange(base: Value, offset: number, size: Size, value: Value): Value;
  call(helper: number, args: Value[]): Value;
  callFunction(fn: IrFunction, args: Value[]): Value;
  callKernel(fn: KernelFunction, args: Value[]): Value;
  externAddress(extern: Extern): Value;
  mapAddress(map: MapSymbol): Value;
  globalAddress(global: GlobalSymbol | Text, offset?: number): Value;
  functionAddress(fn: IrFunction): Value;
  core(base: Value, path: CorePath): Value;
  query(query: CoreQuery): Value;
  parameter(index: number): Value;
  /** clock counts what was emitted; slots live from one tick to another. */
  clock(): number;
  finish(): void;
}

const wrapTo = (value: bigint, width: Width): bigint => BigInt.asUintN(width, value);

/** newFunction makes an empty function. */
export function newFunction(name: string, parameters: number, hasResult: boolean, at: Range): IrFunction {
  return { name, parameters, hasResult, blocks: [], slots: [], at, nextId: 0 };
}

/** newBuilder starts a function with its entry block. */
export function newBuilder(fn: IrFunction): Builder {
  const definitions = new Map<object, Map<Block, Value>>();
  const incomplete = new Map<Block, Map<object, Value>>();
  const sealed = new Set<Block>();
  let ticks = 0;
  let blocks = 0;

  const push = (op: Op, width: Width, args: Value[], change: Partial<Value> = {}): Value => {
    // Code behind a return is lowered for its errors only; it goes into a block nothing reaches.
    builder.block ??= unreachable();
    const value = Object.assign(newValue(fn, builder.block, op, width, args, builder.at), change);
    builder.block.values.push(value);
    ticks++;
    return value;
  };
  const unreachable = (): Block => {
    const block = builder.newBlock();
    sealed.add(block);
    return block;
  };
  const link = (to: Block): void => {
    if (builder.block !== undefined) to.predecessors.push(builder.block);
  };
  const writeIn = (variable: object, block: Block, value: Value): void => {
    let own = definitions.get(variable);
    if (own === undefined) {
      own = new Map();
      definitions.set(variable, own);
    }
    own.set(block, value);
  };
  const phi = (block: Block, width: Width): Value => {
    const value = newValue(fn, block, "phi", width, [], builder.at);
    block.values.unshift(value);
    return value;
  };
  const readIn = (variable: object, block: Block, width: Width): Value => {
    const known = definitions.get(variable)?.get(block);
    if (known !== undefined) return known;
    let value: Value;
    const [only] = block.predecessors;
    if (!sealed.has(block)) {
      value = phi(block, width);
      const waiting = incomplete.get(block) ?? new Map<object, Value>();
      waiting.set(variable, value);
      incomplete.set(block, waiting);
    } else if (block.predecessors.length === 1 && only !== undefined) value = readIn(variable, only, width);
    else if (block.predecessors.length === 0) {
      value = newValue(fn, block, "const", width, [], builder.at);
      block.values.unshift(value);
    } else {
      value = phi(block, width);
      writeIn(variable, block, value);
      value.args = block.predecessors.map((each) => readIn(variable, each, width));
    }
    writeIn(variable, block, value);
    return value;
  };

  const builder: Builder = {
    fn,
    block: undefined,
    at: fn.at,
    clock: () => ticks,
    newBlock() {
      const block: Block = { id: blocks++, values: [], predecessors: [], end: undefined };
      fn.blocks.push(block);
      return block;
    },
    enter(block) {
      builder.block = block;
    },
    seal(block) {
      for (const [variable, value] of incomplete.get(block) ?? []) {
        value.args = block.predecessors.map((each) => readIn(variable, each, value.width));
      }
      incomplete.delete(block);
      sealed.add(block);
    },
    jump(to) {
      if (builder.block === undefined) return;
      link(to);
      builder.block.end = { kind: "jump", to, at: builder.at };
      builder.block = undefined;
    },
    branch(condition, yes, no) {
      builder.block ??= unreachable();
      if (condition.op === "const") {
        builder.jump(condition.imm !== 0n ? yes : no);
        return;
      }
      link(yes);
      link(no);
      builder.block.end = { kind: "branch", condition, yes, no, at: builder.at };
      builder.block = undefined;
    },
    ret(value) {
      if (builder.block === undefined) return;
      builder.block.end = { kind: "return", value, at: builder.at };
      builder.block = undefined;
    },
    trap() {
      if (builder.block === undefined) return;
      builder.block.end = { kind: "trap", at: builder.at };
      builder.block = undefined;
    },
    write(variable, value) {
      if (builder.block !== undefined) writeIn(variable, builder.block, value);
    },
    read(variable, width) {
      builder.block ??= unreachable();
      return readIn(variable, builder.block, width);
    },
    constant: (value, width = 64) => push("const", width, [], { imm: wrapTo(value, width) }),
    // Constants are folded at once: an unrolled loop's counter is one, and what depends on it needs no check.
    binary(op, a, b, width = a.width) {
      const known = a.op === "const" && b.op === "const" ? compute(op, a, b) : undefined;
      return known === undefined ? push(op, width, [a, b]) : builder.constant(known, width);
    },
    unary(op, a, width, bits = 0) {
      if (a.op === "const" && (op === "zext" || op === "sext" || op === "trunc"))
        return builder.constant(extended(op, a, bits), width);
      return push(op, width, [a], { imm: BigInt(bits) });
    },
    compare(condition, a, b) {
      if (a.op === "const" && b.op === "const") return builder.constant(holds(condition, a, b) ? 1n : 0n, 32);
      return push("cmp", 32, [a, b], { condition });
    },
    slot(size, name, pinned = false) {
      const slot: Slot = {
        id: fn.slots.length,
        name,
        size: Math.ceil(size / 8) * 8,
        bytes: size,
        from: ticks,
        to: Number.POSITIVE_INFINITY,
        pinned,
      };
      fn.slots.push(slot);
      return slot;
    },
    slotAddress: (slot, offset = 0) => push("slot", 64, [], { slot, imm: BigInt(offset) }),
    load: (base, offset, size, signed, width, core) =>
      push("load", width, [base], { imm: BigInt(offset), size, signed, core }),
    loadOnce(parameter, offset) {
      const { block } = parameter;
      const known = block.values.find(
        (each) => each.op === "load" && each.args[0] === parameter && each.imm === BigInt(offset),
      );
      if (known !== undefined) return known;
      const value = Object.assign(newValue(fn, block, "load", 64, [parameter], builder.at), {
        imm: BigInt(offset),
      });
      block.values.splice(block.values.indexOf(parameter) + 1, 0, value);
      return value;
    },
    store: (base, offset, size, value) =>
      void push("store", 64, [base, value], { imm: BigInt(offset), size }),
    atomicAdd: (base, offset, size, value) =>
      void push("atomic", 64, [base, value], { imm: BigInt(offset), size, atomic: "add" }),
    atomicExchange: (base, offset, size, value) =>
      push("atomic", 64, [base, value], { imm: BigInt(offset), size, atomic: "xchg" }),
    call: (helper, args) => push("call", 64, args, { imm: BigInt(helper) }),
    callFunction: (callee, args) => push("callfn", 64, args, { func: callee }),
    callKernel: (kfunc, args) => push("callk", 64, args, { kfunc }),
    externAddress: (extern) => push("extern", 64, [], { extern }),
    mapAddress: (map) => push("map", 64, [], { map }),
    globalAddress: (global, offset = 0) => push("global", 64, [], { global, imm: BigInt(offset) }),
    functionAddress: (func) => push("func", 64, [], { func }),
    core: (base, path) => push("core", 64, [base], { core: path }),
    query: (query) => push("query", 64, [], { query }),
    parameter(index) {
      // Parameters are in registers where the function starts, and nowhere else.
      const [entry] = fn.blocks;
      if (entry === undefined) throw new Error("a function has an entry");
      const known = entry.values.find((each) => each.op === "param" && each.imm === BigInt(index));
      if (known !== undefined) return known;
      const value = newValue(fn, entry, "param", 64, [], builder.at);
      value.imm = BigInt(index);
      entry.values.unshift(value);
      return value;
    },
    finish() {
      for (const block of fn.blocks) if (!sealed.has(block)) builder.seal(block);
      for (const block of fn.blocks) block.end ??= { kind: "trap", at: fn.at };
      pruneUnreachable(fn);
      dropTrivialPhis(fn);
    },
  };
  const entry = builder.newBlock();
  sealed.add(entry);
  builder.block = entry;
  return builder;
}

/** dropTrivialPhis replaces phis that have one value besides themselves, until none is left. */
export function dropTrivialPhis(fn: IrFunction): boolean {
  const mapping = new Map<Value, Value>();
  const final = (value: Value): Value => {
    let at = value;
    for (let next = mapping.get(at); next !== undefined; next = mapping.get(at)) at = next;
    return at;
  };
  const phis = fn.blocks.flatMap((block) => block.values.filter((value) => value.op === "phi"));
  for (let changed = true; changed; ) {
    changed = false;
    for (const phi of phis) {
      if (mapping.has(phi)) continue;
      let only: Value | undefined;
      let several = false;
      for (const arg of phi.args) {
        const value = final(arg);
        if (value === phi || value === only) continue;
        several = only !== undefined;
        if (several) break;
        only = value;
      }
      if (several || only === undefined) continue;
      mapping.set(phi, only);
      changed = true;
    }
  }
  if (mapping.size === 0) return false;
  for (const block of fn.blocks) {
    if (block.values[0]?.op === "phi") block.values = block.values.filter((value) => !mapping.has(value));
  }
  replaceAll(fn, mapping);
  return true;
}
