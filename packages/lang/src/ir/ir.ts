import type { CoreKindId } from "@go3s/bpf";
import type { Range } from "../source/file.js";
import type { Enumerator, KernelFunction } from "../types/kernel.js";
import type { Shape } from "../types/shapes.js";
import type { GlobalSymbol, MapSymbol } from "../types/symbols.js";
import type { Field, IntType, StructType, Type } from "../types/type.js";

/** Width of a value in bits. 32-bit values have zero upper halves in their registers; signed ones narrower than 32 are sign-extended to 32. */
export type Width = 32 | 64;
export type Size = 1 | 2 | 4 | 8;

export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "udiv"
  | "sdiv"
  | "umod"
  | "smod"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "lshr"
  | "ashr";

export type Op =
  | BinaryOp
  | "const"
  | "param"
  | "slot"
  | "global"
  | "map"
  | "func"
  | "neg"
  | "swap"
  | "zext"
  | "trunc"
  | "sext"
  | "cmp"
  | "load"
  | "store"
  | "atomic"
  | "call"
  | "callfn"
  | "callk"
  | "extern"
  | "core"
  | "query"
  | "phi";

export type Condition = "eq" | "ne" | "ult" | "ule" | "ugt" | "uge" | "slt" | "sle" | "sgt" | "sge";

/** Slot is memory on the stack. Slots whose lifetimes do not meet share their bytes. */
export interface Slot {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  /** bytes is the size of the value; what lies behind it up to `size` is padding. */
  readonly bytes: number;
  readonly from: number;
  /** to is set when the slot's scope ends. */
  to: number;
  /** pinned slots must be on the stack: pointers are kept in them, or a helper takes nothing else. */
  readonly pinned: boolean;
}

/** CorePath is the way from a kernel struct to a member or element, which the loader relocates. */
export interface CorePath {
  readonly root: StructType;
  readonly steps: readonly (Field | number)[];
  readonly offset: number;
}

/**
 * CoreQuery is a fact about the running kernel that the loader writes into an instruction: of a field, a type or an
 * enumerator. `value` is what it was where the program was compiled.
 */
export interface CoreQuery {
  readonly kind: CoreKindId;
  readonly value: bigint;
  readonly of:
    | { readonly kind: "field"; readonly path: CorePath }
    | { readonly kind: "type"; readonly type: StructType | IntType }
    | { readonly kind: "enumerator"; readonly enumerator: Enumerator };
}

/** Extern is a function or variable of the kernel, which the loader finds by name; a weak one may be missing. */
export interface Extern {
  readonly name: string;
  readonly kind: "function" | "variable";
  /** shape is what it must be like; a variable without one is found by name alone. */
  readonly shape: Shape | undefined;
  readonly weak: boolean;
}

/** Text is a constant in .rodata. */
export interface Text {
  readonly kind: "text";
  readonly bytes: Uint8Array;
}

/**
 * Value is one SSA value. Fields beyond `args` mean, by op: `imm` the constant, the offset of memory accesses, slots and
 * globals, the bits of extensions and swaps, the helper's id, the parameter's index; `size` the bytes of an access.
 */
export interface Value {
  readonly id: number;
  op: Op;
  width: Width;
  args: Value[];
  imm: bigint;
  size: Size;
  signed: boolean;
  condition: Condition | undefined;
  slot: Slot | undefined;
  map: MapSymbol | undefined;
  global: GlobalSymbol | Text | undefined;
  func: IrFunction | undefined;
  core: CorePath | undefined;
  /** kfunc is the kernel's function that a `callk` calls. */
  kfunc: KernelFunction | undefined;
  /** extern is what an `extern` gives the address of. */
  extern: Extern | undefined;
  /** unlock is called behind giveBack, for what needed the lock of kernel memory. */
  unlock: KernelFunction | undefined;
  /** giveBack is the function that takes an owned object back; records of ring buffers are discarded. */
  giveBack: KernelFunction | undefined;
  /** query is what a `query` asks of the kernel's types. */
  query: CoreQuery | undefined;
  /** atomic is the operation of an atomic access; xchg gives what was there before. */
  atomic: "add" | "xchg" | undefined;
  /** nilable values may be nil until compared. */
  nilable: boolean;
  /** owned values must be given back: ring-buffer reservations, references to objects of the kernel. */
  owned: boolean;
  /** textual records may keep old bytes behind the end of a text that a helper reads into them. */
  textual: boolean;
  /** max is a proven unsigned upper bound, for values whose shape does not show it. */
  max: bigint | undefined;
  block: Block;
  readonly at: Range;
}

export type Terminator =
  | { readonly kind: "jump"; readonly to: Block; readonly at: Range }
  | {
      readonly kind: "branch";
      readonly condition: Value;
      readonly yes: Block;
      readonly no: Block;
      readonly at: Range;
    }
  | { readonly kind: "return"; readonly value: Value | undefined; readonly at: Range }
  /** trap ends the program because an index was out of range; reservations still held are discarded. */
  | { readonly kind: "trap"; readonly at: Range };

export interface Block {
  readonly id: number;
  values: Value[];
  predecessors: Block[];
  end: Terminator | undefined;
}

export interface IrFunction {
  readonly name: string;
  readonly parameters: number;
  readonly hasResult: boolean;
  readonly blocks: Block[];
  readonly slots: Slot[];
  readonly at: Range;
  nextId: number;
  /** trapResult is what the function gives when an index is out of range: 1 ends a bpf_loop; 0 when left out. */
  trapResult?: bigint;
  /** prototype is set for global functions, whose parameters the verifier knows by their types. */
  prototype?: { readonly parameters: readonly Type[]; readonly result: Type };
  /** isProgram: the first parameter is the context, which nothing else in the program points to. */
  isProgram?: boolean;
  /** sleeps is set for programs that may sleep: they do not hold the lock of kernel memory by themselves. */
  sleeps?: boolean;
  /** indexes: the function adds a variable to a pointer that it was given. */
  indexes?: boolean;
}

/** IrModule is all code of a compilation. */
export interface IrModule {
  readonly programs: readonly {
    readonly name: string;
    readonly section: string;
    readonly code: IrFunction;
  }[];
  readonly subprograms: readonly IrFunction[];
}

interface OpRow {
  /** pure values can be dropped when unused and merged when equal. */
  readonly pure: boolean;
  readonly commutes: boolean;
}

const pure = { pure: true, commutes: false };
const both = { pure: true, commutes: true };
const effect = { pure: false, commutes: false };

/** opRows say what passes may do with an op. */
export const opRows: Readonly<Record<Op, OpRow>> = {
  add: both,
  sub: pure,
  mul: both,
  udiv: pure,
  sdiv: pure,
  umod: pure,
  smod: pure,
  and: both,
  or: both,
  xor: both,
  shl: pure,
  lshr: pure,
  ashr: pure,
  const: pure,
  param: pure,
  slot: pure,
  global: pure,
  map: pure,
  func: pure,
  neg: pure,
  swap: pure,
  zext: pure,
  trunc: pure,
  sext: pure,
  cmp: pure,
  load: effect,
  store: effect,
  atomic: effect,
  call: effect,
  callfn: effect,
  callk: effect,
  extern: pure,
  core: pure,
  query: pure,
  phi: pure,
};

/** inverse conditions, for branches the other way round. */
export const inverse: Readonly<Record<Condition, Condition>> = {
  eq: "ne",
  ne: "eq",
  ult: "uge",
  ule: "ugt",
  ugt: "ule",
  uge: "ult",
  slt: "sge",
  sle: "sgt",
  sgt: "sle",
  sge: "slt",
};

/** mirrored conditions, for exchanged operands. */
export const mirrored: Readonly<Record<Condition, Condition>> = {
  eq: "eq",
  ne: "ne",
  ult: "ugt",
  ule: "uge",
  ugt: "ult",
  uge: "ule",
  slt: "sgt",
  sle: "sge",
  sgt: "slt",
  sge: "sle",
};

/** successors of a block, in order. */
export function successors(block: Block): Block[] {
  const { end } = block;
  if (end?.kind === "jump") return [end.to];
  if (end?.kind === "branch") return [end.yes, end.no];
  return [];
}

/** newValue makes a value that belongs to a block but is not in its list yet. */
export function newValue(
  fn: IrFunction,
  block: Block,
  op: Op,
  width: Width,
  args: Value[],
  at: Range,
): Value {
  return {
    id: fn.nextId++,
    op,
    width,
    args,
    imm: 0n,
    size: 8,
    signed: false,
    condition: undefined,
    slot: undefined,
    map: undefined,
    global: undefined,
    func: undefined,
    core: undefined,
    kfunc: undefined,
    extern: undefined,
    giveBack: undefined,
    unlock: undefined,
    query: undefined,
    atomic: undefined,
    nilable: false,
    owned: false,
    textual: false,
    max: undefined,
    block,
    at,
  };
}

/** usesOf lists the values a terminator reads. */
export function usesOf(end: Terminator | undefined): Value[] {
  if (end?.kind === "branch") return [end.condition];
  if (end?.kind === "return" && end.value !== undefined) return [end.value];
  return [];
}

/** replaceAll rewrites every use by a mapping; it keeps what the mapping does not know. */
export function replaceAll(fn: IrFunction, mapping: ReadonlyMap<Value, Value>): void {
  if (mapping.size === 0) return;
  const final = (value: Value): Value => {
    let at = value;
    for (let next = mapping.get(at); next !== undefined; next = mapping.get(at)) at = next;
    return at;
  };
  for (const block of fn.blocks) {
    for (const { args } of block.values) {
      for (let i = 0; i < args.length; i++) {
        const arg = args[i];
        if (arg !== undefined && mapping.has(arg)) args[i] = final(arg);
      }
    }
    const { end } = block;
    if (end?.kind === "branch" && mapping.has(end.condition))
      block.end = { ...end, condition: final(end.condition) };
    else if (end?.kind === "return" && end.value !== undefined && mapping.has(end.value))
      block.end = { ...end, value: final(end.value) };
  }
}

/** pruneUnreachable drops blocks that nothing reaches and the phi arguments that came from them. */
export function pruneUnreachable(fn: IrFunction): void {
  const [entry] = fn.blocks;
  if (entry === undefined) return;
  const reached = new Set<Block>([entry]);
  const work = [entry];
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    for (const next of successors(block)) {
      if (!reached.has(next)) {
        reached.add(next);
        work.push(next);
      }
    }
  }
  if (reached.size === fn.blocks.length) return;
  fn.blocks.splice(0, fn.blocks.length, ...fn.blocks.filter((block) => reached.has(block)));
  for (const block of fn.blocks) {
    const keep = block.predecessors.map((each) => reached.has(each));
    if (keep.every(Boolean)) continue;
    for (const value of block.values) {
      if (value.op === "phi") value.args = value.args.filter((_, i) => keep[i]);
    }
    block.predecessors = block.predecessors.filter((_, i) => keep[i]);
  }
}
