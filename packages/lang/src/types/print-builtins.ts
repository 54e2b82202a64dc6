import {
  argument,
  type BuiltinCall,
  type BuiltinRow,
  type Check,
  integer,
  pointer,
  takes,
  text,
} from "./builtin-check.js";
import { wantInteger } from "./convert.js";
import { fail } from "./env.js";
import { int32, int64, intType, isKernelStruct, typeName, uint32, uint64, under } from "./type.js";

/** mostValues is MAX_BPRINTF_VARARGS, include/linux/bpf.h. */
const mostValues = 12;

/** conversionsOf counts the conversions of a format, as bpf_bprintf_prepare of kernel/bpf/helpers.c reads it. */
function conversionsOf(format: string): number {
  return [...format.matchAll(/%(?!%)[-+ 0#]*\d*(?:l{0,2}[duxXi]|p[iI][46]|p[KxBsS]|[spkcuxi])/g)].length;
}

/** values checks what stands behind a format. */
function values(c: BuiltinCall, at: number): void {
  const format = text(c, at);
  const given = c.arguments.slice(at + 1);
  const wanted = conversionsOf(format ?? "");
  if (format !== undefined && wanted !== given.length)
    fail(
      c.env,
      "bad-call",
      argument(c, at),
      `the format has ${wanted} conversions, ${given.length} values are given`,
    );
  given.forEach((value, i) => {
    const type = c.env.check(c.env, value);
    const constant = c.env.unit.constants.get(value.id);
    const otherwise = typeof constant === "bigint" && constant < 0n ? intType : uint64;
    if (under(type).kind !== "pointer") wantInteger(c.env, value, otherwise, `argument ${at + i + 2}`);
  });
}

function bytes(c: BuiltinCall, index: number): void {
  const target = under(pointer(c, index));
  if (target.kind !== "array" && target.kind !== "bad")
    fail(
      c.env,
      "wrong-type",
      argument(c, index),
      `an array of bytes is needed, this is ${typeName(target)}`,
      "&buf",
    );
}

/** kernelObject checks a pointer to an object of the kernel. */
function kernelObject(c: BuiltinCall, index: number, name: string): void {
  const target = pointer(c, index);
  const of = under(target);
  if (target.kind !== "bad" && !(isKernelStruct(target) && of.kind === "struct" && of.name === name))
    fail(
      c.env,
      "wrong-type",
      argument(c, index),
      `a *vmlinux.${name} is needed, this points to ${typeName(target)}`,
    );
}

const copyFromUser: Check = (c) => {
  pointer(c, 0);
  const type = c.env.check(c.env, argument(c, 1), uint64);
  if (under(type).kind !== "pointer" && type.kind !== "bad") integer(c, 1, uint64);
  return intType;
};

const compare: Check = (c) => {
  bytes(c, 0);
  text(c, 1);
  return int32;
};

/** printBuiltinRows write, compare and find texts; and send signals. */
export const printBuiltinRows: readonly BuiltinRow[] = [
  takes("Printk", 1, 1 + mostValues, (c) => {
    values(c, 0);
    return int32;
  }),
  takes("Snprintf", 2, 2 + mostValues, (c) => {
    bytes(c, 0);
    values(c, 1);
    return int64;
  }),
  takes("SeqPrintf", 2, 2 + mostValues, (c) => {
    kernelObject(c, 0, "seq_file");
    values(c, 1);
    return int64;
  }),
  takes("Strncmp", 2, 2, compare),
  takes("CopyFromUser", 2, 2, copyFromUser),
  takes("DPath", 2, 2, (c) => {
    kernelObject(c, 0, "path");
    bytes(c, 1);
    return int64;
  }),
  takes("Signal", 1, 1, (c) => {
    integer(c, 0, uint32);
    return int64;
  }),
  takes("SignalThread", 1, 1, (c) => {
    integer(c, 0, uint32);
    return int64;
  }),
];

/** refusedHelpers are helpers that programs could call and should not. */
export const refusedHelpers: Readonly<Record<string, { readonly why: string; readonly instead: string }>> = {
  probe_write_user: {
    why: "a probe does not write the memory of the process it looks at: it would change what it observes",
    instead: "send what you found through a ring buffer, or bpf.Signal the process",
  },
};
