import { nearest } from "../source/nearest.js";
import type { Expr, Signature, StructTypeExpr } from "../syntax/ast.js";
import { contextRow } from "./contexts.js";
import { constantInteger } from "./convert.js";
import { type Env, fail, lookUp, type Scope, tellOnce } from "./env.js";
import { unknownMember } from "./imports.js";
import { mapRow } from "./map-kinds.js";
import { specialTypes } from "./special-types.js";
import { badType, basicTypes, type FunctionType, layOut, type Type, voidType } from "./type.js";

/** maxArrayLength keeps sizes within what any map value may have. */
export const maxArrayLength = 1 << 26;

function struct(env: Env, expr: StructTypeExpr, name: string): Type {
  const seen = new Set<string>();
  const fields = expr.fields.flatMap((field) => {
    const type = env.resolveType(env, field.type);
    if (field.names.length === 0) {
      const inner = field.type.kind === "star" ? field.type.operand : field.type;
      const own =
        inner.kind === "name"
          ? (inner.name.split(".").at(-1) ?? "")
          : inner.kind === "selector"
            ? inner.name.name
            : "";
      return [{ name: own, type, embedded: true }];
    }
    return field.names.map((each) => {
      if (seen.has(each.name) && each.name !== "_")
        fail(env, "redeclared", each, `the field ${each.name} is declared twice`);
      seen.add(each.name);
      return { name: each.name, type, embedded: false };
    });
  });
  return layOut(name, fields);
}

/** dotted writes a chain of selectors as one name: Go's types are `main.Shape`. */
function dotted(expr: Expr): string | undefined {
  if (expr.kind === "name") return expr.name;
  const object = expr.kind === "selector" ? dotted(expr.object) : undefined;
  return expr.kind === "selector" && object !== undefined ? `${object}.${expr.name.name}` : undefined;
}

/** userType is a type of the observed program: `user.conn`, `user.main.Shape`. */
function userType(env: Env, expr: Expr & { kind: "selector" }): Type | undefined {
  const [first = "", ...rest] = (dotted(expr) ?? "").split(".");
  const symbol = lookUp(env.scope, first);
  if (symbol?.kind !== "package" || symbol.package !== "user") return undefined;
  const name = rest.join(".");
  const found = env.unit.userTypes?.(name);
  if (found !== undefined) return found;
  const why =
    env.unit.userTypes === undefined
      ? "no program's debug information was given"
      : "the program has no such type";
  const hint =
    env.unit.userTypes === undefined
      ? "go3s build --user-types PROGRAM"
      : "readelf --debug-dump=info lists its types";
  fail(env, "undefined", expr.name, `user.${name} is not known: ${why}`, hint);
  return badType;
}

/** isUserName tells whether a selector begins with the package user. */
export function isUserName(env: Env, expr: Expr): boolean {
  const first = (dotted(expr) ?? "").split(".")[0] ?? "";
  const symbol = lookUp(env.scope, first);
  return symbol?.kind === "package" && symbol.package === "user";
}

function selected(env: Env, expr: Expr & { kind: "selector" }): Type {
  const own = userType(env, expr);
  if (own !== undefined) return own;
  const { object, name } = expr;
  const symbol = object.kind === "name" ? lookUp(env.scope, object.name) : undefined;
  if (symbol?.kind !== "package") {
    fail(env, "undefined", expr, "this is not a type");
    return badType;
  }
  if (symbol.package === "vmlinux") {
    const found = env.unit.kernel.named(name.name);
    if (found !== undefined) return found;
    const why = env.unit.hasKernel
      ? `the kernel has no type ${name.name}`
      : `vmlinux.${name.name} is not known: no kernel BTF was given`;
    fail(env, "no-kernel-type", name, why);
    return badType;
  }
  if (symbol.package === "bpf") {
    const special = specialTypes[name.name];
    if (special !== undefined) return special;
    const row = contextRow(name.name);
    if (row !== undefined) return { kind: "context", row };
    if (mapRow(name.name) !== undefined) {
      fail(env, "misplaced", expr, "maps are package variables, not types", `var m = bpf.${name.name}…(n)`);
      return badType;
    }
  }
  fail(env, "undefined", name, `${symbol.name}.${name.name} is not a type`);
  return badType;
}

function typeNames(env: Env): string[] {
  const names = Object.keys(basicTypes);
  for (let at: Scope | undefined = env.scope; at !== undefined; at = at.parent)
    for (const [name, symbol] of at.names) if (symbol.kind === "type") names.push(name);
  return names;
}

/** kernelPointer reads `bpf.Kptr[vmlinux.task_struct]`: an object of the kernel that a map's value owns. */
function kernelPointer(env: Env, expr: Expr & { kind: "index" }): Type | undefined {
  const { object, indices } = expr;
  if (object.kind !== "selector" || object.name.name !== "Kptr" || object.object.kind !== "name")
    return undefined;
  const symbol = lookUp(env.scope, object.object.name);
  const [of] = indices;
  if (symbol?.kind !== "package" || symbol.package !== "bpf" || of === undefined) return undefined;
  const target = env.resolveType(env, of);
  return target.kind === "bad" ? badType : { kind: "pointer", target, tag: "kptr" };
}

/** resolveType reads an expression as a type. */
export function resolveType(env: Env, expr: Expr, name = ""): Type {
  switch (expr.kind) {
    case "paren":
      return resolveType(env, expr.inner);
    case "name": {
      const symbol = lookUp(env.scope, expr.name);
      if (symbol?.kind === "type") {
        env.unit.symbols.set(expr.id, symbol);
        return symbol.type;
      }
      if (symbol === undefined) {
        if (Object.hasOwn(basicTypes, expr.name)) return basicTypes[expr.name] ?? badType;
        if (expr.name === "string") {
          fail(env, "heap", expr, "strings do not exist in BPF programs", "use [N]byte for text");
          return badType;
        }
        if (/^(float|complex)\d+$/.test(expr.name)) {
          fail(env, "unsupported", expr, "BPF has no floating-point numbers", "scale to an integer");
          return badType;
        }
        if (expr.name === "error" || expr.name === "any") {
          fail(env, "unsupported", expr, "interfaces do not exist in BPF programs", "return an int");
          return badType;
        }
      }
      const member = unknownMember(env.scope, expr.name);
      if (member !== undefined) {
        if (member.message !== undefined) fail(env, "undefined", expr, member.message, member.hint);
        return badType;
      }
      if (!tellOnce({ ...env, function: undefined }, `type ${expr.name}`)) return badType;
      fail(
        env,
        "undefined",
        expr,
        symbol === undefined ? `the type ${expr.name} is not declared` : `${expr.name} is not a type`,
        nearest(expr.name, typeNames(env)) === undefined
          ? undefined
          : `did you mean ${nearest(expr.name, typeNames(env))}?`,
      );
      return badType;
    }
    case "star": {
      const target = env.resolveType(env, expr.operand);
      return target.kind === "bad" ? badType : { kind: "pointer", target };
    }
    case "selector":
      return selected(env, expr);
    case "array-type": {
      if (expr.length === undefined) {
        fail(env, "heap", expr, "slices need a heap", "use an array with a length: [N]T");
        return badType;
      }
      const length =
        expr.length === "..." ? undefined : constantInteger(env, expr.length, "an array's length");
      const element = env.resolveType(env, expr.element);
      if (length === undefined) {
        if (expr.length === "...")
          fail(env, "wrong-type", expr, "[...] is only for literals", "give the length");
        return badType;
      }
      if (length < 0n || length > BigInt(maxArrayLength)) {
        fail(env, "out-of-range", expr, `an array of ${length} elements is not possible`);
        return badType;
      }
      return { kind: "array", element, length: Number(length) };
    }
    case "index": {
      const found = kernelPointer(env, expr);
      if (found !== undefined) return found;
      fail(env, "wrong-type", expr, "this is not a type");
      return badType;
    }
    case "struct-type":
      return struct(env, expr, name);
    case "tuple":
      return { kind: "tuple", members: expr.members.map((each) => env.resolveType(env, each)) };
    case "refused":
      return env.check(env, expr);
    default:
      if (expr.kind !== "bad") fail(env, "wrong-type", expr, "this is not a type");
      return badType;
  }
}

/** signatureType resolves a function's type. */
export function signatureType(env: Env, signature: Signature): FunctionType {
  return {
    kind: "function",
    parameters: signature.parameters.map((parameter) => env.resolveType(env, parameter.type)),
    result: signature.result === undefined ? voidType : env.resolveType(env, signature.result),
  };
}
