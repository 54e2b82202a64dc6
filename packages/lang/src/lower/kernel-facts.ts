import { CoreKind } from "@go3s/bpf";
import type { CorePath, CoreQuery, Value } from "../ir/ir.js";
import { kernelPath } from "../types/existence.js";
import type { Enumerator } from "../types/kernel.js";
import { type Type, under } from "../types/type.js";
import { type Low, widthOf } from "./state.js";

/** enumeratorValue is a kernel's constant as the running kernel has it. */
export function enumeratorValue(low: Low, enumerator: Enumerator, type: Type): Value {
  const { b } = low;
  const { value } = enumerator;
  const found = b.query({ kind: CoreKind.ENUMVAL_VALUE, value, of: { kind: "enumerator", enumerator } });
  return widthOf(type) === 32 ? b.unary("trunc", found, 32) : found;
}

/** existence asks whether the running kernel has a field, a type or an enumerator. */
export function existence(low: Low, of: CoreQuery["of"]): Value {
  const kinds = {
    field: CoreKind.FIELD_EXISTS,
    type: CoreKind.TYPE_EXISTS,
    enumerator: CoreKind.ENUMVAL_EXISTS,
  };
  return low.b.compare("ne", low.b.query({ kind: kinds[of.kind], value: 1n, of }), low.b.constant(0n));
}

/** pathTo is the way from a struct of the kernel to a field that is named with dots. */
export function pathTo(type: Type | undefined, names: string): CorePath | undefined {
  const root = type === undefined ? undefined : under(type);
  if (root?.kind !== "struct" || root.kernel === undefined) return undefined;
  const steps = kernelPath(root, names);
  if (steps === undefined) return undefined;
  return { root, steps, offset: steps.reduce((sum, step) => sum + step.offset, 0) };
}
