import { attributeArguments } from "../lex/attribute.js";
import type { Expr, VarDecl } from "../syntax/ast.js";
import { assignable, bare, constantInteger, defaultType } from "./convert.js";
import { type Env, fail, lookUp } from "./env.js";
import { type MapRow, mapRow } from "./map-kinds.js";
import { declareMap, mapTypeOf } from "./maps.js";
import type { GlobalSymbol, MapSymbol } from "./symbols.js";
import { badType, isScalar, sizeOf, type Type, typeName, under, voidType } from "./type.js";

/** mapFlags by the name people write. Source: include/uapi/linux/bpf.h, BPF_F_*. */
const mapFlags: Readonly<Record<string, number>> = {
  no_prealloc: 1,
  rdonly: 8,
  wronly: 16,
  rdonly_prog: 128,
  wronly_prog: 256,
  mmapable: 1024,
};

interface Constructor {
  readonly row: MapRow;
  readonly types: readonly Expr[];
}

/** constructorOf reads `bpf.Kind[…]` as a map's constructor. */
function constructorOf(env: Env, callee: Expr): Constructor | undefined {
  const instance = callee.kind === "index" ? callee.object : callee;
  if (instance.kind !== "selector" || instance.object.kind !== "name") return undefined;
  const symbol = lookUp(env.scope, instance.object.name);
  if (symbol?.kind !== "package" || symbol.package !== "bpf") return undefined;
  const row = mapRow(instance.name.name);
  return row === undefined ? undefined : { row, types: callee.kind === "index" ? callee.indices : [] };
}

/** entryType reads a type argument of a map: a type, or the maps that a map of maps holds. */
function entryType(env: Env, expr: Expr): Type {
  const inner = bare(expr);
  const made = constructorOf(env, inner.kind === "call" ? inner.callee : inner);
  if (made === undefined) return env.resolveType(env, expr);
  const size = inner.kind === "call" ? inner.arguments[0] : undefined;
  const entries =
    size === undefined ? BigInt(made.row.defaultEntries) : constantInteger(env, size, "a map's size");
  const types = made.types.map((each) => env.resolveType(env, each));
  return mapTypeOf(made.row, types, Number(entries ?? 0n));
}

/** initialOf reads the programs or maps that a map starts with: `bpf.ProgArray(4, first, second)`. */
function initialOf(env: Env, row: MapRow, args: readonly Expr[]): Pick<MapSymbol, "initial"> {
  if (args.length === 0) return {};
  if (row.family !== "programs" && row.family !== "maps") {
    fail(env, "bad-call", args[0] ?? { start: 0, end: 0 }, `bpf.${row.name} takes one argument, its size`);
    return {};
  }
  const initial = args.flatMap((each) => {
    const inner = bare(each);
    if (inner.kind === "name") return [{ name: inner.name, at: { start: inner.start, end: inner.end } }];
    fail(
      env,
      "not-constant",
      each,
      row.family === "maps" ? "a map's name is needed" : "a program's name is needed",
    );
    return [];
  });
  return { initial };
}

function declareVariableMap(
  env: Env,
  decl: VarDecl,
  name: string,
  range: Expr,
  made: Constructor,
  args: readonly Expr[],
): boolean {
  const given = decl.attributes.find((each) => each.name === "map");
  const options = given === undefined ? new Map<string, string>() : attributeArguments(given.rest);
  let flags = 0;
  for (const flag of (options.get("flags") ?? "").split(/[|,\s]+/).filter((each) => each !== "")) {
    const bit = mapFlags[flag.toLowerCase().replace(/^bpf_f_/, "")];
    if (bit === undefined)
      fail(
        env,
        "bad-attribute",
        given ?? range,
        `${flag} is no flag of maps`,
        Object.keys(mapFlags).join(", "),
      );
    else flags |= bit;
  }
  const first = args[0];
  const count =
    first === undefined ? BigInt(made.row.defaultEntries) : constantInteger(env, first, "a map's size");
  const least = first === undefined ? 0n : 1n;
  // The object's BTF says the number by an array of 32-bit integers, whose size has 32 bits (btf_array_resolve, kernel/bpf/btf.c).
  if (count === undefined || count < least || count > 0x3fff_ffffn) {
    if (count !== undefined) fail(env, "out-of-range", first ?? range, `${count} is no size of a map`);
    return false;
  }
  const types = made.types.map((each) => entryType(env, each));
  const symbol = declareMap(
    env,
    range,
    options.get("name") ?? options.get("pin") ?? `${env.unit.prefix}${name}`,
    made.row,
    types,
    Number(count),
    {
      pin: options.has("pin"),
      flags: flags | (made.row.flags ?? 0),
      ...initialOf(env, made.row, args.slice(1)),
    },
  );
  if (symbol === undefined) return false;
  env.unit.package.names.set(name, symbol);
  return true;
}

/** constantBytes evaluates a package variable's initial value. */
function constantBytes(env: Env, expr: Expr, type: Type, into: DataView, at: number): void {
  // Elements beyond the array's end were reported; there is no room for them.
  if (at + sizeOf(type) > into.byteLength) return;
  const value = env.unit.constants.get(expr.id);
  const inner = bare(expr);
  const of = under(type);
  if (of.kind === "bad") return;
  if (typeof value === "string" && of.kind === "array") {
    const room = Math.min(value.length, sizeOf(type), into.byteLength - at);
    for (let i = 0; i < room; i++) into.setUint8(at + i, value.charCodeAt(i));
  } else if (typeof value === "bigint" || typeof value === "boolean") {
    const bits = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < sizeOf(type); i++) into.setUint8(at + i, Number((bits >> BigInt(8 * i)) & 0xffn));
  } else if (inner.kind === "composite" && of.kind === "struct") {
    inner.elements.forEach((element, i) => {
      const { key } = element;
      const field = key?.kind === "name" ? of.fields.find((each) => each.name === key.name) : of.fields[i];
      if (field !== undefined) constantBytes(env, element.value, field.type, into, at + field.offset);
    });
  } else if (inner.kind === "composite" && of.kind === "array") {
    let index = 0;
    for (const element of inner.elements) {
      const key = element.key === undefined ? undefined : env.unit.constants.get(element.key.id);
      if (typeof key === "bigint") index = Number(key);
      constantBytes(env, element.value, of.element, into, at + index * sizeOf(of.element));
      index++;
    }
  } else if (
    inner.kind === "call" &&
    env.unit.calls.get(inner.id)?.kind === "conversion" &&
    inner.arguments[0] !== undefined
  ) {
    constantBytes(env, inner.arguments[0], type, into, at);
  } else
    fail(
      env,
      "not-constant",
      expr,
      "a package variable's initial value must be constant",
      "set it in the program",
    );
}

/** declareGlobal declares the maps and variables of a package-level var declaration. */
export function declareGlobal(env: Env, decl: VarDecl): GlobalSymbol[] {
  const declared =
    decl.type === undefined
      ? undefined
      : mapType(env, decl, decl.type)
        ? voidType
        : env.resolveType(env, decl.type);
  if (declared === voidType) return [];
  const config = decl.attributes.some((each) => each.name === "config");
  const found: GlobalSymbol[] = [];
  decl.names.forEach((name, i) => {
    const value = decl.values[i];
    if (env.unit.package.names.has(name.name)) {
      fail(env, "redeclared", name, `${name.name} is declared twice in this package`);
      return;
    }
    const call = value === undefined ? undefined : bare(value);
    const made = call?.kind === "call" ? constructorOf(env, call.callee) : undefined;
    if (made !== undefined && call?.kind === "call") {
      declareVariableMap(
        env,
        decl,
        name.name,
        { ...call, start: name.start, end: name.end },
        made,
        call.arguments,
      );
      return;
    }
    let type = declared ?? badType;
    if (value !== undefined) {
      const from = env.check(env, value, declared);
      type = declared ?? defaultType(from);
      assignable(env, value, from, type, "the variable");
      if (type.kind === "untyped") {
        fail(
          env,
          "wrong-type",
          value,
          `a variable cannot hold ${typeName(type)}`,
          "give it a type: [N]byte for text",
        );
        type = badType;
      }
    }
    const of = under(type);
    if (of.kind !== "bad" && !isScalar(type) && of.kind !== "struct" && of.kind !== "array") {
      fail(env, "wrong-type", name, `a package variable cannot hold ${typeName(type)}`);
      type = badType;
    }
    const bytes = new Uint8Array(sizeOf(type));
    if (value !== undefined && type.kind !== "bad")
      constantBytes(env, value, type, new DataView(bytes.buffer), 0);
    const section = config ? ".rodata" : bytes.some((each) => each !== 0) ? ".data" : ".bss";
    const symbol: GlobalSymbol = {
      kind: "global",
      name: `${env.unit.prefix}${name.name}`,
      declared: name,
      type,
      section,
      initial: bytes,
    };
    env.unit.package.names.set(name.name, symbol);
    found.push(symbol);
  });
  return found;
}

/** mapType reads the published `@bpf_map var events bpf.Hash[K, V]`: a map by its type, sizes by default. */
function mapType(env: Env, decl: VarDecl, type: Expr): boolean {
  const made = constructorOf(env, type);
  if (made === undefined) return false;
  for (const name of decl.names) {
    declareVariableMap(env, decl, name.name, { ...type, start: name.start, end: name.end }, made, []);
  }
  return true;
}
