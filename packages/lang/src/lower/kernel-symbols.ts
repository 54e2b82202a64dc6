import { CoreKind, HelperFunction } from "@go3s/bpf";
import type { Value } from "../ir/ir.js";
import { isKernelStruct, under } from "../types/type.js";
import { argument, type Context, type Lowering, plain, scalarAt, wideAt } from "./builtin.js";

function nameAt(c: Context, index: number): string {
  const value = c.low.shared.checked.constants.get(argument(c, index).id);
  return typeof value === "string" ? value : "";
}

const perCpu =
  (helper: number, withCpu: boolean): Lowering =>
  (c) => {
    const { b, shared } = c.low;
    const variable = shared.checked.variable(nameAt(c, 0));
    if (variable === undefined) throw new Error("the variable is checked before");
    const { name, shape, type } = variable;
    const address = b.externAddress({ name, kind: "variable", shape, weak: false });
    const args: Value[] = withCpu ? [address, wideAt(c, 1)] : [address];
    b.at = c.expr;
    const value = b.call(helper, args);
    value.nilable = withCpu;
    return { value, space: isKernelStruct(type) ? "btf" : "map" };
  };

/** symbolLowerings reach variables of the kernel, and look at any address as an object of the kernel. */
export const symbolLowerings: Readonly<Record<string, Lowering>> = {
  PerCPU: perCpu(HelperFunction.per_cpu_ptr, true),
  ThisCPU: perCpu(HelperFunction.this_cpu_ptr, false),
  Ksym: (c) =>
    plain(c.low.b.externAddress({ name: nameAt(c, 0), kind: "variable", shape: undefined, weak: false })),
  FuncExists: (c) => {
    const { b, shared } = c.low;
    const name = nameAt(c, 0);
    const shape = shared.checked.kfunc(name)?.shape;
    return plain(
      b.compare("ne", b.externAddress({ name, kind: "function", shape, weak: true }), b.constant(0n)),
    );
  },
  Cast: (c) => {
    const { b, shared } = c.low;
    const given = scalarAt(c, 0);
    const target = c.types[0];
    const type = target === undefined ? undefined : under(target);
    const rdonly = shared.checked.kfunc("bpf_rdonly_cast");
    if (rdonly === undefined || type?.kind !== "struct") throw new Error("the cast is checked before");
    const id = b.query({ kind: CoreKind.TYPE_ID_TARGET, value: 0n, of: { kind: "type", type } });
    b.at = c.expr;
    return { value: b.callKernel(rdonly, [given.value, id]), space: "btf" };
  },
};
