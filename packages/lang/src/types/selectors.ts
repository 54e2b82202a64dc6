import type { SelectorExpr } from "../syntax/ast.js";
import { kernelConstants } from "./constants.js";
import { checkContextField } from "./context-fields.js";
import { bare } from "./convert.js";
import { type Env, fail, lookUp, tellOnce } from "./env.js";
import { suggestField, suggestMember } from "./suggest.js";
import type { PackageSymbol } from "./symbols.js";
import { badType, findField, type Type, typeName, under, untypedInt } from "./type.js";

function constantOfKernel(env: Env, name: string): bigint | undefined {
  return /^[A-Z][A-Z0-9_]+$/.test(name) ? env.unit.kernel.enumerator(name)?.value : undefined;
}

/** packageMember gives a value of a package: a constant of the kernel, or the reason why the name is none. */
function packageMember(env: Env, expr: SelectorExpr, from: PackageSymbol["package"]): Type {
  const { name: member } = expr;
  if (from === "bpf") {
    // What the table lacks the kernel's types may have: flags of helpers and maps are enums there.
    const value = kernelConstants[member.name] ?? constantOfKernel(env, member.name);
    if (value !== undefined) {
      env.unit.constants.set(expr.id, value);
      return untypedInt;
    }
  }
  if (from === "vmlinux") {
    const enumerator = env.unit.kernel.enumerator(member.name);
    if (enumerator !== undefined) {
      env.unit.constants.set(expr.id, enumerator.value);
      // Relocations find enums by name; the values of one without are as they were.
      if (enumerator.type.enumOf !== "") env.unit.selections.set(expr.id, { kind: "enumerator", enumerator });
      return untypedInt;
    }
    if (env.unit.kernel.named(member.name) === undefined) {
      const hint = `it may be a macro, which BTF does not have; ask for what may be missing: bpf.EnumExists`;
      fail(env, "no-kernel-type", member, `the kernel has no type or value ${member.name}`, hint);
      return badType;
    }
    fail(env, "wrong-type", expr, `vmlinux.${member.name} is a type, a value is needed here`);
    return badType;
  }
  fail(env, "undefined", member, `${from}.${member.name} is not known`, suggestMember(from, member.name));
  return badType;
}

/** hasMethod tells whether a name behind a dot is a method, which only a call may name. */
function hasMethod(env: Env, type: Type, name: string): boolean {
  const target = type.kind === "pointer" ? type.target : type;
  return target.kind === "named" && env.unit.named.get(target)?.methods.has(name) === true;
}

/** checkSelector checks `x.name`: something of a package, a context's field or a struct's. */
export function checkSelector(env: Env, expr: SelectorExpr): Type {
  const object = bare(expr.object);
  if (object.kind === "name") {
    const symbol = lookUp(env.scope, object.name);
    if (symbol?.kind === "package") return packageMember(env, expr, symbol.package);
  }
  const given = env.check(env, expr.object);
  const type = under(given);
  if (type.kind === "bad") return badType;
  const target = type.kind === "pointer" ? under(type.target) : type;
  if (target.kind === "context") return checkContextField(env, expr, target);
  if (target.kind !== "struct") {
    if (target.kind !== "bad")
      fail(
        env,
        "no-field",
        expr.name,
        `${typeName(type)} has no field ${expr.name.name}`,
        "only structs and contexts have fields",
      );
    return badType;
  }
  const method = hasMethod(env, type.kind === "pointer" ? type : given, expr.name.name);
  if (method) {
    const why = "BPF cannot call through a pointer: a method is no value";
    fail(env, "heap", expr, why, `call it: ${expr.name.name}(…)`);
    return badType;
  }
  const path = findField(target, expr.name.name);
  const last = path?.at(-1);
  if (path === undefined || last === undefined) {
    if (!tellOnce(env, `field ${typeName(target)}.${expr.name.name}`)) return badType;
    const id = target.kernel === undefined ? "no-field" : "no-kernel-type";
    fail(
      env,
      id,
      expr.name,
      `${typeName(target)} has no field ${expr.name.name}`,
      suggestField(target, expr.name.name),
    );
    return badType;
  }
  env.unit.selections.set(expr.id, { kind: "fields", path });
  return last.type;
}
