import type { CallExpr, Expr } from "../../syntax/ast.js";
import { wrap } from "../../types/convert.js";
import type { MapMethodRow } from "../../types/map-methods.js";
import type { MapSymbol } from "../../types/symbols.js";
import { identical, sizeOf, type Type, under } from "../../types/type.js";
import { integer, integerType, type Machine, pointer, type RingRecord, typeOf } from "./machine.js";
import { keyText, push, remove, take, update } from "./maps.js";
import { type Datum, newMemory, store, Unsupported, word } from "./memory.js";

/** operandBytes evaluates a key or value, given by value or by address. */
export function operandBytes(machine: Machine, expr: Expr, type: Type): Uint8Array {
  const given = typeOf(machine, expr);
  const of = under(given);
  const size = sizeOf(type);
  if (of.kind === "pointer" && identical(of.target, type) && !identical(given, type)) {
    const { memory, offset } = pointer(machine, expr);
    return memory.bytes.slice(offset, offset + size);
  }
  const memory = newMemory(size);
  store({ memory, offset: 0, type }, machine.value(machine, expr));
  return memory.bytes;
}

function bytesAt(machine: Machine, expr: Expr, size: number): Uint8Array {
  const { memory, offset } = pointer(machine, expr);
  return memory.bytes.subarray(offset, offset + size);
}

function recordOf(machine: Machine, map: MapSymbol, expr: Expr): RingRecord {
  const { memory } = pointer(machine, expr);
  const found = machine.rings.get(map)?.find((each) => each.memory === memory);
  if (found === undefined) throw new Error("this is no record of the ring buffer");
  return found;
}

/** reserve makes a cleared record; ring buffers are never full here. */
export function reserve(machine: Machine, map: MapSymbol, type: Type): Datum {
  const memory = newMemory(sizeOf(type));
  machine.rings.get(map)?.push({ memory, state: "held" });
  return { memory, offset: 0 };
}

function add(machine: Machine, map: MapSymbol, key: Uint8Array, amount: bigint): void {
  const { type } = map;
  const state = machine.maps.get(map);
  const memory = state?.values.get(keyText(key));
  const of = integerType(type.value);
  const at = { memory: memory ?? newMemory(of.bits / 8), offset: 0, type: type.value };
  store(at, wrap(word(at, of.bits / 8) + amount, of));
  if (memory === undefined && state !== undefined && type.row.family === "hash")
    update(state, key, at.memory.bytes, 1n);
}

/** mapMethod interprets a call of a map's method. */
export function mapMethod(machine: Machine, row: MapMethodRow, map: MapSymbol, expr: CallExpr): Datum {
  const state = machine.maps.get(map);
  const { key, value } = map.type;
  const [first, second, third] = expr.arguments;
  if (row.name === "Reserve") return reserve(machine, map, value);
  if (state === undefined || first === undefined) throw new Unsupported(row.name);
  switch (row.name) {
    case "Lookup": {
      const memory = state.values.get(keyText(operandBytes(machine, first, key)));
      return memory === undefined ? undefined : { memory, offset: 0 };
    }
    case "Update":
    case "Insert":
    case "Replace": {
      if (second === undefined) break;
      const at = operandBytes(machine, first, key);
      const given = operandBytes(machine, second, value);
      const flags = row.name === "Insert" ? 1n : row.name === "Replace" ? 2n : 0n;
      return update(state, at, given, third === undefined ? flags : integer(machine, third));
    }
    case "Delete":
      return remove(state, operandBytes(machine, first, key));
    case "Increment":
    case "Add": {
      const at = operandBytes(machine, first, key);
      add(machine, map, at, second === undefined ? 1n : integer(machine, second));
      return undefined;
    }
    case "Push":
      return push(state, operandBytes(machine, first, value));
    case "Pop":
    case "Peek":
      return take(state, bytesAt(machine, first, sizeOf(value)), row.name === "Pop");
    case "Submit":
    case "Discard":
      recordOf(machine, map, first).state = row.name === "Submit" ? "sent" : "dropped";
      return undefined;
    case "Output":
      machine.rings.get(map)?.push({ memory: newMemory(operandBytes(machine, first, value)), state: "sent" });
      return 0n;
    default:
  }
  throw new Unsupported(`the method ${row.name}`);
}
