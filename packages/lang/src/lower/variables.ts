import type { Expr, Identifier } from "../syntax/ast.js";
import type { VariableSymbol } from "../types/symbols.js";
import { isScalar, under } from "../types/type.js";
import { slotPlace } from "./places.js";
import { loadScalar, storeScalar } from "./scalar-access.js";
import { type Frame, isDirect, type Low, refuse, type Scalar, type Storage, widthOf } from "./state.js";

/** byValue tells whether a literal gets a variable's value: what never changes needs no place of its own. */
export function byValue(symbol: VariableSymbol): boolean {
  return isScalar(symbol.type) && !symbol.reassigned && !symbol.addressTaken;
}

/** livesInMemory tells whether a variable needs an address. */
export function livesInMemory(symbol: VariableSymbol): boolean {
  return symbol.addressTaken || !isScalar(symbol.type) || (symbol.captured && !byValue(symbol));
}

/** declareVariable gives a variable storage: a register when it can, memory when its address is taken. Its value is not set. */
export function declareVariable(low: Low, name: Identifier): VariableSymbol | undefined {
  const symbol = low.shared.checked.symbols.get(name.id);
  if (symbol?.kind !== "variable") return undefined;
  const inMemory = livesInMemory(symbol);
  low.frame.storage.set(
    symbol,
    inMemory
      ? { kind: "memory", place: slotPlace(low, symbol.type, symbol.name), space: undefined }
      : { kind: "register", space: undefined },
  );
  return symbol;
}

/** storageOf finds where a variable lives, in this frame or those around it. */
export function storageOf(low: Low, symbol: VariableSymbol): Storage {
  for (let frame: Frame | undefined = low.frame; frame !== undefined; frame = frame.outer) {
    const found = frame.storage.get(symbol);
    if (found !== undefined) return found;
  }
  throw new Error(`the variable ${symbol.name} has no storage`);
}

/** readVariable reads a scalar variable. */
export function readVariable(low: Low, symbol: VariableSymbol): Scalar {
  const storage = storageOf(low, symbol);
  if (storage.kind === "register")
    return { value: low.b.read(symbol, widthOf(symbol.type)), space: storage.space ?? "kernel" };
  const loaded = loadScalar(low, storage.place);
  return storage.space === undefined ? loaded : { ...loaded, space: storage.space };
}

/** checkSpace reports when a pointer variable would point into two kinds of memory. */
function checkSpace(low: Low, storage: Storage, value: Scalar, expr: Expr): void {
  const isNil = value.value.op === "const" && value.value.imm === 0n;
  if (isNil) return;
  if (storage.space === undefined) storage.space = value.space;
  // An object the verifier knows is kernel memory too: reading it by calls is right, only slower.
  else if (storage.space === "kernel" && value.space === "btf") return;
  else if (storage.space !== value.space && !(isDirect(storage.space) && isDirect(value.space))) {
    refuse(
      low,
      "address-space",
      expr,
      `this pointer is to ${value.space} memory, the variable holds pointers to ${storage.space} memory`,
      "use two variables",
    );
  }
}

/** assignVariable gives a variable a value. */
export function assignVariable(low: Low, symbol: VariableSymbol, expr: Expr): void {
  const storage = storageOf(low, symbol);
  if (!isScalar(symbol.type)) {
    if (storage.kind === "memory") low.into(low, storage.place, expr);
    return;
  }
  const value = low.scalar(low, expr);
  setVariable(low, symbol, value, expr);
}

/**
 * refuseMemory refuses pointers that the verifier would lose when they are kept in memory: a reservation that a literal
 * could change, a pointer whose own address was taken, a pointer to a literal's own stack in a variable around it.
 */
function refuseMemory(low: Low, symbol: VariableSymbol, value: Scalar, expr: Expr): boolean {
  if (under(symbol.type).kind !== "pointer" || !isDirect(value.space)) return false;
  if (value.value.op === "const" && value.value.imm === 0n) return false;
  const storage = storageOf(low, symbol);
  // What a literal captured by address is reached through a pointer; its own variables have slots.
  const outer = storage.kind === "memory" && storage.place.slot === undefined && value.value.op === "slot";
  if (!symbol.addressTaken && value.space !== "ring" && !outer) return false;
  const why = symbol.addressTaken
    ? `the address of ${symbol.name} is taken, so it cannot hold a pointer to memory of the program`
    : outer
      ? `${symbol.name} lives longer than what this points to`
      : `${symbol.name} is changed and used by a function literal: a reservation cannot be held there`;
  refuse(low, "escape", expr, why, "use a variable of its own that is given its value once");
  // What follows from the mistake is not told again: nobody holds this pointer.
  value.value.owned = false;
  value.value.nilable = false;
  return true;
}

/** setVariable gives a scalar variable a value that is at hand. */
export function setVariable(low: Low, symbol: VariableSymbol, value: Scalar, expr: Expr): void {
  const storage = storageOf(low, symbol);
  if (under(symbol.type).kind === "pointer") checkSpace(low, storage, value, expr);
  if (storage.kind === "memory" && refuseMemory(low, symbol, value, expr)) return;
  if (storage.kind === "register") low.b.write(symbol, value.value);
  else storeScalar(low, storage.place, value.value, expr);
}
