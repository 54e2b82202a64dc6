import type { Expr } from "../syntax/ast.js";
import {
  addressOrPointer,
  argument,
  type BuiltinCall,
  type BuiltinRow,
  type Check,
  gives,
  integer,
  pointer,
  takes,
  text,
} from "./builtin-check.js";
import { assignable, bare, wantInteger } from "./convert.js";
import { dynptrRows } from "./dynptr-builtins.js";
import { fail } from "./env.js";
import { existenceRows } from "./existence.js";
import { kernelSymbolRows } from "./kernel-symbols.js";
import { mapBuiltinRows } from "./map-builtins.js";
import { printBuiltinRows } from "./print-builtins.js";
import { textBuiltins } from "./text-builtins.js";
import {
  badType,
  boolType,
  identical,
  intType,
  isKernelStruct,
  type Type,
  typeName,
  uint8,
  uint16,
  uint32,
  uint64,
  under,
  voidType,
} from "./type.js";

function swap(type: Type): Check {
  return (c) => {
    assignable(c.env, argument(c, 0), c.env.check(c.env, argument(c, 0), type), type, "the argument");
    return type;
  };
}

const kernelType = (c: BuiltinCall, name: string): Type => {
  const found = c.env.unit.kernel.named(name);
  if (found !== undefined) return { kind: "pointer", target: found };
  fail(
    c.env,
    "no-kernel-type",
    c.call,
    `vmlinux.${name} is not known: no kernel BTF was given`,
    "pass options.kernelBtf",
  );
  return badType;
};

const loadFrom =
  (result: Type): Check =>
  (c) => {
    const target = under(pointer(c, 0));
    if (target.kind !== "array" && target.kind !== "bad") {
      fail(
        c.env,
        "wrong-type",
        argument(c, 0),
        `a pointer to an array of bytes is needed, this points to ${typeName(target)}`,
      );
    }
    integer(c, 1, intType);
    return result;
  };

const readInto: Check = (c) => {
  pointer(c, 0);
  addressOrPointer(c, 1);
  return intType;
};

const readSized: Check = (c) => {
  pointer(c, 0);
  integer(c, 1, uint64);
  addressOrPointer(c, 2);
  return intType;
};

const loop: Check = (c) => {
  integer(c, 0, uint32);
  const body = argument(c, 1);
  const type = c.env.check(c.env, body);
  if (type.kind !== "function") {
    if (type.kind !== "bad")
      fail(
        c.env,
        "wrong-type",
        body,
        "the second argument must be a function func(i uint32) bool or int",
        "return true (or 1) to stop",
      );
    return intType;
  }
  const [first, second] = type.parameters;
  const result = under(type.result).kind;
  const more = c.arguments.length > 2 ? 2 : 1;
  if (
    first === undefined ||
    under(first).kind !== "int" ||
    type.parameters.length !== more ||
    (result !== "int" && result !== "bool")
  ) {
    fail(
      c.env,
      "wrong-type",
      body,
      `a loop body is func(i uint32${more === 2 ? ", state *T" : ""}) bool, this is ${typeName(type)}`,
      "return true to stop",
    );
  }
  if (c.arguments.length > 2) {
    const state = c.env.check(c.env, argument(c, 2));
    if (second !== undefined) assignable(c.env, argument(c, 2), state, second, "the state");
  }
  return intType;
};

const packet: Check = (c) => {
  const type = under(c.env.check(c.env, argument(c, 0)));
  const target = type.kind === "pointer" ? under(type.target) : type;
  if (target.kind !== "context" || target.row.packet === undefined) {
    if (target.kind !== "bad")
      fail(
        c.env,
        "wrong-context",
        argument(c, 0),
        `${typeName(type)} has no packet`,
        "use it in @xdp, @tc or @cgroup_skb programs",
      );
  }
  integer(c, 1, intType);
  return { kind: "pointer", target: c.types[0] ?? badType };
};

const pointerTo: Check = (c) => {
  const expr = argument(c, 0);
  const type = under(c.env.check(c.env, expr, uint64));
  if (type.kind !== "pointer") wantInteger(c.env, expr, uint64, "the address");
  return { kind: "pointer", target: c.types[0] ?? badType };
};

const hasPrefix: Check = (c) => {
  const target = under(pointer(c, 0));
  const prefix = text(c, 1);
  if (target.kind !== "array" && target.kind !== "bad") {
    fail(
      c.env,
      "wrong-type",
      argument(c, 0),
      `a pointer to an array of bytes is needed, this points to ${typeName(target)}`,
    );
  }
  if (target.kind === "array" && prefix !== undefined && prefix.length > target.length) {
    fail(c.env, "out-of-range", argument(c, 1), `the text is longer than ${typeName(target)}`);
  }
  if (c.arguments.length > 2) {
    integer(c, 2, intType);
    const at = c.env.unit.constants.get(argument(c, 2).id);
    const beyond = typeof at === "bigint" && at + BigInt(prefix?.length ?? 0);
    if (
      target.kind === "array" &&
      typeof beyond === "bigint" &&
      (beyond > BigInt(target.length) || beyond < 0n)
    ) {
      const hint = "the text must end within the array";
      fail(
        c.env,
        "out-of-range",
        argument(c, 2),
        `the text would end at ${beyond} of ${typeName(target)}`,
        hint,
      );
    }
  }
  return boolType;
};

const extreme: Check = (c) => {
  const first = c.env.check(c.env, argument(c, 0));
  const second = c.env.check(c.env, argument(c, 1), first);
  const type = first.kind === "untyped" ? second : first;
  if (under(type).kind !== "int") {
    if (type.kind !== "bad")
      fail(c.env, "wrong-type", c.call, "min and max take two integers, at least one with a type");
    return badType;
  }
  assignable(c.env, argument(c, 0), first, type, "the first argument");
  assignable(c.env, argument(c, 1), second, type, "the second argument");
  return type;
};

const length: Check = (c) => {
  const expr = argument(c, 0);
  const type = under(c.env.check(c.env, expr));
  const constant = c.env.unit.constants.get(expr.id);
  const of = type.kind === "pointer" ? under(type.target) : type;
  if (typeof constant === "string") c.env.unit.constants.set(c.call.id, BigInt(constant.length));
  else if (of.kind === "array") c.env.unit.constants.set(c.call.id, BigInt(of.length));
  else if (of.kind !== "bad")
    fail(c.env, "wrong-type", expr, `len takes an array or a constant string, this is ${typeName(type)}`);
  return intType;
};

const taskRegisters: Check = (c) => {
  const target = pointer(c, 0);
  if (target.kind !== "bad" && !isKernelStruct(target))
    fail(c.env, "wrong-type", argument(c, 0), "a task is needed", "bpf.CurrentTask() gives the running one");
  return kernelType(c, "pt_regs");
};

const assignInto: Check = (c) => {
  // Copy(&dst, &src) for equal types, e.g. out of kernel structs; kept as a builtin because Go's copy needs slices.
  const to = pointer(c, 0);
  const from = pointer(c, 1);
  if (!identical(to, from))
    fail(
      c.env,
      "wrong-type",
      c.call,
      `both must point to one type, these are ${typeName(to)} and ${typeName(from)}`,
    );
  return voidType;
};

const reserveAs: Check = (c) => {
  const target = pointer(c, 0);
  if (target.kind !== "bad" && (target.kind !== "map" || target.row.family !== "ring"))
    fail(
      c.env,
      "wrong-type",
      argument(c, 0),
      `a ring buffer's address is needed, this is ${typeName(target)}`,
    );
  return { kind: "pointer", target: c.types[0] ?? badType };
};

/** shared checks a pointer to an integer that other processors change as well, and what is to go there. */
const shared = (c: BuiltinCall, name: string): Type => {
  const target = pointer(c, 0);
  const of = under(target);
  if (of.kind === "int" && of.bits >= 32) integer(c, 1, target);
  else if (of.kind !== "bad")
    fail(
      c.env,
      "wrong-type",
      argument(c, 0),
      `${name} takes a pointer to an integer of 32 or 64 bits, not to ${typeName(target)}`,
      "give the address of a uint64 or uint32",
    );
  return target;
};

const atomicAdd: Check = (c) => {
  shared(c, "AtomicAdd");
  return voidType;
};

/** builtinRows are all builtin functions; lowering has a row of the same name for each. */
export const builtinRows: readonly BuiltinRow[] = [
  gives("PID", uint32),
  gives("TID", uint32),
  gives("UID", uint32),
  gives("GID", uint32),
  gives("CPU", uint32),
  gives("KtimeNS", uint64),
  gives("BootNS", uint64),
  gives("CgroupID", uint64),
  gives("Random", uint32),
  gives("PidTgid", uint64),
  ...textBuiltins,
  gives("Comm", { kind: "array", element: uint8, length: 16 }),
  takes("CurrentTask", 0, 0, (c) => kernelType(c, "task_struct")),
  takes("TaskPtRegs", 1, 1, taskRegisters),
  takes("User", 1, 1, pointerTo, 1),
  takes("Kernel", 1, 1, pointerTo, 1),
  takes("Packet", 2, 2, packet, 1),
  takes("Addr", 1, 1, (c) => {
    pointer(c, 0);
    return uint64;
  }),
  takes("Load8", 2, 2, loadFrom(uint8)),
  takes("Load16", 2, 2, loadFrom(uint16)),
  takes("Load32", 2, 2, loadFrom(uint32)),
  takes("Load64", 2, 2, loadFrom(uint64)),
  takes("ReadUser", 2, 2, readInto),
  takes("ReadKernel", 2, 2, readInto),
  takes("ReadUserN", 3, 3, readSized),
  takes("ReadKernelN", 3, 3, readSized),
  takes("ReadUserString", 2, 2, readInto),
  takes("ReadKernelString", 2, 2, readInto),
  takes("HasPrefix", 2, 3, hasPrefix),
  takes("Loop", 2, 3, loop),
  takes("Ntohs", 1, 1, swap(uint16)),
  takes("Htons", 1, 1, swap(uint16)),
  takes("Ntohl", 1, 1, swap(uint32)),
  takes("Htonl", 1, 1, swap(uint32)),
  takes("Ntohll", 1, 1, swap(uint64)),
  takes("Htonll", 1, 1, swap(uint64)),
  takes("Reserve", 1, 1, reserveAs, 1),
  takes("ReserveText", 1, 1, reserveAs, 1),
  takes("Zero", 1, 1, (c) => {
    pointer(c, 0);
    return voidType;
  }),
  takes("Copy", 2, 2, assignInto),
  takes("AtomicAdd", 2, 2, atomicAdd),
  takes("AtomicExchange", 2, 2, (c) => shared(c, "AtomicExchange")),
  {
    ...takes(
      "SizeOf",
      0,
      0,
      (c) => {
        const type = c.types[0];
        if (type === undefined || type.kind === "bad") return badType;
        return intType;
      },
      1,
    ),
  },
  takes("DataLoc", 3, 3, (c) => {
    pointer(c, 0);
    c.env.check(c.env, argument(c, 1));
    integer(c, 2, uint32);
    return intType;
  }),
  ...existenceRows,
  ...kernelSymbolRows,
  ...mapBuiltinRows,
  ...printBuiltinRows,
  ...dynptrRows,
  { ...takes("len", 1, 1, length), package: "universe" },
  { ...takes("min", 2, 2, extreme), package: "universe" },
  { ...takes("max", 2, 2, extreme), package: "universe" },
];

const byName = new Map(builtinRows.map((row) => [`${row.package}.${row.name}`, row]));

/** builtinRow finds a builtin. */
export function builtinRow(from: BuiltinRow["package"], name: string): BuiltinRow | undefined {
  return byName.get(`${from}.${name}`);
}

const needsHeap = "needs a heap, which BPF does not have";
const needsSlices = "is for slices, which BPF does not have";
const needsRuntime = "needs Go's run-time, which BPF does not have";

/** heapBuiltins are Go's builtins that need a heap or a run-time, with what to do instead. */
export const heapBuiltins: Readonly<Record<string, { readonly why: string; readonly instead: string }>> = {
  make: { why: needsHeap, instead: "declare an array, or a map as a package variable" },
  new: { why: needsHeap, instead: "declare a variable and take its address" },
  append: { why: needsHeap, instead: "use an array and an index, or a queue map" },
  copy: { why: needsSlices, instead: "assign arrays with =, or use bpf.Copy(&to, &from)" },
  cap: { why: needsSlices, instead: "len gives an array's length" },
  clear: { why: needsSlices, instead: "bpf.Zero(&x) clears a variable" },
  delete: { why: "is for Go's maps", instead: "BPF maps have a method: m.Delete(key)" },
  close: { why: "is for channels, which BPF does not have", instead: "remove it" },
  panic: { why: needsRuntime, instead: "return from the program" },
  recover: { why: needsRuntime, instead: "a BPF program cannot panic: remove it" },
  print: { why: needsRuntime, instead: 'use bpf.Printk("%d", x), or a ring buffer' },
  println: { why: needsRuntime, instead: 'use bpf.Printk("%d", x), or a ring buffer' },
  complex: { why: needsRuntime, instead: "use two integers" },
};

/** isAddressable tells whether & may be applied. */
export function isAddressable(expr: Expr): boolean {
  const inner = bare(expr);
  if (inner.kind === "name" || inner.kind === "star" || inner.kind === "composite") return true;
  return inner.kind === "selector" || inner.kind === "index";
}
