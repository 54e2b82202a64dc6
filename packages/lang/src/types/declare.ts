import type { Reporter } from "../source/diagnostics.js";
import type { ConstDecl, TypeDecl } from "../syntax/ast.js";
import { checkTypeAttributes } from "./attributes.js";
import { contextRow } from "./contexts.js";
import { assignable } from "./convert.js";
import { type Env, fail, type Scope } from "./env.js";
import { resolveType } from "./resolve.js";
import type { Constant, TypeSymbol } from "./symbols.js";
import { badType, type Type } from "./type.js";

/** evaluate finds a constant's type and value. */
function evaluate(
  env: Env,
  decl: ConstDecl,
  index: number,
): { readonly type: Type; readonly value: Constant } {
  const value = decl.values[index];
  const name = decl.names[index];
  if (value === undefined) {
    if (name !== undefined)
      fail(env, "not-constant", name, `${name.name} has no value`, "give it one behind =, or name _");
    return { type: badType, value: 0n };
  }
  const here: Env = { ...env, iota: BigInt(decl.iota) };
  const to = decl.type === undefined ? undefined : env.resolveType(here, decl.type);
  const type = here.check(here, value, to);
  const found = env.unit.constants.get(value.id);
  if (found === undefined && type.kind !== "bad")
    fail(env, "not-constant", value, "the value of a constant must be constant");
  if (to !== undefined) assignable(here, value, type, to, "the constant");
  return { type: found === undefined ? badType : (to ?? type), value: found ?? 0n };
}

/** declareConstants puts constants into a scope. Those of a package are evaluated when first used, in any order. */
export function declareConstants(env: Env, decl: ConstDecl, into: Scope, lazy: boolean): void {
  decl.names.forEach((name, i) => {
    if (name.name === "_") return;
    const known = into.names.get(name.name);
    if (known !== undefined) {
      env.unit.report.error("redeclared", name, `${name.name} is declared twice`, undefined, [
        { start: known.declared.start, end: known.declared.end, message: "first here" },
      ]);
      return;
    }
    const resolve = () => evaluate(env, decl, i);
    const state = lazy ? { resolve } : resolve();
    into.names.set(name.name, { kind: "constant", name: name.name, declared: name, state });
  });
}

/** declareType makes a type's name known; what it is follows by defineType. */
export function declareType(env: Env, decl: TypeDecl, into: Scope): void {
  checkTypeAttributes(decl.attributes, env.unit.report);
  const known = into.names.get(decl.name.name);
  if (known !== undefined) {
    env.unit.report.error("redeclared", decl.name, `${decl.name.name} is declared twice`, undefined, [
      { start: known.declared.start, end: known.declared.end, message: "first here" },
    ]);
    return;
  }
  const symbol: TypeSymbol = {
    kind: "type",
    name: decl.name.name,
    declared: decl.name,
    methods: new Map(),
    type: { kind: "named", name: decl.name.name, underlying: badType, ...env.unit.title },
  };
  env.unit.named.set(symbol.type, symbol);
  into.names.set(symbol.name, symbol);
}

/** defineType resolves a declared type; one that holds itself is told and broken. */
export function defineType(env: Env, decl: TypeDecl, from: Scope): void {
  const symbol = from.names.get(decl.name.name);
  if (symbol?.kind !== "type" || symbol.declared !== decl.name) return;
  const marked = decl.attributes.some((each) => each.name === "bpf_context");
  symbol.type.underlying = marked ? markedContext(env, decl) : resolveType(env, decl.type, decl.name.name);
}

/** snakeCase is the kernel's spelling of a Go name: SrcPort is src_port. */
function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3_$2").toLowerCase();
}

/**
 * markedContext reads a struct under @bpf_context: the hook's own context with fields of one's own names. A tag says which
 * field of the context is meant, or "-" that it has none; without a tag it is the name in the kernel's spelling.
 */
function markedContext(env: Env, decl: TypeDecl): Type {
  const row = contextRow("Context");
  if (decl.type.kind !== "struct-type" || row === undefined) {
    fail(env, "bad-attribute", decl.name, "@bpf_context marks a struct", "type Ctx struct { … }");
    return badType;
  }
  const renamed = new Map<string, string | undefined>();
  for (const field of decl.type.fields) {
    const tag = /(?:^|\s)bpf:"([^"]*)"/.exec(field.tag ?? "")?.[1];
    for (const name of field.names)
      renamed.set(name.name, tag === "-" ? undefined : tag === undefined ? snakeCase(name.name) : tag);
  }
  return { kind: "context", row, renamed };
}

/** orderTypes puts types behind those whose size they need. */
export function orderTypes(decls: readonly TypeDecl[], report: Reporter): TypeDecl[] {
  const byName = new Map(decls.map((decl) => [decl.name.name, decl]));
  const done = new Set<TypeDecl>();
  const open = new Set<TypeDecl>();
  // What contains itself has no size: it stays without a meaning, and nothing more is said of it.
  const endless = new Set<TypeDecl>();
  const order: TypeDecl[] = [];
  const names = (expr: TypeDecl["type"]): string[] => {
    if (expr.kind === "name") return [expr.name];
    if (expr.kind === "array-type") return names(expr.element);
    if (expr.kind === "paren") return names(expr.inner);
    return expr.kind === "struct-type" ? expr.fields.flatMap((field) => names(field.type)) : [];
  };
  const visit = (decl: TypeDecl): void => {
    if (done.has(decl)) return;
    if (open.has(decl)) {
      report.error(
        "recursion",
        decl.name,
        `${decl.name.name} contains itself`,
        "hold a number that names the other",
      );
      endless.add(decl);
      return;
    }
    open.add(decl);
    for (const name of names(decl.type)) {
      const other = byName.get(name);
      if (other !== undefined) visit(other);
    }
    done.add(decl);
    order.push(decl);
  };
  for (const decl of decls) visit(decl);
  return order.filter((decl) => !endless.has(decl));
}
