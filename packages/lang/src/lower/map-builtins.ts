import { HelperFunction } from "@go3s/bpf";
import { bare } from "../types/convert.js";
import type { MapSymbol } from "../types/symbols.js";
import { argument, type Context, type Lowering, plain, scalarAt, wideAt } from "./builtin.js";
import { refuse } from "./state.js";

function mapAt(c: Context, index: number): MapSymbol {
  const expr = bare(argument(c, index));
  const inner = expr.kind === "unary" ? bare(expr.operand) : expr;
  const symbol = c.low.shared.checked.symbols.get(inner.id);
  if (symbol?.kind !== "map") throw new Error("the map is checked before");
  return symbol;
}

const stack =
  (flags: bigint): Lowering =>
  (c) => {
    const { b, context } = c.low;
    const more = c.expr.arguments.length > 1 ? wideAt(c, 1) : b.constant(0n);
    b.at = c.expr;
    if (context === undefined) {
      refuse(
        c.low,
        "unsupported",
        c.expr,
        "a stack is taken with the program's context, which a function that is called does not have",
        "take it in the program and pass the number on",
      );
      return plain(b.constant(0n));
    }
    const all = b.binary("or", more, b.constant(flags));
    return plain(b.call(HelperFunction.get_stackid, [context, b.mapAddress(mapAt(c, 0)), all]));
  };

// BPF_F_USER_STACK, include/uapi/linux/bpf.h
const USER_STACK = 256n;

/** mapBuiltinLowerings take a map. */
export const mapBuiltinLowerings: Readonly<Record<string, Lowering>> = {
  KernelStack: stack(0n),
  UserStack: stack(USER_STACK),
  TailCall: (c) => {
    const { b } = c.low;
    const context = scalarAt(c, 0).value;
    const index = wideAt(c, 2);
    b.at = c.expr;
    b.call(HelperFunction.tail_call, [context, b.mapAddress(mapAt(c, 1)), index]);
    return plain(b.constant(0n));
  },
};
