import { wrap } from "../../types/convert.js";
import { sizeOf, type Type, under } from "../../types/type.js";

/** Memory is one object of the interpreted program: a variable, a map's value, a record, the packet. */
export interface Memory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** pointer is the value of a variable that holds a pointer; its bytes are not used. */
  pointer: Pointer | undefined;
}

/** Pointer is an address; nil is undefined. */
export interface Pointer {
  readonly memory: Memory;
  readonly offset: number;
}

/** Place is where a value is. */
export interface Place extends Pointer {
  readonly type: Type;
}

/** Datum is any value: an integer, a bool, a pointer or nil, or the bytes of a struct or an array. */
export type Datum = bigint | boolean | Pointer | Uint8Array | undefined;

/** Unsupported: the program has something that the interpreter does not know. */
export class Unsupported extends Error {}

/** newMemory makes a cleared object, or one over given bytes. */
export function newMemory(of: number | Uint8Array): Memory {
  const bytes = typeof of === "number" ? new Uint8Array(of) : of;
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    pointer: undefined,
  };
}

/** word reads `size` bytes as a little-endian number. */
export function word({ memory, offset }: Pointer, size: number): bigint {
  const { view } = memory;
  if (size === 8) return view.getBigUint64(offset, true);
  if (size === 4) return BigInt(view.getUint32(offset, true));
  return BigInt(size === 2 ? view.getUint16(offset, true) : view.getUint8(offset));
}

/** setWord writes the low `size` bytes of a number. */
export function setWord({ memory, offset }: Pointer, size: number, value: bigint): void {
  const { view } = memory;
  if (size === 8) view.setBigUint64(offset, BigInt.asUintN(64, value), true);
  else if (size === 4) view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
  else if (size === 2) view.setUint16(offset, Number(BigInt.asUintN(16, value)), true);
  else view.setUint8(offset, Number(BigInt.asUintN(8, value)));
}

/** load reads a value; structs and arrays come as a copy of their bytes. */
export function load(place: Place): Datum {
  const of = under(place.type);
  const { memory, offset } = place;
  if (of.kind === "int") return wrap(word(place, of.bits / 8), of);
  if (of.kind === "bool") return memory.view.getUint8(offset) !== 0;
  if (of.kind === "pointer") {
    if (offset !== 0) throw new Unsupported("a pointer inside a value");
    return memory.pointer;
  }
  return memory.bytes.slice(offset, offset + sizeOf(of));
}

/** store writes a value. */
export function store(place: Place, value: Datum): void {
  const of = under(place.type);
  if (value instanceof Uint8Array) place.memory.bytes.set(value, place.offset);
  else if (of.kind === "int" && typeof value === "bigint") setWord(place, of.bits / 8, value);
  else if (of.kind === "bool" && typeof value === "boolean")
    place.memory.view.setUint8(place.offset, value ? 1 : 0);
  else if (of.kind === "pointer" && typeof value !== "bigint" && typeof value !== "boolean") {
    if (place.offset !== 0) throw new Unsupported("a pointer inside a value");
    place.memory.pointer = value;
  } else throw new Error(`a ${of.kind} cannot hold ${typeof value}`);
}
