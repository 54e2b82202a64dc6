import { newReporter } from "../source/diagnostics.js";
import type { Expr } from "../syntax/ast.js";
import { argument, type BuiltinCall, type BuiltinRow, type Check, takes, text } from "./builtin-check.js";
import { bare } from "./convert.js";
import { type Env, fail, lookUp } from "./env.js";
import type { Enumerator } from "./kernel.js";
import {
  badType,
  boolType,
  type Field,
  findField,
  intType,
  type StructType,
  type Type,
  typeName,
  uint64,
  under,
  voidType,
} from "./type.js";

const asked: ReadonlySet<string> = new Set(["FieldExists", "TypeExists", "EnumExists", "FuncExists"]);

/** mayBeMissing tells whether a builtin takes types that the kernel may not have. */
export function mayBeMissing(name: string): boolean {
  return asked.has(name);
}

/** typeOrMissing reads a type argument; a type the kernel does not have is void. */
export function typeOrMissing(env: Env, expr: Expr): Type {
  const inner = bare(expr);
  if (inner.kind === "selector" && inner.object.kind === "name") {
    const symbol = lookUp(env.scope, inner.object.name);
    const vmlinux = symbol?.kind === "package" && symbol.package === "vmlinux";
    if (vmlinux && env.unit.hasKernel && env.unit.kernel.named(inner.name.name) === undefined)
      return voidType;
  }
  return env.resolveType(env, expr);
}

/** kernelPath follows names with dots between them through a struct of the kernel. */
export function kernelPath(struct: StructType, names: string): readonly Field[] | undefined {
  const path: Field[] = [];
  let at: Type = struct;
  for (const name of names.split(".")) {
    const of = under(at);
    const found: readonly Field[] | undefined = of.kind === "struct" ? findField(of, name) : undefined;
    const last = found?.at(-1);
    if (found === undefined || last === undefined) return undefined;
    path.push(...found);
    at = last.type;
  }
  return path;
}

/** enumeratorOf finds a value of the enum that a type argument names. */
export function enumeratorOf(env: Env, type: Type | undefined, name: string): Enumerator | undefined {
  const of = type === undefined ? undefined : under(type);
  return of?.kind === "int" && of.enumOf !== undefined
    ? env.unit.kernel.enumerator(name, of.enumOf === "" ? undefined : of.enumOf)
    : undefined;
}

function kernelStruct(c: BuiltinCall): StructType | undefined {
  const [type = badType] = c.types;
  const of = under(type);
  if (of.kind === "struct" && of.kernel !== undefined) return of;
  if (of.kind !== "bad" && of.kind !== "void")
    fail(
      c.env,
      "wrong-type",
      c.call,
      `a type of the kernel is needed, this is ${typeName(type)}`,
      "vmlinux.…",
    );
  return undefined;
}

const fieldExists: Check = (c) => {
  const names = text(c, 0);
  const struct = kernelStruct(c);
  const found = struct === undefined || names === undefined ? undefined : kernelPath(struct, names);
  if (found === undefined) c.env.unit.constants.set(c.call.id, false);
  return boolType;
};

const typeExists: Check = (c) => {
  const of = under(c.types[0] ?? badType);
  if (of.kind === "void") c.env.unit.constants.set(c.call.id, false);
  else if (of.kind !== "struct" && !(of.kind === "int" && of.enumOf !== undefined))
    c.env.unit.constants.set(c.call.id, true);
  return boolType;
};

const enumExists: Check = (c) => {
  const name = text(c, 0);
  const found = name === undefined ? undefined : enumeratorOf(c.env, c.types[0], name);
  if (found === undefined) c.env.unit.constants.set(c.call.id, false);
  return boolType;
};

const enumValue: Check = (c) => {
  const name = text(c, 0);
  if (name !== undefined && enumeratorOf(c.env, c.types[0], name) === undefined) {
    fail(
      c.env,
      "no-kernel-type",
      argument(c, 0),
      `${typeName(c.types[0] ?? badType)} has no value ${name} here`,
      `ask first: if bpf.EnumExists[…](${JSON.stringify(name)}) { … }`,
    );
    return badType;
  }
  return uint64;
};

const funcExists: Check = (c) => {
  const name = text(c, 0);
  const found = name === undefined ? undefined : c.env.unit.kernel.kfunc(name);
  if (typeof found !== "object" || name === undefined) c.env.unit.constants.set(c.call.id, false);
  else c.env.unit.asked.add(name);
  return boolType;
};

const typeSize: Check = (c) => {
  kernelStruct(c);
  return intType;
};

/** existenceRows ask the running kernel what it has; the loader answers (CO-RE). */
export const existenceRows: readonly BuiltinRow[] = [
  takes("FieldExists", 1, 1, fieldExists, 1),
  takes("TypeExists", 0, 0, typeExists, 1),
  takes("TypeSize", 0, 0, typeSize, 1),
  takes("EnumExists", 1, 1, enumExists, 1),
  takes("FuncExists", 1, 1, funcExists),
  takes("EnumValue", 1, 1, enumValue, 1),
];

/** asksExistence tells whether a condition asks what the kernel has. */
function asksExistence(env: Env, expr: Expr): boolean {
  const inner = bare(expr);
  if (inner.kind === "unary") return asksExistence(env, inner.operand);
  if (inner.kind === "binary") return asksExistence(env, inner.left) || asksExistence(env, inner.right);
  if (inner.kind !== "call") return false;
  const call = env.unit.calls.get(inner.id);
  return call?.kind === "builtin" && asked.has(call.name);
}

/** lacks gives what a condition is when this kernel decides it: code behind the other outcome is not looked at. */
export function lacks(env: Env, condition: Expr): boolean | undefined {
  const value = env.unit.constants.get(condition.id);
  return typeof value === "boolean" && asksExistence(env, condition) ? value : undefined;
}

/** unseen is for code that this kernel does not reach: it may name what the kernel does not have. */
export function unseen(env: Env): Env {
  return { ...env, unit: { ...env.unit, report: newReporter() } };
}
