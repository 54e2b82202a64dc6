import { TelemetryError } from "../errors.js";
import type { NamedField, ScalarKind } from "./message.js";

const HEX = /^(?:[0-9a-fA-F]{2})*$/;

const INTEGER_RANGE: Readonly<Partial<Record<ScalarKind | "message", readonly [bigint, bigint]>>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  enum: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

/** Scalar is a value that is not a message. */
export type Scalar = string | number | bigint | boolean | Uint8Array;

/** isHex tells whether text is hex digits in pairs. */
export function isHex(text: string): boolean {
  return HEX.test(text);
}

/** inRange tells whether an integer fits a field of this kind. */
export function inRange(kind: ScalarKind | "message", value: number | bigint): boolean {
  const range = INTEGER_RANGE[kind];
  return range !== undefined && value >= range[0] && value <= range[1];
}

/** checkScalar gives the value back when it fits its field and throws `unencodable-value` otherwise. */
export function checkScalar(field: NamedField, value: unknown): Scalar {
  switch (field.kind) {
    case "string":
      if (typeof value === "string") return value;
      break;
    case "hex":
      if (typeof value === "string" && isHex(value)) return value;
      break;
    case "bytes":
      if (value instanceof Uint8Array) return value;
      break;
    case "bool":
      if (typeof value === "boolean") return value;
      break;
    case "double":
      if (typeof value === "number") return value;
      break;
    case "int64":
    case "uint64":
    case "fixed64":
    case "sfixed64":
      if (typeof value === "bigint" && inRange(field.kind, value)) return value;
      break;
    default:
      if (typeof value === "number" && Number.isInteger(value) && inRange(field.kind, value)) return value;
  }
  throw new TelemetryError(
    "unencodable-value",
    `encoding field ${field.name}: ${typeof value} ${String(value).slice(0, 40)} is not a ${field.kind}`,
  );
}
