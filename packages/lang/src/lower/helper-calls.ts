import type { Value } from "../ir/ir.js";
import type { CallExpr } from "../syntax/ast.js";
import { bare } from "../types/convert.js";
import { sizedHelpers } from "../types/helpers.js";
import type { Call } from "../types/symbols.js";
import { isScalar, sizeOf, type Type, under } from "../types/type.js";
import { clamp, wide } from "./arithmetic.js";
import { addressOf } from "./places.js";
import { isDirect, type Low, refuse, type Scalar, type Space, typeOf } from "./state.js";

/** helperCall calls a helper of the kernel: what it is given by name stands for its address, and sizes stay within what they are of. */
export function helperCall(low: Low, call: Call & { kind: "helper" }, expr: CallExpr): Scalar {
  const { b } = low;
  const sized = sizedHelpers[call.name];
  let given = expr.arguments.map((each) => ({ expr: each, type: typeOf(low, each) }));
  const values: { value: Value; type: Type; space: Space }[] = [];
  for (const each of given) {
    const symbol =
      bare(each.expr).kind === "name" ? low.shared.checked.symbols.get(bare(each.expr).id) : undefined;
    if (symbol?.kind === "map")
      values.push({ value: b.mapAddress(symbol), type: each.type, space: "kernel" });
    else if (!isScalar(each.type)) {
      const place = low.place(low, each.expr);
      values.push({
        value: addressOf(low, place),
        type: { kind: "pointer", target: each.type },
        space: place.space,
      });
    } else {
      const one = low.scalar(low, each.expr);
      values.push({ value: wide(low, one.value, each.type), type: each.type, space: one.space });
    }
  }
  if (sized !== undefined) {
    const memory = values[sized.memory];
    const target = memory === undefined ? undefined : under(memory.type);
    const capacity = target?.kind === "pointer" ? BigInt(sizeOf(target.target)) : undefined;
    if (sized.insertSize && values.length === 2 && capacity !== undefined) {
      values.splice(1, 0, {
        value: b.constant(capacity),
        type: { kind: "int", name: "int", bits: 64, signed: true },
        space: "kernel",
      });
      given = [];
    }
    const size = values[sized.size];
    if (memory !== undefined && !isDirect(memory.space)) {
      refuse(
        low,
        "address-space",
        expr,
        `argument ${sized.memory + 1} must be memory of the program, this is ${memory.space} memory`,
        "take the address of a variable",
      );
    }
    if (size !== undefined && capacity !== undefined) size.value = clamp(low, size.value, capacity);
  }
  b.at = expr;
  const result = b.call(
    call.id,
    values.map((each) => each.value),
  );
  const space: Space = trackedResults.has(call.name) ? "btf" : "kernel";
  if (nilableResults.has(call.name)) result.nilable = true;
  const type = typeOf(low, expr);
  return { value: isScalar(type) ? result : b.constant(0n), space };
}

/**
 * trackedResults are helpers whose result the verifier knows the type of (RET_PTR_TO_BTF_ID in kernel/trace/bpf_trace.c and
 * net/core/filter.c): its fields are loaded, where any other kernel pointer needs a call for each.
 */
const trackedResults: ReadonlySet<string> = new Set([
  "get_current_task_btf",
  "task_pt_regs",
  "skc_to_tcp_sock",
  "sock_from_file",
]);

const nilableResults: ReadonlySet<string> = new Set(["map_lookup_elem", "skc_to_tcp_sock", "sock_from_file"]);
