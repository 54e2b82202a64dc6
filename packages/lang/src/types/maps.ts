import type { Range } from "../source/file.js";
import { type Env, fail } from "./env.js";
import type { MapRow } from "./map-kinds.js";
import type { MapSymbol } from "./symbols.js";
import {
  badType,
  identical,
  layOut,
  type MapType,
  type Type,
  typeName,
  uint32,
  uint64,
  under,
  voidType,
} from "./type.js";

/** buckets of a histogram: one for 0, and one for each number of bits a value can have. */
export const histogramBuckets = 65;

/** histogramType is the value of a histogram's key: bucket i counts values of i bits, from 2^(i-1) to 2^i - 1. */
export const histogramType: Type = layOut("Histogram", [
  { name: "Count", type: uint64, embedded: false },
  { name: "Sum", type: uint64, embedded: false },
  { name: "Buckets", type: { kind: "array", element: uint64, length: histogramBuckets }, embedded: false },
]);

/** checkEntries checks what keys and values of a kind of map must be like. */
function checkEntries(env: Env, range: Range, type: MapType): void {
  const key = under(type.key);
  if (type.row.name === "LPMTrie" && key.kind !== "bad") {
    const first = key.kind === "struct" ? key.fields[0] : undefined;
    const length = first === undefined ? undefined : under(first.type);
    if (length?.kind !== "int" || length.bits !== 32)
      fail(
        env,
        "wrong-type",
        range,
        "a trie's key is a struct that begins with the prefix's length",
        "type Key struct { PrefixLen uint32; Addr [4]byte }",
      );
  }
  if (type.row.family === "maps" && type.value.kind !== "map" && type.value.kind !== "bad")
    fail(
      env,
      "wrong-type",
      range,
      `the values of bpf.${type.row.name} are maps, not ${typeName(type.value)}`,
      "bpf.HashOfMaps[uint32, bpf.Array[uint64](8)](100)",
    );
}

/** MapExtra is what attributes and constructors say of a map besides its types. */
export type MapExtra = Pick<MapSymbol, "pin" | "flags" | "initial">;

/** entryTypes are the types of a map's keys and values. */
export function entryTypes(row: MapRow, types: readonly Type[]): { key: Type; value: Type } {
  const last = types[row.typeArguments - 1];
  switch (row.family) {
    case "array":
      return { key: uint32, value: last ?? uint64 };
    case "stack-trace":
      return { key: uint32, value: voidType };
    case "programs":
    case "devices":
      return { key: uint32, value: uint32 };
    case "sockets":
      return { key: types[0] ?? uint32, value: uint64 };
    case "histogram":
      return { key: types[0] ?? uint32, value: histogramType };
    case "maps":
      return { key: row.typeArguments === 2 ? (types[0] ?? badType) : uint32, value: last ?? badType };
    default:
      return { key: row.typeArguments === 2 ? (types[0] ?? badType) : voidType, value: last ?? uint64 };
  }
}

/** mapTypeOf is the type of a map. */
export function mapTypeOf(row: MapRow, types: readonly Type[], entries: number): MapType {
  return { kind: "map", row, ...entryTypes(row, types), entries };
}

/** declareMap makes a map, or finds the one of that name and checks that both agree. */
export function declareMap(
  env: Env,
  range: Range,
  name: string,
  row: MapRow,
  types: readonly Type[],
  entries: number,
  extra: MapExtra = { pin: false, flags: 0 },
): MapSymbol | undefined {
  if (types.length !== row.typeArguments && !(row.typeArguments === 1 && types.length === 0)) {
    const wanted = row.typeArguments === 2 ? "[K, V]" : row.typeArguments === 1 ? "[V]" : "no types";
    fail(env, "bad-call", range, `bpf.${row.name} takes ${wanted}`);
    return undefined;
  }
  const type = mapTypeOf(row, types, entries);
  const { key, value } = type;
  checkEntries(env, range, type);
  const known = env.unit.maps.get(name);
  if (known !== undefined) {
    if (known.type.row === row && identical(known.type.key, key) && identical(known.type.value, value))
      return known;
    env.unit.report.error(
      "map-conflict",
      range,
      `the map ${name} is ${typeName(known.type)} elsewhere and ${typeName(type)} here`,
      "one name is one map",
      [{ start: known.declared.start, end: known.declared.end, message: "declared here" }],
    );
    return known;
  }
  if (
    (row.family === "ring" || row.family === "user-ring") &&
    entries > 0 &&
    (entries & (entries - 1) || entries % 4096 !== 0)
  ) {
    fail(
      env,
      "out-of-range",
      range,
      `a ring buffer's size is a power of two and a multiple of 4096, ${entries} is not`,
      "e.g. 1 << 20",
    );
  }
  const symbol: MapSymbol = { kind: "map", name, declared: range, type, ...extra };
  env.unit.maps.set(name, symbol);
  return symbol;
}
