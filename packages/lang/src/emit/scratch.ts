import { HelperFunction } from "@go3s/bpf";
import { type Block, type IrFunction, newValue, type Slot, successors, type Value } from "../ir/ir.js";
import { isTailCall } from "../passes/owned-objects.js";
import type { Range } from "../source/file.js";
import { mapRow } from "../types/map-kinds.js";
import type { MapSymbol } from "../types/symbols.js";
import { type Type, uint8, uint32 } from "../types/type.js";
import { layOut } from "./frame.js";

// A per-CPU value may be as large as PCPU_MIN_UNIT_SIZE, include/linux/percpu.h.
const largestScratch = 32 << 10;

/** claimable entries: so many runs of one program may be nested on one CPU before one of them is lost. */
const claimable = 4;

/** header holds the word that says whether an entry is taken; values lie behind it. */
const header = 8;

/** ScratchUse says how a function may be run. */
export interface ScratchUse {
  /** claims: another run may start on the same CPU before this one ends, so each takes an entry for itself. */
  readonly claims: boolean;
  /** failure is what the function returns when it gets no memory. */
  readonly failure: bigint;
  /** exchange: the instruction set has atomic exchange (v3). */
  readonly exchange: boolean;
  readonly name: string;
}

/** Scratch is the per-CPU map that values of a function were moved to. */
export interface Scratch {
  readonly map: MapSymbol;
  readonly moved: readonly Slot[];
}

function slotsUsed(fn: IrFunction): Set<Slot> {
  const used = new Set<Slot>();
  for (const block of fn.blocks)
    for (const value of block.values)
      if (value.op === "slot" && value.slot !== undefined) used.add(value.slot);
  return used;
}

function slotOf(value: Value | undefined): Slot | undefined {
  let at = value;
  for (let steps = 0; at !== undefined && steps < 16; steps++) {
    if (at.op === "slot") return at.slot;
    if (at.op !== "add") return undefined;
    [at] = at.args;
  }
  return undefined;
}

// ARG_PTR_TO_STACK_OR_NULL: the context of callbacks, kernel/bpf/bpf_iter.c and kernel/bpf/arraymap.c.
const takesStack: ReadonlyMap<bigint, number> = new Map([
  [BigInt(HelperFunction.loop), 2],
  [BigInt(HelperFunction.for_each_map_elem), 2],
  [BigInt(HelperFunction.find_vma), 3],
  [BigInt(HelperFunction.user_ringbuf_drain), 2],
]);

/** stackOnly finds slots that must stay: the verifier loses a pointer that is kept in a map's value. */
function stackOnly(fn: IrFunction): Set<Slot> {
  const found = new Set<Slot>();
  const keep = (value: Value | undefined): void => {
    const slot = slotOf(value);
    if (slot !== undefined) found.add(slot);
  };
  for (const block of fn.blocks) {
    for (const value of block.values) {
      const [address, stored] = value.args;
      if (
        value.op === "store" &&
        stored !== undefined &&
        ["slot", "map", "global", "func"].includes(stored.op)
      )
        keep(address);
      const at = value.op === "call" ? takesStack.get(value.imm) : undefined;
      if (at !== undefined) keep(value.args[at]);
    }
  }
  return found;
}

/** choose picks the largest values until the rest fits. */
function choose(fn: IrFunction, budget: number): Slot[] {
  const used = slotsUsed(fn);
  if (layOut(used).size <= budget) return [];
  const stay = stackOnly(fn);
  const movable = [...used]
    .filter((slot) => !slot.pinned && !stay.has(slot))
    .sort((a, b) => b.size - a.size || a.id - b.id);
  const moved: Slot[] = [];
  // The key, and the register that holds the memory's address, may need room of their own.
  const room = Math.max(0, budget - 16);
  for (const slot of movable) {
    if (layOut(used).size <= room) break;
    used.delete(slot);
    moved.push(slot);
  }
  return moved;
}

interface Writer {
  readonly fn: IrFunction;
  block: Block;
  readonly at: Range;
}

function add(w: Writer, op: Value["op"], width: 32 | 64, args: Value[], change: Partial<Value> = {}): Value {
  const value = Object.assign(newValue(w.fn, w.block, op, width, args, w.at), change);
  w.block.values.push(value);
  return value;
}

function newBlock(w: Writer, predecessors: Block[]): Block {
  const id = w.fn.blocks.reduce((most, block) => Math.max(most, block.id), 0) + 1;
  const block: Block = { id, values: [], predecessors, end: undefined };
  w.fn.blocks.push(block);
  return block;
}

function lookUp(w: Writer, map: MapSymbol, key: Slot, index: number): Value {
  const address = add(w, "slot", 64, [], { slot: key });
  add(w, "store", 64, [address, add(w, "const", 64, [], { imm: BigInt(index) })], { size: 4 });
  return add(w, "call", 64, [add(w, "map", 64, [], { map }), add(w, "slot", 64, [], { slot: key })], {
    imm: BigInt(HelperFunction.map_lookup_elem),
  });
}

function branch(w: Writer, condition: "eq" | "ne", value: Value, yes: Block, no: Block): void {
  const compared = add(w, "cmp", 32, [value, add(w, "const", 64, [])], { condition });
  w.block.end = { kind: "branch", condition: compared, yes, no, at: w.at };
  yes.predecessors.push(w.block);
  no.predecessors.push(w.block);
}

/** claim takes an entry that no other run on this CPU has; a run that finds none ends. */
function claim(w: Writer, map: MapSymbol, key: Slot, rest: Block, fail: Block, exchange: boolean): Value {
  const pointers: Value[] = [];
  for (let index = 0; index < claimable; index++) {
    const pointer = lookUp(w, map, key, index);
    const [got, free] = [newBlock(w, []), newBlock(w, [])];
    branch(w, "ne", pointer, got, fail);
    w.block = got;
    const taken = exchange
      ? add(w, "atomic", 64, [pointer, add(w, "const", 64, [], { imm: 1n })], { atomic: "xchg", size: 8 })
      : add(w, "load", 64, [pointer], { size: 8 });
    const next = index === claimable - 1 ? fail : newBlock(w, []);
    branch(w, "eq", taken, free, next);
    w.block = free;
    if (!exchange) add(w, "store", 64, [pointer, add(w, "const", 64, [], { imm: 1n })], { size: 8 });
    free.end = { kind: "jump", to: rest, at: w.at };
    rest.predecessors.push(free);
    pointers.push(pointer);
    w.block = next;
  }
  const found = newValue(w.fn, rest, "phi", 64, pointers, w.at);
  rest.values.unshift(found);
  return found;
}

/**
 * lendToTailCalls gives the entry back before each tail call, which does not return: programs that made one lost an entry of
 * their CPU each time, and did nothing any more after the fourth. One that fails comes back, and has it again; whoever took
 * it meanwhile on this CPU has ended.
 */
function lendToTailCalls(w: Writer, base: Value): void {
  const before = w.block.values;
  if (!before.some(isTailCall)) return;
  w.block.values = [];
  const mark = (taken: bigint): void => {
    add(w, "store", 64, [base, add(w, "const", 64, [], { imm: taken })], { size: 8 });
  };
  for (const value of before) {
    if (isTailCall(value)) mark(0n);
    w.block.values.push(value);
    if (isTailCall(value)) mark(1n);
  }
}

/** prologue gets the memory at the function's start. */
function prologue(fn: IrFunction, map: MapSymbol, use: ScratchUse): Value {
  const [entry] = fn.blocks;
  if (entry === undefined || entry.predecessors.length > 0)
    throw new Error("a function starts with its entry");
  const w: Writer = { fn, block: entry, at: fn.at };
  const rest = newBlock(w, []);
  rest.values = entry.values.filter((value) => value.op !== "param");
  rest.end = entry.end;
  for (const value of rest.values) value.block = rest;
  for (const next of new Set(successors(entry)))
    next.predecessors = next.predecessors.map((each) => (each === entry ? rest : each));
  entry.values = entry.values.filter((value) => value.op === "param");
  const fail = newBlock(w, []);
  fail.end = { kind: "return", value: undefined, at: w.at };
  const key: Slot = {
    id: fn.slots.length,
    name: "scratch key",
    bytes: 4,
    size: 8,
    from: 0,
    to: Number.POSITIVE_INFINITY,
    pinned: true,
  };
  fn.slots.push(key);
  let base: Value;
  if (use.claims) base = claim(w, map, key, rest, fail, use.exchange);
  else {
    base = lookUp(w, map, key, 0);
    branch(w, "ne", base, rest, fail);
  }
  if (use.claims) {
    for (const block of fn.blocks) {
      if (block.end?.kind !== "return" || block === fail) continue;
      w.block = block;
      add(w, "store", 64, [base, add(w, "const", 64, [])], { size: 8 });
    }
    for (const block of fn.blocks) lendToTailCalls({ fn, block, at: fn.at }, base);
  }
  w.block = fail;
  fail.end = { kind: "return", value: add(w, "const", 32, [], { imm: use.failure }), at: w.at };
  // What comes first stays first: blocks are laid out in this order, and the failure last.
  const start = fn.blocks.filter((block) => block !== fail && block !== rest);
  const added = start.splice(start.length - (use.claims ? claimable * 3 - 1 : 0));
  fn.blocks.splice(0, fn.blocks.length, entry, ...added, rest, ...start.slice(1), fail);
  return base;
}

/** rewrite makes addresses in the map of the moved slots' addresses, each where it is used: long lives cost registers. */
function rewrite(fn: IrFunction, base: Value, starts: ReadonlyMap<Slot, number>): void {
  const moved = (value: Value): number | undefined =>
    value.op !== "slot" || value.slot === undefined ? undefined : starts.get(value.slot);
  const address = (block: Block, value: Value, start: number): [Value, Value] => {
    const offset = newValue(fn, block, "const", 64, [], value.at);
    offset.imm = BigInt(start + header) + value.imm;
    return [offset, newValue(fn, block, "add", 64, [base, offset], value.at)];
  };
  for (const block of fn.blocks) {
    for (const value of block.values) {
      if (value.op !== "phi") continue;
      value.args = value.args.map((arg, i) => {
        const from = block.predecessors[i];
        const start = moved(arg);
        if (start === undefined || from === undefined) return arg;
        const made = address(from, arg, start);
        from.values.push(...made);
        return made[1];
      });
    }
  }
  for (const block of fn.blocks) {
    block.values = block.values.flatMap((value) => {
      if (moved(value) !== undefined) return [];
      if (value.op === "phi") return [value];
      const before: Value[] = [];
      value.args = value.args.map((arg) => {
        const start = moved(arg);
        if (start === undefined) return arg;
        const made = address(block, arg, start);
        before.push(...made);
        return made[1];
      });
      return [...before, value];
    });
  }
}

/**
 * moveToScratch moves values that do not fit the stack's budget to a per-CPU map of the function's own. BPF programs stay
 * on their CPU while they run; where a second run may start there before the first ends, each claims an entry.
 * It gives nothing when all fits, or when nothing that may move is left.
 */
export function moveToScratch(fn: IrFunction, budget: number, use: ScratchUse): Scratch | undefined {
  const moved = choose(fn, budget);
  const row = mapRow("PerCPUArray");
  if (moved.length === 0 || row === undefined) return undefined;
  const { size, starts } = layOut(moved);
  const bytes = Math.ceil((size + header) / 8) * 8;
  if (bytes > largestScratch) return undefined;
  const value: Type = { kind: "array", element: uint8, length: bytes };
  const map: MapSymbol = {
    kind: "map",
    name: use.name,
    declared: fn.at,
    type: { kind: "map", row, key: uint32, value, entries: use.claims ? claimable : 1 },
    pin: false,
    flags: 0,
  };
  rewrite(fn, prologue(fn, map, use), starts);
  return { map, moved };
}
