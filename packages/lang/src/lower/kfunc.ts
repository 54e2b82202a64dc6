import type { Value } from "../ir/ir.js";
import type { CallExpr } from "../syntax/ast.js";
import type { KfuncArgument } from "../types/kfunc-argument.js";
import type { Call } from "../types/symbols.js";
import { isKernelStruct, sizeOf, under } from "../types/type.js";
import { clamp, wide } from "./arithmetic.js";
import { textAddress } from "./bytes.js";
import { isDirect, type Low, refuse, type Scalar, typeOf, widthOf } from "./state.js";

function value(low: Low, argument: KfuncArgument, before: KfuncArgument | undefined): Value {
  const { b } = low;
  switch (argument.kind) {
    case "hidden":
      return b.constant(0n);
    case "text":
      return textAddress(low, argument.text);
    case "map": {
      const symbol = low.shared.checked.symbols.get(argument.expr.id);
      if (symbol?.kind !== "map") throw new Error("the map is checked before");
      return b.mapAddress(symbol);
    }
    case "size": {
      const of = before !== undefined && "type" in before ? under(before.type) : undefined;
      const capacity = of?.kind === "pointer" ? BigInt(sizeOf(of.target)) : 0n;
      if (argument.expr === undefined) return b.constant(capacity);
      const given = wide(low, low.scalar(low, argument.expr).value, typeOf(low, argument.expr));
      return capacity === 0n ? given : clamp(low, given, capacity);
    }
    default: {
      const given = low.scalar(low, argument.expr);
      const isNil = given.value.op === "const";
      if (argument.kind === "object" && !isNil && (given.space === "kernel" || given.space === "user"))
        refuse(
          low,
          "address-space",
          argument.expr,
          `the verifier does not know this object: its address came from ${given.space} memory`,
          "take it from a @tp_btf argument, bpf.CurrentTask() or another function of the kernel",
        );
      if (argument.kind === "memory" && !isNil && !isDirect(given.space))
        refuse(
          low,
          "address-space",
          argument.expr,
          `this must be memory of the program, it is ${given.space} memory`,
          "copy it into a variable first",
        );
      return wide(low, given.value, typeOf(low, argument.expr));
    }
  }
}

/** kfuncArguments evaluates the arguments of a function of the kernel. */
export function kfuncArguments(low: Low, given: readonly KfuncArgument[]): Value[] {
  return given.map((each, i) => value(low, each, given[i - 1]));
}

/** kfuncCall calls a function of the kernel. */
export function kfuncCall(low: Low, call: Call & { kind: "kfunc" }, expr: CallExpr): Scalar {
  const { fn } = call;
  const args = kfuncArguments(low, call.arguments);
  low.b.at = expr;
  const result = low.b.callKernel(fn, args);
  const of = under(fn.signature.result);
  if (of.kind === "pointer") {
    result.nilable = fn.traits.never !== true;
    const { acquires } = fn.traits;
    const giveBack = acquires === undefined ? undefined : low.shared.checked.kfunc(acquires);
    if (typeof giveBack === "object") {
      result.owned = true;
      result.giveBack = giveBack;
    }
    return { value: result, space: isKernelStruct(of.target) ? "btf" : "map" };
  }
  if (of.kind === "void") return { value: low.b.constant(0n), space: "kernel" };
  return { value: widthOf(of) === 32 ? low.b.unary("trunc", result, 32) : result, space: "kernel" };
}
