import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import type { ObjectSpec, VariableSpec } from "./spec.js";

/** ConstantValue is a value for a variable: a number, a truth value, text (NUL-padded), or bytes as they are. */
export type ConstantValue = number | bigint | boolean | string | Uint8Array;

function refuse(variable: VariableSpec, why: string): never {
  throw new BpfError("bad-argument", `variable "${variable.name}": ${why}`);
}

function encodeInteger(variable: VariableSpec, value: bigint, signed: boolean | undefined): Uint8Array {
  const bits = variable.size * 8;
  if (![8, 16, 32, 64].includes(bits))
    return refuse(variable, `it has ${variable.size} bytes and is no number`);
  const low = signed === false ? 0n : -(1n << BigInt(bits - 1));
  const high = signed === true ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  if (value < low || value > high) return refuse(variable, `${value} does not fit (${low} to ${high})`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes.subarray(0, variable.size);
}

function encodeValue(variable: VariableSpec, value: ConstantValue, btf: Btf | undefined): Uint8Array {
  if (typeof value === "string" || value instanceof Uint8Array) {
    const given = typeof value === "string" ? new TextEncoder().encode(value) : value;
    if (given.length > variable.size) {
      return refuse(variable, `${given.length} bytes do not fit into ${variable.size}`);
    }
    const bytes = new Uint8Array(variable.size);
    bytes.set(given);
    return bytes;
  }
  if (typeof value === "number" && !Number.isInteger(value))
    return refuse(variable, `${value} is not an integer`);
  const type = btf === undefined || variable.type === 0 ? undefined : btf.type(btf.resolve(variable.type));
  const signed = type?.kind === "int" ? type.encoding === "signed" : undefined;
  return encodeInteger(variable, BigInt(value), signed);
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
    const variable = spec.variables.get(name);
    if (variable === undefined) {
      const hint = `it has ${[...spec.variables.keys()].join(", ") || "none"}`;
      throw new BpfError("not-found", `the object has no variable "${name}"`, { hint });
    }
    const map = spec.maps.get(variable.map);
    if (map === undefined) continue;
    const bytes =
      contents.get(variable.map) ?? new Uint8Array(map.contents?.[0]?.value ?? new Uint8Array(map.valueSize));
    bytes.set(encodeValue(variable, value, btf), variable.offset);
    contents.set(variable.map, bytes);
  }
  return contents;
}
