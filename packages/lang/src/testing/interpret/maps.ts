import type { MapSymbol } from "../../types/symbols.js";
import { sizeOf } from "../../types/type.js";
import { type Memory, newMemory } from "./memory.js";

/** Errors as the kernel's maps give them: include/uapi/asm-generic/errno-base.h. */
const ENOENT = -2n;
const E2BIG = -7n;
const EEXIST = -17n;

/** MapState is a map's contents: values by key in hexadecimal, or the values of a queue in order. */
export interface MapState {
  readonly symbol: MapSymbol;
  readonly values: Map<string, Memory>;
  readonly queue: Uint8Array[];
}

/** keyText is a key as values are kept by it. */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("hex");
}

/** newMap makes an empty map; an array has all its values from the start. */
export function newMap(symbol: MapSymbol): MapState {
  const { row, entries, value } = symbol.type;
  const state: MapState = { symbol, values: new Map(), queue: [] };
  if (row.family !== "array") return state;
  for (let i = 0; i < entries; i++) {
    const key = new Uint8Array(4);
    new DataView(key.buffer).setUint32(0, i, true);
    state.values.set(keyText(key), newMemory(sizeOf(value)));
  }
  return state;
}

/** update is bpf_map_update_elem: flags 1 refuses keys that are there, 2 keys that are not. */
export function update(map: MapState, key: Uint8Array, value: Uint8Array, flags: bigint): bigint {
  const { row, entries } = map.symbol.type;
  const text = keyText(key);
  const known = map.values.get(text);
  if (row.family === "array" && known === undefined) return E2BIG;
  if (known !== undefined && flags === 1n) return EEXIST;
  if (known === undefined && flags === 2n) return ENOENT;
  if (known === undefined && map.values.size >= entries) return E2BIG;
  if (row.family === "array") known?.bytes.set(value);
  else map.values.set(text, newMemory(value.slice()));
  return 0n;
}

/** remove is bpf_map_delete_elem. */
export function remove(map: MapState, key: Uint8Array): bigint {
  return map.values.delete(keyText(key)) ? 0n : ENOENT;
}

/** push is bpf_map_push_elem without flags. */
export function push(map: MapState, value: Uint8Array): bigint {
  if (map.queue.length >= map.symbol.type.entries) return E2BIG;
  map.queue.push(value.slice());
  return 0n;
}

/** take is bpf_map_pop_elem or bpf_map_peek_elem; an empty map clears the value that was asked for. */
export function take(map: MapState, into: Uint8Array, removes: boolean): bigint {
  const isStack = map.symbol.type.row.name === "Stack";
  const found = isStack ? map.queue.at(-1) : map.queue[0];
  into.fill(0);
  if (found === undefined) return ENOENT;
  into.set(found);
  if (removes && isStack) map.queue.pop();
  else if (removes) map.queue.shift();
  return 0n;
}
