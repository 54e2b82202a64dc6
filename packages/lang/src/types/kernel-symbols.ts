import { argument, type BuiltinRow, type Check, integer, takes, text } from "./builtin-check.js";
import { fail } from "./env.js";
import { badType, isKernelStruct, type Type, typeName, uint32, uint64, under } from "./type.js";

/** perCpu checks a name of a per-CPU variable and gives a pointer to its type. */
const perCpu =
  (withCpu: boolean): Check =>
  (c) => {
    const name = text(c, 0);
    if (withCpu) integer(c, 1, uint32);
    const found = name === undefined ? undefined : c.env.unit.kernel.variable(name);
    if (found !== undefined) return { kind: "pointer", target: found.type };
    if (name !== undefined)
      fail(
        c.env,
        "no-kernel-type",
        argument(c, 0),
        `the kernel has no per-CPU variable ${name}`,
        "e.g. runqueues",
      );
    return badType;
  };

const cast: Check = (c) => {
  const target = c.types[0] ?? badType;
  const given: Type = under(c.env.check(c.env, argument(c, 0), uint64));
  if (given.kind !== "pointer") integer(c, 0, uint64);
  if (target.kind !== "bad" && !isKernelStruct(target))
    fail(
      c.env,
      "wrong-type",
      c.call,
      `a struct of the kernel is needed, this is ${typeName(target)}`,
      "vmlinux.…",
    );
  if (c.env.unit.kernel.kfunc("bpf_rdonly_cast") === undefined)
    fail(
      c.env,
      "no-kernel-type",
      c.call,
      "this kernel has no bpf_rdonly_cast",
      "bpf.Kernel[T](address) reads by calls; kernel 6.2 has it",
    );
  return { kind: "pointer", target };
};

/** kernelSymbolRows reach variables of the kernel by their names, and objects by their addresses. */
export const kernelSymbolRows: readonly BuiltinRow[] = [
  takes("PerCPU", 2, 2, perCpu(true)),
  takes("ThisCPU", 1, 1, perCpu(false)),
  takes("Ksym", 1, 1, (c) => {
    text(c, 0);
    return uint64;
  }),
  takes("Cast", 1, 1, cast, 1),
];
