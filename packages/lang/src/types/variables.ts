import type { Expr, Identifier, VarDecl } from "../syntax/ast.js";
import { refusedForms, refusedTypes } from "../syntax/refused.js";
import { assignable, defaultType } from "./convert.js";
import { type Env, fail, newVariable } from "./env.js";
import { membersOf, sameType } from "./tuples.js";
import { badType, type Type, typeName } from "./type.js";

/** declare puts a variable into the scope. */
export function declare(env: Env, name: Identifier, type: Type): void {
  if (name.name === "_") return;
  const known = env.scope.names.get(name.name);
  if (known !== undefined) {
    env.unit.report.error("redeclared", name, `${name.name} is declared twice here`, undefined, [
      { start: known.declared.start, end: known.declared.end, message: "first here" },
    ]);
  }
  const symbol = newVariable(name.name, name, type, env.owner);
  env.scope.names.set(name.name, symbol);
  env.unit.symbols.set(name.id, symbol);
}

/** unholdable says what to do about a value that no variable can have. */
function unholdable(type: Type): string | undefined {
  if (type.kind === "map") return "use the map by its name";
  if (type.kind === "void") return "call the function in a statement of its own";
  if (type.kind === "tuple") return `name ${type.members.length} variables on the left`;
  if (type.kind !== "untyped") return undefined;
  if (type.of === "string") return "give the variable a type: var text [16]byte = …";
  return "give the variable a type: var p *T";
}

/** checkInitial checks a variable's first value and gives the variable's type. */
export function checkInitial(env: Env, value: Expr, type: Type | undefined): Type {
  const from = env.check(env, value, type);
  if (type !== undefined) {
    assignable(env, value, from, type, "the variable");
    return type;
  }
  if (from.kind === "untyped" && from.of === "int") {
    const to = defaultType(from);
    assignable(env, value, from, to, "the variable");
    return to;
  }
  if (from.kind === "function") {
    const { why, instead } = refusedTypes["func"] ?? refusedForms.generic;
    fail(env, "heap", value, why, instead);
    return badType;
  }
  const hint = unholdable(from);
  if (hint !== undefined) {
    fail(env, "wrong-type", value, `a variable cannot hold ${typeName(from)}`, hint);
    return badType;
  }
  return from;
}

/** declareVariables checks `var a, b T = …` in a function. */
export function declareVariables(env: Env, decl: VarDecl): void {
  const type = decl.type === undefined ? undefined : env.resolveType(env, decl.type);
  const [only] = decl.values;
  const several = decl.names.length > 1 && decl.values.length === 1;
  if (decl.values.length > 0 && decl.values.length !== decl.names.length && !several) {
    fail(env, "bad-call", decl, `${decl.names.length} variables, ${decl.values.length} values`);
  }
  if (several && only !== undefined) {
    const from = env.check(env, only);
    const members = membersOf(env, decl, from, decl.names.length);
    decl.names.forEach((name, i) => {
      const own = type ?? members[i] ?? badType;
      if (type !== undefined) sameType(env, only, members[i], type);
      declare(env, name, own);
    });
    return;
  }
  decl.names.forEach((name, i) => {
    const value = decl.values[i];
    const own = value === undefined ? (type ?? badType) : checkInitial(env, value, type);
    declare(env, name, own);
  });
}
