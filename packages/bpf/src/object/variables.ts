import type { Btf } from "../btf/reader.js";
import type { BtfType } from "../btf/types.js";
import { BpfError } from "../errors.js";
import type { ObjectSpec, VariableSpec } from "./spec.js";

/**
 * ConstantValue is a value for a variable: a number, a truth value, text (for an enum the name of a value,
 * for an array of characters padded with NUL), or bytes as they are.
 */
export type ConstantValue = number | bigint | boolean | string | Uint8Array;

/** Dimensions of an array that an error names. */
const MAX_DIMENSIONS = 8;

/** VariableValue is a variable's value read back: numbers up to 32 bits as such, structs and arrays as bytes. */
export type VariableValue = number | bigint | boolean | Uint8Array;

function refuse(variable: VariableSpec, why: string): never {
  throw new BpfError("bad-argument", `variable "${variable.name}": ${why}`);
}

function typeOf(variable: VariableSpec, btf: Btf | undefined): BtfType | undefined {
  if (btf === undefined || variable.type === 0) return undefined;
  const id = btf.resolve(variable.type);
  return id === 0 ? undefined : btf.type(id);
}

// What a type is, for people: `int`, `enum state`, `char[16]`.
function nameOfType(type: BtfType, btf: Btf): string {
  let [at, lengths] = [type, ""];
  // A hostile array may be its own element.
  for (let depth = 0; at.kind === "array" && depth < MAX_DIMENSIONS; depth++) {
    lengths += `[${at.length}]`;
    const element = btf.resolve(at.type);
    if (element === 0) return `void${lengths}`;
    at = btf.type(element);
  }
  const name = "name" in at && at.name !== "" ? at.name : undefined;
  if (at.kind === "int" || at.kind === "float") return `${name ?? at.kind}${lengths}`;
  const kind = at.kind === "enum64" ? "enum" : at.kind;
  return `${name === undefined ? kind : `${kind} ${name}`}${lengths}`;
}

function encodeInteger(variable: VariableSpec, value: bigint, signed: boolean | undefined): Uint8Array {
  const bits = variable.size * 8;
  if (![8, 16, 32, 64].includes(bits)) {
    return refuse(variable, `it has ${variable.size} bytes and is no number`);
  }
  const low = signed === false ? 0n : -(1n << BigInt(bits - 1));
  const high = signed === true ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  if (value < low || value > high) return refuse(variable, `${value} does not fit (${low} to ${high})`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes.subarray(0, variable.size);
}

function encodeText(variable: VariableSpec, text: string, type: BtfType | undefined, btf: Btf): Uint8Array {
  if (type !== undefined && "values" in type) {
    const found = type.values.find(({ name }) => name === text);
    if (found !== undefined) return encodeInteger(variable, BigInt(found.value), undefined);
    const known = type.values.map(({ name }) => name).join(", ");
    return refuse(variable, `${nameOfType(type, btf)} has no value "${text}", but ${known}`);
  }
  const isText = type?.kind === "array" && btf.sizeOf(type.type) === 1;
  if (type !== undefined && !isText)
    return refuse(variable, `it is ${nameOfType(type, btf)}, which takes no text`);
  const given = new TextEncoder().encode(text);
  if (given.length > variable.size) {
    return refuse(variable, `${given.length} bytes do not fit into ${variable.size}`);
  }
  const bytes = new Uint8Array(variable.size);
  bytes.set(given);
  return bytes;
}

/**
 * encodeVariable gives the bytes of a value, checked against the variable's type in the object's BTF. Throws
 * BpfError `bad-argument` for what does not fit.
 */
export function encodeVariable(
  variable: VariableSpec,
  value: ConstantValue,
  btf: Btf | undefined,
): Uint8Array {
  if (value instanceof Uint8Array) {
    if (value.length === variable.size) return value;
    return refuse(variable, `${value.length} bytes were given, it has ${variable.size}`);
  }
  const type = typeOf(variable, btf);
  if (typeof value === "string") {
    if (btf !== undefined) return encodeText(variable, value, type, btf);
    const bytes = new Uint8Array(variable.size);
    const given = new TextEncoder().encode(value);
    if (given.length > bytes.length)
      return refuse(variable, `${given.length} bytes do not fit into ${bytes.length}`);
    bytes.set(given);
    return bytes;
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    return refuse(variable, `${value} is not an integer that a number holds exactly`);
  }
  const number = BigInt(value);
  if (type === undefined) return encodeInteger(variable, number, undefined);
  if (type.kind === "int") {
    if (type.encoding === "bool") {
      if (number === 0n || number === 1n) return encodeInteger(variable, number, false);
      return refuse(variable, `${value} is neither true nor false`);
    }
    return encodeInteger(variable, number, type.encoding === "signed");
  }
  if ("values" in type) {
    if (type.values.some((one) => BigInt(one.value) === number))
      return encodeInteger(variable, number, undefined);
    const known = type.values.map((one) => `${one.name} = ${one.value}`).join(", ");
    const what = btf === undefined ? "the enum" : nameOfType(type, btf);
    return refuse(variable, `${what} has no value ${value}, but ${known}`);
  }
  if (type.kind === "ptr") return encodeInteger(variable, number, false);
  const what = btf === undefined ? type.kind : nameOfType(type, btf);
  return refuse(variable, `it is ${what}: give its ${variable.size} bytes`);
}

/** decodeVariable reads a variable's value from its bytes by its type; without a known type it stays bytes. */
export function decodeVariable(
  variable: VariableSpec,
  bytes: Uint8Array,
  btf: Btf | undefined,
): VariableValue {
  const type = typeOf(variable, btf);
  const isNumber = type?.kind === "int" || type?.kind === "ptr" || (type !== undefined && "values" in type);
  if (!isNumber || ![1, 2, 4, 8].includes(variable.size)) return new Uint8Array(bytes);
  const signed =
    type.kind === "int" ? type.encoding === "signed" : "values" in type && (type.signed ?? false);
  const view = new DataView(bytes.buffer, bytes.byteOffset, variable.size);
  if (type.kind === "int" && type.encoding === "bool") return view.getUint8(0) !== 0;
  switch (variable.size) {
    case 1:
      return signed ? view.getInt8(0) : view.getUint8(0);
    case 2:
      return signed ? view.getInt16(0, true) : view.getUint16(0, true);
    case 4:
      return signed ? view.getInt32(0, true) : view.getUint32(0, true);
    default:
      return signed ? view.getBigInt64(0, true) : view.getBigUint64(0, true);
  }
}

/** variableOf finds a variable by name. Throws BpfError `not-found` that names those there are. */
export function variableOf(spec: ObjectSpec, name: string): VariableSpec {
  const variable = spec.variables.get(name);
  if (variable !== undefined) return variable;
  const hint = `it has ${[...spec.variables.keys()].join(", ") || "none"}`;
  throw new BpfError("not-found", `the object has no variable "${name}"`, { hint });
}

/**
 * setVariables gives the contents of an object's data sections with variables set by name, by map. Throws
 * BpfError `not-found` for a name the object does not have, `bad-argument` for a value that does not fit.
 */
export function setVariables(
  spec: ObjectSpec,
  values: Readonly<Record<string, ConstantValue>>,
  btf: Btf | undefined,
): Map<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  for (const [name, value] of Object.entries(values)) {
    const variable = variableOf(spec, name);
    const map = spec.maps.get(variable.map);
    if (map === undefined) continue;
    const bytes =
      contents.get(variable.map) ?? new Uint8Array(map.contents?.[0]?.value ?? new Uint8Array(map.valueSize));
    bytes.set(encodeVariable(variable, value, btf), variable.offset);
    contents.set(variable.map, bytes);
  }
  return contents;
}
