import { HelperFunction } from "@go3s/bpf";
import type { CallExpr, Expr } from "../syntax/ast.js";
import { bare } from "../types/convert.js";
import type { Call } from "../types/symbols.js";
import { type Type, uint64, under } from "../types/type.js";
import { wide } from "./arithmetic.js";
import { entryShape } from "./callback-shape.js";
import { addressOf, pointee } from "./places.js";
import { type Low, refuse, type Scalar, typeOf } from "./state.js";

// CLOCK_MONOTONIC, include/uapi/linux/time.h
const MONOTONIC = 1n;

const plainTarget = (type: Type | undefined): Type => {
  const of = type === undefined ? undefined : under(type);
  return of?.kind === "pointer" ? of.target : uint64;
};

/** specialCall lowers the methods of timers and locks: helpers that take their address in a map's value. */
export function specialCall(low: Low, call: Call & { kind: "special" }, expr: CallExpr): Scalar {
  const { b } = low;
  const [first, second] = expr.arguments;
  const type = under(typeOf(low, call.object));
  const place =
    type.kind === "pointer"
      ? pointee(low.scalar(low, call.object), type.target)
      : low.place(low, call.object);
  if (place.space !== "map" && place.space !== "data")
    refuse(
      low,
      "address-space",
      call.object,
      `timers and locks are in values of maps, this is ${place.space} memory`,
      "m.Lookup(k) gives a value to work on in place",
    );
  const address = addressOf(low, place);
  const number = (at: Expr | undefined, otherwise: bigint) =>
    at === undefined ? b.constant(otherwise) : wide(low, low.scalar(low, at).value, typeOf(low, at));
  b.at = expr;
  switch (call.method) {
    case "Lock":
    case "Unlock":
      b.call(call.method === "Lock" ? HelperFunction.spin_lock : HelperFunction.spin_unlock, [address]);
      return { value: b.constant(0n), space: "kernel" };
    case "Init": {
      const inner = first === undefined ? undefined : bare(first.kind === "unary" ? first.operand : first);
      const map = inner === undefined ? undefined : low.shared.checked.symbols.get(inner.id);
      if (map?.kind !== "map") throw new Error("the map is checked before");
      const args = [address, b.mapAddress(map), number(second, MONOTONIC)];
      return { value: b.call(HelperFunction.timer_init, args), space: "kernel" };
    }
    case "SetCallback": {
      const function_ = first === undefined ? undefined : typeOf(low, first);
      const parameters = function_?.kind === "function" ? function_.parameters : [];
      const shape = entryShape([plainTarget(parameters[0]), plainTarget(parameters[1])], undefined);
      if (first === undefined) throw new Error("argument counts are checked before");
      const { code } = low.callback(low, first, shape);
      b.at = expr;
      const value = b.call(HelperFunction.timer_set_callback, [address, b.functionAddress(code)]);
      return { value, space: "kernel" };
    }
    case "Start": {
      const args = [address, number(first, 0n), number(second, 0n)];
      b.at = expr;
      return { value: b.call(HelperFunction.timer_start, args), space: "kernel" };
    }
    case "Cancel":
      return { value: b.call(HelperFunction.timer_cancel, [address]), space: "kernel" };
  }
}
