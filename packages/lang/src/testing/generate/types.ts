import { pick, type Random } from "../random.js";

/** GenType is a type of a generated program. */
export type GenType =
  | { readonly kind: "int"; readonly name: string; readonly base: string }
  | { readonly kind: "bool"; readonly name: string }
  | { readonly kind: "array"; readonly name: string; readonly element: GenType; readonly length: number }
  | {
      readonly kind: "struct";
      readonly name: string;
      readonly fields: readonly { readonly name: string; readonly type: GenType }[];
    };

export type GenInt = GenType & { kind: "int" };

const plainInt = (name: string): GenInt => ({ kind: "int", name, base: name });

/** plainInts are Go's integers, of which there is always a variable. */
export const plainInts: readonly GenInt[] = [
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "int8",
  "int16",
  "int32",
  "int64",
].map(plainInt);

export const goInt = plainInt("int");
export const boolType: GenType = { kind: "bool", name: "bool" };
export const uint32Type = plainInt("uint32");
export const uint64Type = plainInt("uint64");

/** bytesType is an array of bytes. */
export function bytesType(length: number): GenType & { kind: "array" } {
  return arrayOf(plainInt("uint8"), length);
}

/** arrayOf makes an array type. */
export function arrayOf(element: GenType, length: number): GenType & { kind: "array" } {
  return { kind: "array", name: `[${length}]${element.name}`, element, length };
}

/** bitsOf is the width of an integer type. */
export function bitsOf(type: GenInt): number {
  return Number(/\d+$/.exec(type.base)?.[0] ?? 64);
}

/** isSigned tells whether an integer type has negative values. */
export function isSigned(type: GenInt): boolean {
  return type.base.startsWith("i");
}

/** sizeOfGen is at least the size of a type; padding counts as a word a field. */
export function sizeOfGen(type: GenType): number {
  if (type.kind === "bool") return 1;
  if (type.kind === "int") return bitsOf(type) / 8;
  if (type.kind === "array") return type.length * sizeOfGen(type.element);
  return type.fields.reduce((sum, field) => sum + Math.ceil(sizeOfGen(field.type) / 8) * 8, 0);
}

/** Declared are the types a program declares. */
export interface Declared {
  readonly text: string;
  readonly ints: readonly GenInt[];
  readonly structs: readonly (GenType & { kind: "struct" })[];
  /** arrays are few, so that there are several of one type to copy and compare. */
  readonly arrays: readonly GenType[];
}

function fieldType(
  random: Random,
  ints: readonly GenInt[],
  structs: readonly GenType[],
  arrays: readonly GenType[],
): GenType {
  const choice = random(12);
  if (choice === 0) return boolType;
  if (choice === 1 && structs.length > 0) return pick(random, structs);
  if (choice <= 4) return pick(random, arrays);
  if (choice === 5 && structs.length > 0) return arrayOf(pick(random, structs), 2);
  return pick(random, ints);
}

/** declareTypes makes up named integers and structs; later structs may hold earlier ones. */
export function declareTypes(random: Random): Declared {
  const lines: string[] = [];
  const ints: GenInt[] = [...plainInts, goInt];
  for (const name of ["Color", "Port"]) {
    if (random(2) === 0) continue;
    const base = pick(random, plainInts).name;
    ints.push({ kind: "int", name, base });
    lines.push(`type ${name} ${base}`);
  }
  const arrays = [bytesType(pick(random, [2, 3, 4, 6, 8]))];
  for (let i = 0; i < 2; i++) arrays.push(arrayOf(pick(random, ints), pick(random, [2, 3, 4, 5, 8])));
  const structs: (GenType & { kind: "struct" })[] = [];
  for (let i = 0, count = 1 + random(3); i < count; i++) {
    const fields = Array.from({ length: 1 + random(5) }, (_, n) => ({
      name: `F${n}`,
      type: fieldType(random, ints, structs, arrays),
    }));
    const struct = { kind: "struct", name: `S${i}`, fields } as const;
    if (sizeOfGen(struct) > 120) continue;
    structs.push(struct);
    lines.push(
      `type S${i} struct {\n${fields.map((each) => `\t${each.name} ${each.type.name}`).join("\n")}\n}`,
    );
  }
  if (structs.length === 0) {
    structs.push({ kind: "struct", name: "S9", fields: [{ name: "F0", type: uint64Type }] });
    lines.push("type S9 struct {\n\tF0 uint64\n}");
  }
  return { text: `${lines.join("\n")}\n`, ints, structs, arrays };
}

/** hasBool tells whether a value holds a bool: bytes from outside may be neither 0 nor 1, which is no bool. */
export function hasBool(type: GenType): boolean {
  if (type.kind === "array") return hasBool(type.element);
  return type.kind === "bool" || (type.kind === "struct" && type.fields.some((field) => hasBool(field.type)));
}
