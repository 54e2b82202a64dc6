import type { CallExpr, Expr } from "../syntax/ast.js";
import type { Call } from "../types/symbols.js";
import { isKernelStruct, under } from "../types/type.js";
import { convert } from "./arithmetic.js";
import { loadScalar } from "./scalar-access.js";
import { type Low, type Place, type Scalar, typeOf } from "./state.js";

/** register reads a register of the hook, at an offset of its context. */
export function register(
  low: Low,
  call: Call & { kind: "register" },
  expr: CallExpr,
  offset: number,
): Scalar {
  const type = under(typeOf(low, call.object));
  const pointer = low.scalar(low, call.object);
  const registers: Place = {
    type: { kind: "int", name: "uint64", bits: 64, signed: false },
    space: pointer.space,
    base: pointer.value,
    slot: undefined,
    offset,
    core: undefined,
    align: 8,
  };
  low.b.at = expr;
  const isContext = type.kind === "pointer" && under(type.target).kind === "context";
  return loadScalar(low, isContext ? { ...registers, space: "context" } : registers);
}

/** contextWord reads an argument of the hook. */
export function contextWord(low: Low, object: Expr, index: number, expr: Expr): Scalar {
  const { b } = low;
  const { value } = low.scalar(low, object);
  const type = typeOf(low, expr);
  const of = under(type);
  b.at = expr;
  // A pointer is one pointer however often it is named: what was compared with nil stays compared.
  const once = of.kind === "pointer" ? low.context : undefined;
  const word = once !== undefined ? b.loadOnce(once, index * 8) : b.load(value, index * 8, 8, false, 64);
  if (of.kind === "pointer") {
    const context = under(typeOf(low, object));
    const row = context.kind === "pointer" ? under(context.target) : context;
    // An iterator's last round has no object: ctx_arg_info of kernel/bpf/*_iter.c. The meta is always there.
    word.nilable = row.kind === "context" && row.row.name === "Iter" && index > 0;
    return { value: word, space: isKernelStruct(of.target) ? "btf" : "kernel" };
  }
  if (of.kind === "int" && of.bits < 64)
    return {
      value: convert(low, word, { kind: "int", name: "uint64", bits: 64, signed: false }, type),
      space: "kernel",
    };
  if (of.kind === "bool") return { value: b.unary("trunc", word, 32), space: "kernel" };
  return { value: word, space: "kernel" };
}
