import type { Value } from "../ir/ir.js";
import type { CallExpr, Expr } from "../syntax/ast.js";
import { kernelConstants } from "../types/constants.js";
import type { MapSymbol } from "../types/symbols.js";
import { identical, isScalar, type Type, under } from "../types/type.js";
import { wide } from "./arithmetic.js";
import { copy } from "./copies.js";
import { addressOf, pointee, release, temporary } from "./places.js";
import { isDirect, type Low, type Place, refuse, type Scalar, typeOf } from "./state.js";

/** inner are the addresses of maps that other maps gave. */
const inner = new WeakMap<MapSymbol, Value>();

/** standsFor says which value is a map that has no name. */
export function standsFor(map: MapSymbol, value: Value): void {
  inner.set(map, value);
}

/** mapAddress is a map as helpers take it. */
export function mapAddress(low: Low, map: MapSymbol): Value {
  return inner.get(map) ?? low.b.mapAddress(map);
}

/** Operand is the address of a key or value, and the temporary that holds it. */
export interface Operand {
  readonly address: Value;
  readonly hold: Place | undefined;
}

/**
 * operandAddress gives the address of a key or value that was given by value or by address. Maps take them from the packet,
 * too; helpers that do not (`pkt_access` of their bpf_func_proto) are given a copy: `fromPacket` is false.
 */
export function operandAddress(low: Low, expr: Expr, type: Type, fromPacket = true): Operand {
  const given = typeOf(low, expr);
  const of = under(given);
  if (of.kind === "pointer" && identical(of.target, type) && !identical(given, type)) {
    const pointer = low.scalar(low, expr);
    if (!isDirect(pointer.space)) {
      refuse(
        low,
        "address-space",
        expr,
        `a map needs memory of the program, this points to ${pointer.space} memory`,
        "copy it into a variable first: v := *p",
      );
    }
    if (pointer.space !== "packet" || fromPacket) return { address: pointer.value, hold: undefined };
    const kept = temporary(low, type);
    copy(low, kept, pointee(pointer, type), expr);
    return { address: addressOf(low, kept), hold: kept };
  }
  if (!isScalar(type) && low.shared.checked.constants.get(expr.id) === undefined) {
    const place = low.place(low, expr);
    if (isDirect(place.space) && (place.space !== "packet" || fromPacket))
      return { address: addressOf(low, place), hold: undefined };
  }
  const hold = temporary(low, type);
  low.into(low, hold, expr);
  return { address: addressOf(low, hold), hold };
}

/** done ends the temporaries of operands. */
export function done(low: Low, ...operands: readonly (Operand | undefined)[]): void {
  for (const operand of operands) if (operand?.hold !== undefined) release(low, operand.hold);
}

/** flag is a constant of the kernel. */
export function flag(name: string): bigint {
  return kernelConstants[name] ?? 0n;
}

/** Method lowers one method of maps. */
export type Method = (low: Low, map: MapSymbol, expr: CallExpr) => Scalar;

/** argument gives an argument, whose count was checked. */
export const argument = (expr: CallExpr, index: number): Expr => {
  const found = expr.arguments[index];
  if (found === undefined) throw new Error("argument counts are checked before");
  return found;
};

/** integer is an argument in 64 bits, or what stands for it when it is left out. */
export const integer = (low: Low, expr: CallExpr, index: number, otherwise: bigint): Value => {
  const value = expr.arguments[index];
  return value === undefined
    ? low.b.constant(otherwise)
    : wide(low, low.scalar(low, value).value, typeOf(low, value));
};

/** result is a number. */
export const result = (value: Value): Scalar => ({ value, space: "kernel" });
