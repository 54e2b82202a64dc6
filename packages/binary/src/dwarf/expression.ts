import { type Bytes, i32, sub, u8, u16, u32, u64OrInfinity } from "../bytes/view.js";
import { indexedAddress } from "./die.js";
import { type Cursor, skip, sleb, uleb } from "./leb.js";
import { type Location, type LocationPiece, registerName, type Term, type TermBase } from "./location.js";
import type { DebugUnit } from "./model.js";
import { addressAt } from "./ranges.js";

/** op is DW_OP_*, DWARF 5, section 7.7.1; those from 0xe0 on are GNU's. */
const op = {
  ADDR: 0x03,
  DEREF: 0x06,
  CONST1U: 0x08,
  CONST1S: 0x09,
  CONST2U: 0x0a,
  CONST2S: 0x0b,
  CONST4U: 0x0c,
  CONST4S: 0x0d,
  CONST8U: 0x0e,
  CONST8S: 0x0f,
  CONSTU: 0x10,
  CONSTS: 0x11,
  DUP: 0x12,
  DROP: 0x13,
  OVER: 0x14,
  SWAP: 0x16,
  MINUS: 0x1c,
  PLUS: 0x22,
  PLUS_UCONST: 0x23,
  LIT0: 0x30,
  REG0: 0x50,
  BREG0: 0x70,
  REGX: 0x90,
  FBREG: 0x91,
  BREGX: 0x92,
  PIECE: 0x93,
  DEREF_SIZE: 0x94,
  NOP: 0x96,
  CALL_FRAME_CFA: 0x9c,
  IMPLICIT_VALUE: 0x9e,
  STACK_VALUE: 0x9f,
  IMPLICIT_POINTER: 0xa0,
  ADDRX: 0xa1,
  CONSTX: 0xa2,
  ENTRY_VALUE: 0xa3,
  CONVERT: 0xa8,
  GNU_IMPLICIT_POINTER: 0xf2,
  GNU_ENTRY_VALUE: 0xf3,
  GNU_CONVERT: 0xf7,
  GNU_ADDR_INDEX: 0xfb,
  GNU_CONST_INDEX: 0xfc,
} as const;

/** deepestNesting bounds frame bases and entry values inside one another. */
const deepestNesting = 4;

/** mostReads bounds a term's pointers: a probe does not follow more, and hostile input does not grow them. */
const mostReads = 16;

/** Unsupported leaves an expression that a probe cannot compute; it never leaves this file. */
class Unsupported extends Error {}

interface Machine {
  readonly unit: DebugUnit;
  readonly cursor: Cursor;
  readonly frameBase: Bytes | undefined;
  readonly depth: number;
  readonly stack: Term[];
  readonly pieces: LocationPiece[];
  /** simple is a location that is no address on the stack: a register, a value, bytes. */
  simple: Location | undefined;
}

const none: TermBase = { kind: "none" };

function pop(machine: Machine): Term {
  const term = machine.stack.pop();
  if (term === undefined) throw new Unsupported("an expression that takes more than it has");
  return term;
}

function plus(term: Term, add: number): Term {
  const last = term.path.length - 1;
  return { base: term.base, path: [...term.path.slice(0, last), (term.path[last] ?? 0) + add] };
}

function constantOf(term: Term): number | undefined {
  return term.base.kind === "none" && term.path.length === 1 ? term.path[0] : undefined;
}

function sum(a: Term, b: Term, sign: 1 | -1): Term {
  const right = constantOf(b);
  if (right !== undefined) return plus(a, sign * right);
  const left = constantOf(a);
  if (left !== undefined && sign === 1) return plus(b, left);
  throw new Unsupported("arithmetic on two unknown values");
}

function fixedConstant(machine: Machine, code: number): number {
  const { cursor } = machine;
  const { bytes, at } = cursor;
  const size = 1 << ((code - op.CONST1U) >> 1);
  skip(cursor, size);
  switch (code) {
    case op.CONST1U:
      return u8(bytes, at);
    case op.CONST1S:
      return (u8(bytes, at) << 24) >> 24;
    case op.CONST2U:
      return u16(bytes, at);
    case op.CONST2S:
      return (u16(bytes, at) << 16) >> 16;
    case op.CONST4U:
      return u32(bytes, at);
    case op.CONST4S:
      return i32(bytes, at);
    case op.CONST8U:
      return u64OrInfinity(bytes, at);
    default:
      return Number(bytes.view.getBigInt64(at, true));
  }
}

function frameTerm(machine: Machine, offset: number): Term {
  const { frameBase, unit, depth } = machine;
  if (frameBase === undefined)
    throw new Unsupported("a frame-relative place in a function without a frame base");
  const base = evaluate(unit, frameBase, undefined, depth + 1);
  if (base.kind === "register")
    return { base: { kind: "register", register: base.register }, path: [offset] };
  if (base.kind === "memory") return plus(base.address, offset);
  if (base.kind === "value") return plus(base.value, offset);
  throw new Unsupported("a frame base that is no address");
}

function entryValue(machine: Machine): Term {
  const { cursor, unit, depth } = machine;
  const length = uleb(cursor);
  const inner = sub(cursor.bytes, cursor.at, length);
  skip(cursor, length);
  const value = evaluate(unit, inner, undefined, depth + 1);
  if (value.kind === "register") {
    return { base: { kind: "register", register: value.register, entry: true }, path: [0] };
  }
  throw new Unsupported("the value of an expression at the function's entry");
}

function take(machine: Machine): Location {
  if (machine.simple !== undefined) return machine.simple;
  const address = machine.stack.pop();
  return address === undefined ? { kind: "gone" } : { kind: "memory", address };
}

function runImplicit(machine: Machine, code: number): boolean {
  const { cursor } = machine;
  switch (code) {
    case op.STACK_VALUE:
      machine.simple = { kind: "value", value: pop(machine) };
      return true;
    case op.IMPLICIT_VALUE: {
      const length = uleb(cursor);
      machine.simple = { kind: "bytes", bytes: sub(cursor.bytes, cursor.at, length).data };
      skip(cursor, length);
      return true;
    }
    case op.IMPLICIT_POINTER:
    case op.GNU_IMPLICIT_POINTER:
      // It points to a variable that lies nowhere: there is nothing to read.
      skip(cursor, machine.unit.header.offsetSize);
      sleb(cursor);
      machine.simple = { kind: "gone" };
      return true;
    case op.PIECE: {
      const size = uleb(cursor);
      const before = machine.pieces[machine.pieces.length - 1];
      const offset = before === undefined ? 0 : before.offset + before.size;
      machine.pieces.push({ offset, size, location: take(machine) });
      machine.simple = undefined;
      return true;
    }
    default:
      return false;
  }
}

function runStack(machine: Machine, code: number): boolean {
  const { stack } = machine;
  switch (code) {
    case op.DUP:
      stack.push(...stack.slice(-1));
      return true;
    case op.DROP:
      pop(machine);
      return true;
    case op.OVER:
      if (stack.length < 2) throw new Unsupported("an expression that takes more than it has");
      stack.push(...stack.slice(-2, -1));
      return true;
    case op.SWAP: {
      const top = pop(machine);
      const below = pop(machine);
      stack.push(top, below);
      return true;
    }
    case op.PLUS: {
      const right = pop(machine);
      stack.push(sum(pop(machine), right, 1));
      return true;
    }
    case op.MINUS: {
      const right = pop(machine);
      stack.push(sum(pop(machine), right, -1));
      return true;
    }
    case op.DEREF: {
      const term = pop(machine);
      if (term.path.length >= mostReads) throw new Unsupported("a long chain of pointers");
      stack.push({ base: term.base, path: [...term.path, 0] });
      return true;
    }
    case op.NOP:
      return true;
    default:
      return false;
  }
}

function runPush(machine: Machine, code: number): void {
  const { cursor, unit, stack } = machine;
  const constant = (value: number) => stack.push({ base: none, path: [value] });
  if (code >= op.LIT0 && code < op.REG0) return void constant(code - op.LIT0);
  if (code >= op.BREG0 && code < op.REGX) {
    stack.push({ base: { kind: "register", register: code - op.BREG0 }, path: [sleb(cursor)] });
    return;
  }
  if (code >= op.CONST1U && code <= op.CONST8S) return void constant(fixedConstant(machine, code));
  switch (code) {
    case op.ADDR:
      stack.push({ base: { kind: "image" }, path: [addressAt(cursor, unit.header.addressSize)] });
      return;
    case op.ADDRX:
    case op.GNU_ADDR_INDEX:
      stack.push({ base: { kind: "image" }, path: [indexedAddress(unit, uleb(cursor))] });
      return;
    case op.CONSTX:
    case op.GNU_CONST_INDEX:
      return void constant(indexedAddress(unit, uleb(cursor)));
    case op.CONSTU:
      return void constant(uleb(cursor));
    case op.CONSTS:
      return void constant(sleb(cursor));
    case op.PLUS_UCONST:
      stack.push(plus(pop(machine), uleb(cursor)));
      return;
    case op.BREGX:
      stack.push({ base: { kind: "register", register: uleb(cursor) }, path: [sleb(cursor)] });
      return;
    case op.FBREG:
      stack.push(frameTerm(machine, sleb(cursor)));
      return;
    case op.CALL_FRAME_CFA:
      stack.push({ base: { kind: "frame" }, path: [0] });
      return;
    case op.ENTRY_VALUE:
    case op.GNU_ENTRY_VALUE:
      stack.push(entryValue(machine));
      return;
    case op.CONVERT:
    case op.GNU_CONVERT:
      // A change of the value's type; reading it as the variable's own type comes to the same for integers.
      uleb(cursor);
      return;
    default:
      throw new Unsupported(`DW_OP 0x${code.toString(16)}`);
  }
}

function evaluate(unit: DebugUnit, expression: Bytes, frameBase: Bytes | undefined, depth: number): Location {
  if (expression.data.length === 0) return { kind: "gone" };
  if (depth > deepestNesting) throw new Unsupported("expressions inside expressions");
  const cursor: Cursor = { bytes: expression, at: 0 };
  const machine: Machine = { unit, cursor, frameBase, depth, stack: [], pieces: [], simple: undefined };
  while (cursor.at < expression.data.length) {
    const code = u8(expression, cursor.at);
    cursor.at++;
    if ((code >= op.REG0 && code < op.BREG0) || code === op.REGX) {
      const register = code === op.REGX ? uleb(cursor) : code - op.REG0;
      const name = registerName(unit.file.elf.machine, register);
      machine.simple = { kind: "register", register, name };
    } else if (!runImplicit(machine, code) && !runStack(machine, code)) runPush(machine, code);
  }
  return machine.pieces.length > 0 ? { kind: "pieces", pieces: machine.pieces } : take(machine);
}

/**
 * evaluateLocation turns a DWARF expression into a Location. frameBase is the expression of the function's
 * DW_AT_frame_base. What a probe could not compute is the location "unsupported"; broken bytes throw BinaryError.
 */
export function evaluateLocation(unit: DebugUnit, expression: Bytes, frameBase: Bytes | undefined): Location {
  try {
    return evaluate(unit, expression, frameBase, 0);
  } catch (error) {
    if (error instanceof Unsupported) return { kind: "unsupported", reason: error.message };
    throw error;
  }
}
