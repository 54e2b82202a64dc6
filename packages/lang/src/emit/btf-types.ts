import type { BtfBuilder, BtfMember } from "@go3s/bpf";
import type { IrFunction } from "../ir/ir.js";
import { contextStructs } from "../types/global-functions.js";
import type { MapSymbol } from "../types/symbols.js";
import { type IntType, type MapType, type StructType, type Type, under } from "../types/type.js";

/** TypeWriter puts types of the language into BTF, each once. */
export interface TypeWriter {
  readonly builder: BtfBuilder;
  id(type: Type): number;
  int(bits: number, signed: boolean): number;
  pointer(to: number): number;
  array(element: number, length: number): number;
}

const cName = (bits: number, signed: boolean): string => `${signed ? "" : "u"}int${bits}_t`;

/** newTypeWriter starts with no types. */
export function newTypeWriter(builder: BtfBuilder): TypeWriter {
  const known = new Map<string, number>();
  const structs = new Map<StructType, number>();
  const once = (key: string, make: () => number): number => {
    let found = known.get(key);
    if (found === undefined) {
      found = make();
      known.set(key, found);
    }
    return found;
  };
  const writer: TypeWriter = {
    builder,
    int: (bits, signed) =>
      once(cName(bits, signed), () =>
        builder.add({
          kind: "int",
          name: cName(bits, signed),
          size: bits / 8,
          encoding: signed ? "signed" : "unsigned",
        }),
      ),
    pointer: (to) => once(`*${to}`, () => builder.add({ kind: "ptr", type: to })),
    array: (element, length) =>
      once(`[${length}]${element}`, () =>
        builder.add({ kind: "array", type: element, index: writer.int(32, false), length }),
      ),
    id(type) {
      const of = under(type);
      switch (of.kind) {
        case "int":
          return integer(of);
        case "bool":
          return once("bool", () => builder.add({ kind: "int", name: "bool", size: 1, encoding: "bool" }));
        case "pointer":
          return of.tag === "kptr" ? kernelPointer(of.target) : writer.pointer(0);
        case "array":
          return writer.array(writer.id(of.element), of.length);
        case "struct":
          return struct(of);
        default:
          return 0;
      }
    },
  };
  const kernelPointer = (target: Type): number => {
    const to = under(target);
    const [name, size] = to.kind === "struct" ? [to.name, to.size] : ["", 0];
    return once(`kptr ${name}`, () => {
      const struct = builder.add({ kind: "struct", name, size, members: [] });
      return writer.pointer(builder.add({ kind: "type_tag", name: "kptr", type: struct }));
    });
  };
  const integer = (type: IntType): number => writer.int(type.bits, type.signed);
  const struct = (type: StructType): number => {
    const found = structs.get(type);
    if (found !== undefined) return found;
    const id = builder.reserve();
    structs.set(type, id);
    const members: BtfMember[] = type.fields.map((field) => ({
      name: field.name === "_" ? "" : field.name,
      type: writer.id(field.type),
      bitOffset: field.bits?.offset ?? field.offset * 8,
      bitSize: field.bits?.size ?? 0,
    }));
    // BTF allows no name twice and no unnamed scalar: Go's blank fields get their offset as a name.
    const named = members.map((member) =>
      member.name === "" ? { ...member, name: `_pad${member.bitOffset / 8}` } : member,
    );
    builder.define(id, { kind: "struct", name: type.name, size: type.size, members: named });
    return id;
  };
  return writer;
}

// libbpf's LIBBPF_PIN_BY_NAME, bpf_helpers.h
const PIN_BY_NAME = 1;

/** mapMembers are the members that describe a map. */
function mapMembers(writer: TypeWriter, type: MapType, flags: number): { name: string; type: number }[] {
  const { row, key, value, entries } = type;
  const int32 = writer.int(32, true);
  const number = (n: number): number => writer.pointer(writer.array(int32, n));
  const typed = (name: string, of: Type): { name: string; type: number } => ({
    name,
    type: writer.pointer(writer.id(of)),
  });
  const sized = (name: string, size: number): { name: string; type: number } => ({
    name,
    type: number(size),
  });
  const members: { name: string; type: number }[] = [{ name: "type", type: number(row.kernelType) }];
  if (entries > 0) members.push({ name: "max_entries", type: number(entries) });
  switch (row.family) {
    case "hash":
    case "array":
    case "histogram":
      members.push(typed("key", key), typed("value", value));
      break;
    case "storage":
      members.push({ name: "key", type: writer.pointer(int32) }, typed("value", value));
      break;
    case "queue":
    case "bloom":
      members.push(typed("value", value));
      break;
    case "stack-trace":
      members.push(sized("key_size", 4), sized("value_size", 127 * 8));
      break;
    case "events":
    case "programs":
    case "devices":
      members.push(sized("key_size", 4), sized("value_size", 4));
      break;
    case "sockets":
      members.push(typed("key", key), sized("value_size", 8));
      break;
    case "maps":
      members.push(typed("key", key), sized("value_size", 4));
      break;
    default:
  }
  if (flags !== 0) members.push({ name: "map_flags", type: number(flags) });
  return members;
}

function structOf(
  writer: TypeWriter,
  members: readonly { name: string; type: number }[],
  size: number,
): number {
  return writer.builder.add({
    kind: "struct",
    name: "",
    size,
    members: members.map((member, i) => ({ ...member, bitOffset: i * 64 })),
  });
}

/** holdsMembers tells whether a map's values are other maps or programs, which the loader puts in. */
export function holdsMembers(map: MapSymbol): boolean {
  return map.type.row.family === "maps" || map.type.row.family === "programs";
}

/**
 * mapType writes the struct that describes a map in `.maps`: integers as the lengths of arrays, types behind pointers. What
 * a map of maps or programs starts with stands behind the struct, as pointers.
 */
export function mapType(writer: TypeWriter, map: MapSymbol): { id: number; size: number; values: number } {
  const members = mapMembers(writer, map.type, map.flags);
  const { value } = map.type;
  const int32 = writer.int(32, true);
  if (map.pin) members.push({ name: "pinning", type: writer.pointer(writer.array(int32, PIN_BY_NAME)) });
  const size = members.length * 8;
  if (!holdsMembers(map)) return { id: structOf(writer, members, size), size, values: size };
  let held: number;
  if (value.kind === "map") {
    const inner = mapMembers(writer, value, value.row.flags ?? 0);
    held = structOf(writer, inner, inner.length * 8);
  } else
    held = writer.builder.add({
      kind: "func_proto",
      type: int32,
      parameters: [{ name: "", type: writer.pointer(0) }],
    });
  members.push({ name: "values", type: writer.array(writer.pointer(held), 0) });
  return { id: structOf(writer, members, size), size: size + 8 * (map.initial?.length ?? 0), values: size };
}

/** parameterType is a parameter of a global function, as the verifier reads it. */
function parameterType(writer: TypeWriter, type: Type): number {
  const of = under(type);
  if (of.kind !== "pointer") return writer.id(type);
  const target = under(of.target);
  if (target.kind !== "context") return writer.pointer(writer.id(of.target));
  const name = contextStructs[target.row.name] ?? "";
  return writer.pointer(writer.builder.add({ kind: "struct", name, size: 0, members: [] }));
}

/** functionType writes a function's prototype and the function; of global ones the verifier reads the types. */
export function functionType(writer: TypeWriter, name: string, source: IrFunction, linkage: number): number {
  const { prototype } = source;
  const types = prototype?.parameters.map((type) => parameterType(writer, type));
  const proto = writer.builder.add({
    kind: "func_proto",
    type: prototype === undefined ? writer.int(32, true) : writer.id(prototype.result),
    parameters: Array.from({ length: source.parameters }, (_, i) => ({
      name: i === 0 ? "ctx" : `arg${i}`,
      type: types?.[i] ?? writer.int(64, false),
    })),
  });
  return writer.builder.add({ kind: "func", name, type: proto, linkage });
}
