import type { Range } from "../source/file.js";
import { type Env, fail } from "./env.js";
import type { MapRow } from "./map-kinds.js";
import type { MapSymbol } from "./symbols.js";
import { badType, identical, type MapType, type Type, typeName, uint32, uint64, voidType } from "./type.js";

/** declareMap makes a map, or finds the one of that name and checks that both agree. */
export function declareMap(
  env: Env,
  range: Range,
  name: string,
  row: MapRow,
  types: readonly Type[],
  entries: number,
  extra: { readonly pin: boolean; readonly flags: number } = { pin: false, flags: 0 },
): MapSymbol | undefined {
  if (types.length !== row.typeArguments && !(row.typeArguments === 1 && types.length === 0)) {
    const wanted = row.typeArguments === 2 ? "[K, V]" : row.typeArguments === 1 ? "[V]" : "no types";
    fail(env, "bad-call", range, `bpf.${row.name} takes ${wanted}`);
    return undefined;
  }
  const value = types[row.typeArguments - 1] ?? (row.family === "stack-trace" ? voidType : uint64);
  const key =
    row.typeArguments === 2
      ? (types[0] ?? badType)
      : row.family === "array" || row.family === "stack-trace"
        ? uint32
        : voidType;
  const type: MapType = { kind: "map", row, key, value, entries };
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
  if (row.family === "ring" && entries > 0 && (entries & (entries - 1) || entries % 4096 !== 0)) {
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
