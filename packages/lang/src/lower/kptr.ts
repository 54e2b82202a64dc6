import { HelperFunction } from "@go3s/bpf";
import type { CallExpr } from "../syntax/ast.js";
import type { Call } from "../types/symbols.js";
import { under } from "../types/type.js";
import { addressOf } from "./places.js";
import { type Low, refuse, type Scalar, typeOf } from "./state.js";

/** takers by the kernel's structs: what gives an object back that came out of a map (register_btf_id_dtor_kfuncs). */
const takers: Readonly<Record<string, string>> = {
  task_struct: "bpf_task_release",
  cgroup: "bpf_cgroup_release",
  bpf_cpumask: "bpf_cpumask_release",
  bpf_crypto_ctx: "bpf_crypto_ctx_release",
};

/** exchange lowers `v.Task.Xchg(p)`: the map owns p from here on, the program what was there (kernel 5.19). */
export function exchange(low: Low, call: Call & { kind: "exchange" }, expr: CallExpr): Scalar {
  const { b } = low;
  const place = low.place(low, call.object);
  if (place.space !== "map")
    refuse(
      low,
      "address-space",
      call.object,
      `objects are kept in values of maps, this is ${place.space} memory`,
      "m.Lookup(k) gives a value to work on in place",
    );
  const [given] = expr.arguments;
  const value = given === undefined ? b.constant(0n) : low.scalar(low, given).value;
  const address = addressOf(low, place);
  b.at = expr;
  const old = b.call(HelperFunction.kptr_xchg, [address, value]);
  old.nilable = true;
  const of = under(typeOf(low, expr));
  const target = of.kind === "pointer" ? under(of.target) : of;
  const taker = target.kind === "struct" ? takers[target.name] : undefined;
  const giveBack = taker === undefined ? undefined : low.shared.checked.kfunc(taker);
  if (giveBack !== undefined) {
    old.owned = true;
    old.giveBack = giveBack;
  }
  return { value: old, space: "btf" };
}
