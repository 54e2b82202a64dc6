import { HelperFunction } from "@go3s/bpf";
import type { CallExpr } from "../syntax/ast.js";
import { sizeOf } from "../types/type.js";
import { source } from "./builtin.js";
import { copy, zero } from "./copies.js";
import { addressOf, release, temporary } from "./places.js";
import { isDirect, type Low, type Place } from "./state.js";

const readers: Readonly<Record<string, { readonly helper: number; readonly space: "kernel" | "user" }>> = {
  UserString: { helper: HelperFunction.probe_read_user_str, space: "user" },
  KernelString: { helper: HelperFunction.probe_read_kernel_str, space: "kernel" },
};

/** lowerText reads text into a place; the helper writes up to the NUL, so the rest is cleared before. */
export function lowerText(low: Low, to: Place, name: string, expr: CallExpr): boolean {
  const reader = readers[name];
  if (reader === undefined) return false;
  const hold = isDirect(to.space) ? to : temporary(low, to.type);
  const address = source({ low, expr, types: [] }, 0, reader.space);
  zero(low, hold);
  low.b.at = expr;
  low.b.call(reader.helper, [addressOf(low, hold), low.b.constant(BigInt(sizeOf(to.type))), address]);
  if (hold === to) return true;
  copy(low, to, hold, expr);
  release(low, hold);
  return true;
}
