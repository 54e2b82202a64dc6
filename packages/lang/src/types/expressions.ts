import type { Range } from "../source/file.js";
import { didYouMean } from "../source/nearest.js";
import type { CompositeExpr, Expr, IndexExpr, NameExpr, RefusedExpr, SelectorExpr } from "../syntax/ast.js";
import { checkCall } from "./calls.js";
import { kernelConstants } from "./constants.js";
import { isHidden, mayWrite } from "./context-limits.js";
import type { ContextField } from "./context-row.js";
import { assignable, bare, constantInteger, wantInteger } from "./convert.js";
import { type Env, fail, lookUp, tellOnce } from "./env.js";
import { unknownMember } from "./imports.js";
import { checkBinary, checkUnary } from "./operators.js";
import { maxArrayLength } from "./resolve.js";
import { suggestField, suggestMember, suggestName } from "./suggest.js";
import type { AnySymbol, Constant, PackageSymbol } from "./symbols.js";
import {
  type ArrayType,
  badType,
  basicTypes,
  boolType,
  type ContextType,
  type Field,
  findField,
  intType,
  type StructType,
  type Type,
  typeName,
  uint64,
  under,
  untypedInt,
  untypedNil,
  untypedString,
} from "./type.js";
import { checkView } from "./views.js";

/** resolveConstant evaluates a constant the first time it is used; one that needs itself is refused. */
export function resolveConstant(
  env: Env,
  symbol: AnySymbol & { kind: "constant" },
  at: Range,
): { readonly type: Type; readonly value: Constant } {
  const { state } = symbol;
  if (state === "resolving") {
    fail(
      env,
      "recursion",
      at,
      `the constant ${symbol.name} is defined by itself`,
      "give it a value of its own",
    );
    return { type: badType, value: 0n };
  }
  if (!("resolve" in state)) return state;
  symbol.state = "resolving";
  const found = state.resolve();
  symbol.state = found;
  return found;
}

function constantSymbol(env: Env, expr: Expr, symbol: AnySymbol & { kind: "constant" }): Type {
  const state = resolveConstant(env, symbol, expr);
  env.unit.constants.set(expr.id, state.value);
  return state.type;
}

/** capture notes that function literals use a variable of a function around them. */
function capture(env: Env, symbol: AnySymbol & { kind: "variable" }): void {
  const inside = env.literals.findIndex((each) => each.id === symbol.owner?.id);
  for (const literal of env.literals.slice(inside + 1)) {
    symbol.captured = true;
    env.unit.literals.get(literal.id)?.captures.add(symbol);
  }
}

function name(env: Env, expr: NameExpr, want: Type | undefined): Type {
  const symbol = lookUp(env.scope, expr.name);
  if (symbol === undefined) {
    const { constants } = env.unit;
    const literal: Record<string, readonly [Type, Constant]> = {
      true: [boolType, true],
      false: [boolType, false],
    };
    const known = literal[expr.name];
    if (known !== undefined) {
      constants.set(expr.id, known[1]);
      return known[0];
    }
    if (expr.name === "nil") return untypedNil;
    if (expr.name === "iota" && env.iota !== undefined) {
      constants.set(expr.id, env.iota);
      return untypedInt;
    }
    const member = unknownMember(env.scope, expr.name);
    if (member !== undefined) {
      if (member.message !== undefined) fail(env, "undefined", expr, member.message, member.hint);
      return badType;
    }
    if (env.function === undefined && env.unit.later.has(expr.name)) {
      const message = `${expr.name} is a variable: a package variable's initial value must be constant`;
      fail(env, "not-constant", expr, message, "make it a constant, or set the variable in the program");
      return badType;
    }
    if (Object.hasOwn(basicTypes, expr.name)) {
      fail(
        env,
        "wrong-type",
        expr,
        `${expr.name} is a type, a value is needed here`,
        `convert a value: ${expr.name}(x)`,
      );
      return badType;
    }
    if (!tellOnce(env, `name ${expr.name}`)) return badType;
    fail(
      env,
      "undefined",
      expr,
      `${expr.name} is not declared`,
      expr.name === "_" ? "_ cannot be read" : suggestName(env.scope, expr.name),
    );
    return badType;
  }
  env.unit.symbols.set(expr.id, symbol);
  switch (symbol.kind) {
    case "variable":
      symbol.used = true;
      capture(env, symbol);
      return symbol.type;
    case "global":
    case "map":
      return symbol.type;
    case "constant":
      return constantSymbol(env, expr, symbol);
    case "function":
      if (env.function !== undefined) env.unit.edges.push({ from: env.function, to: symbol, at: expr });
      return symbol.type;
    case "type":
      fail(
        env,
        "wrong-type",
        expr,
        `${expr.name} is a type, a value is needed here`,
        `${expr.name}(x) converts, ${expr.name}{…} makes one`,
      );
      return want ?? badType;
    case "package":
      fail(env, "wrong-type", expr, `${expr.name} is a package`, `select something of it: ${expr.name}.Name`);
      return badType;
  }
}

function constantOfKernel(env: Env, name: string): bigint | undefined {
  return /^[A-Z][A-Z0-9_]+$/.test(name) ? env.unit.kernel.enumerator(name)?.value : undefined;
}

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

/** contextFieldType is the type of a context's field: an integer, an array of them, or a pointer to an object. */
function contextFieldType(env: Env, field: ContextField): Type {
  if (field.object !== undefined) {
    const target = env.unit.kernel.named(field.object);
    return target === undefined ? uint64 : { kind: "pointer", target };
  }
  const bits = field.size === 1 ? 8 : field.size === 2 ? 16 : field.size === 4 ? 32 : 64;
  const element: Type = { kind: "int", name: `uint${bits}`, bits, signed: false };
  return field.count === undefined ? element : { kind: "array", element, length: field.count };
}

function contextField(env: Env, expr: SelectorExpr, context: ContextType): Type {
  const { row, renamed } = context;
  const written = expr.name.name;
  if (renamed !== undefined && renamed.get(written) === undefined) {
    const none = renamed.has(written);
    const hint = none
      ? "its tag says that the context has none: remove it"
      : didYouMean(written, renamed.keys(), 24);
    fail(env, "no-field", expr.name, `the context has no field ${written}`, hint);
    return badType;
  }
  const member = { ...expr.name, name: renamed?.get(written) ?? written };
  const word = context.names?.indexOf(member.name) ?? -1;
  if (word >= 0) {
    env.unit.selections.set(expr.id, { kind: "context-word", index: word });
    return context.words?.[word] ?? badType;
  }
  const field = row.fields.find((each) => each.name === member.name);
  if (field !== undefined) {
    const type = contextFieldType(env, field);
    const { hook } = context;
    if (isHidden(hook, field.name))
      fail(
        env,
        "no-field",
        member,
        `a @${hook?.name} program may not look at ${field.name}`,
        "the verifier knows it for other kinds of programs with this context",
      );
    const read = mayWrite(hook, field.name) ? {} : ({ read: true } as const);
    env.unit.selections.set(expr.id, { kind: "context-field", offset: field.offset, type, row, ...read });
    return type;
  }
  const found = context.fields?.find((each) => each.name === member.name);
  if (found !== undefined) {
    env.unit.selections.set(expr.id, { kind: "context-field", offset: found.offset, type: found.type, row });
    return found.type;
  }
  const names = [...row.fields, ...(context.fields ?? [])]
    .map((each) => each.name)
    .concat(context.names ?? []);
  const hint =
    names.length > 0
      ? (didYouMean(member.name, names, 24) ?? "docs/language.md lists its fields")
      : row.access === "format"
        ? "the tracepoint's format is not known here"
        : "it has ctx.Arg(n)";
  fail(env, "no-field", member, `bpf.${row.name} has no field ${member.name}`, hint);
  return badType;
}

/** methodOf tells whether a name behind a dot is a method, which only a call may name. */
function methodOf(env: Env, type: Type, name: string): boolean {
  const target = type.kind === "pointer" ? type.target : type;
  return target.kind === "named" && env.unit.named.get(target)?.methods.has(name) === true;
}

function selector(env: Env, expr: SelectorExpr): Type {
  const object = bare(expr.object);
  if (object.kind === "name") {
    const symbol = lookUp(env.scope, object.name);
    if (symbol?.kind === "package") return packageMember(env, expr, symbol.package);
  }
  const given = env.check(env, expr.object);
  const type = under(given);
  if (type.kind === "bad") return badType;
  const target = type.kind === "pointer" ? under(type.target) : type;
  if (target.kind === "context") return contextField(env, expr, target);
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
  const method = methodOf(env, type.kind === "pointer" ? type : given, expr.name.name);
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

function index(env: Env, expr: IndexExpr): Type {
  const type = under(env.check(env, expr.object));
  const array = type.kind === "pointer" ? under(type.target) : type;
  const subscript = expr.indices[0];
  if (type.kind === "bad" || subscript === undefined) return badType;
  if (
    type.kind === "pointer" &&
    array.kind !== "array" &&
    array.kind !== "map" &&
    expr.indices.length === 1
  ) {
    // C's p[i]: the address space is known when the pointer's origin is, so lowering refuses memory of the program.
    if (array.kind === "bad") return badType;
    wantInteger(env, subscript, intType, "an index");
    return type.target;
  }
  if (array.kind !== "array" || expr.indices.length !== 1) {
    if (array.kind !== "bad") fail(env, "bad-operation", expr, `${typeName(type)} has no index`);
    return badType;
  }
  wantInteger(env, subscript, intType, "an index");
  const value = env.unit.constants.get(subscript.id);
  if (
    typeof value === "bigint" &&
    (value < 0n || (value >= BigInt(array.length) && array.flexible !== true))
  ) {
    fail(env, "out-of-range", subscript, `index ${value} is outside ${typeName(array)}`);
  }
  return array.element;
}

function compositeStruct(env: Env, expr: CompositeExpr, struct: StructType): void {
  const seen = new Set<string>();
  expr.elements.forEach((element, i) => {
    const { key, value } = element;
    if (key?.kind === "name") {
      if (seen.has(key.name))
        fail(env, "redeclared", key, `the field ${key.name} is given twice`, "remove one of them");
      seen.add(key.name);
    }
    let field: Field | undefined = struct.fields[i];
    if (key !== undefined) {
      field = key.kind === "name" ? struct.fields.find((each) => each.name === key.name) : undefined;
      if (field === undefined) {
        const text = key.kind === "name" ? key.name : "this";
        fail(env, "no-field", key, `${typeName(struct)} has no field ${text}`, suggestField(struct, text));
        return;
      }
    } else if (field === undefined) {
      fail(env, "wrong-type", value, `${typeName(struct)} has only ${struct.fields.length} fields`);
      return;
    }
    if (field !== undefined)
      assignable(env, value, env.check(env, value, field.type), field.type, `field ${field.name}`);
  });
}

function compositeArray(env: Env, expr: CompositeExpr, array: ArrayType): void {
  let at = 0;
  for (const { key, value } of expr.elements) {
    if (key !== undefined) at = Number(constantInteger(env, key, "an element's index") ?? at);
    if (at < 0 || at >= array.length)
      fail(env, "out-of-range", value, `element ${at} is outside ${typeName(array)}`);
    assignable(env, value, env.check(env, value, array.element), array.element, `element ${at}`);
    at++;
  }
}

/** literalLength is the length of a `[...]T{…}`: one more than its largest index. */
function literalLength(env: Env, expr: CompositeExpr): number {
  let at = 0;
  let most = 0;
  for (const { key } of expr.elements) {
    if (key !== undefined) at = Number(constantInteger(env, key, "an element's index") ?? at);
    at++;
    most = Math.max(most, at);
  }
  if (most <= maxArrayLength) return most;
  fail(env, "out-of-range", expr, `an array of ${most} elements is not possible`);
  return 0;
}

function composite(env: Env, expr: CompositeExpr, want: Type | undefined): Type {
  let type: Type = want ?? badType;
  if (expr.type !== undefined) {
    if (expr.type.kind === "array-type" && expr.type.length === undefined) {
      fail(env, "heap", expr.type, "slices need a heap", "give the length: [...]T{…}");
      return badType;
    }
    if (expr.type.kind === "array-type" && expr.type.length === "...") {
      type = {
        kind: "array",
        element: env.resolveType(env, expr.type.element),
        length: literalLength(env, expr),
      };
    } else type = env.resolveType(env, expr.type);
  } else if (want === undefined) fail(env, "wrong-type", expr, "the type of this literal is not known here");
  const of = under(type);
  if (of.kind === "struct" && of.kernel === undefined) compositeStruct(env, expr, of);
  else if (of.kind === "array") compositeArray(env, expr, of);
  else if (of.kind !== "bad") fail(env, "wrong-type", expr, `${typeName(type)} has no literals`);
  return type;
}

function star(env: Env, expr: Expr & { kind: "star" }): Type {
  const type = under(env.check(env, expr.operand));
  if (type.kind === "pointer") return type.target;
  if (type.kind !== "bad") fail(env, "bad-operation", expr, `${typeName(type)} is no pointer`);
  return badType;
}

function refused(env: Env, expr: RefusedExpr): Type {
  const { code, why, instead } = expr.refusal;
  fail(env, code, expr, why, instead);
  return badType;
}

function find(env: Env, expr: Expr, want: Type | undefined): Type {
  const { constants } = env.unit;
  switch (expr.kind) {
    case "name":
      return name(env, expr, want);
    case "integer":
      constants.set(expr.id, expr.value);
      return untypedInt;
    case "string":
      constants.set(expr.id, expr.value);
      return untypedString;
    case "paren": {
      const type = env.check(env, expr.inner, want);
      const value = constants.get(expr.inner.id);
      if (value !== undefined) constants.set(expr.id, value);
      return type;
    }
    case "unary":
      return checkUnary(env, expr, want);
    case "binary":
      return checkBinary(env, expr, want);
    case "star":
      return star(env, expr);
    case "selector":
      return selector(env, expr);
    case "index":
      return index(env, expr);
    case "call":
      return checkCall(env, expr, want);
    case "composite":
      return composite(env, expr, want);
    case "function":
      return env.checkLiteral(env, expr);
    case "slice":
      return checkView(env, expr);
    case "array-type":
    case "struct-type":
      fail(env, "wrong-type", expr, "this is a type, a value is needed here");
      return badType;
    case "tuple":
      return { kind: "tuple", members: expr.members.map((each) => env.check(env, each)) };
    case "refused":
      return refused(env, expr);
    case "bad":
      return badType;
  }
}

/** checkExpression finds and records the type of an expression. */
export function checkExpression(env: Env, expr: Expr, want?: Type): Type {
  const type = find(env, expr, want);
  env.unit.types.set(expr.id, type);
  return type;
}
