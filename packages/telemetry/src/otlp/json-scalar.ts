import { TelemetryError } from "../errors.js";
import type { NamedField } from "./message.js";
import { inRange, isHex, type Scalar } from "./scalar.js";

const INTEGER = /^-?[0-9]{1,20}$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const NOT_FINITE: Readonly<Record<string, number>> = {
  NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** parseJson parses text, or bytes in UTF-8. Throws TelemetryError `malformed-json`. */
export function parseJson(text: string | Uint8Array): unknown {
  const source =
    typeof text === "string"
      ? text
      : Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString("utf8");
  try {
    return JSON.parse(source);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TelemetryError("malformed-json", `reading OTLP/JSON: ${why}`, { cause });
  }
}

/** wrong makes the error for a value that is not what OTLP/JSON has at that place. */
export function wrong(path: string, why: string): TelemetryError {
  return new TelemetryError("malformed-json", `reading OTLP/JSON at ${path || "the top"}: ${why}`, {
    hint: "OTLP/JSON has ids in hex, enums as numbers, 64-bit integers as strings, names in lowerCamelCase",
  });
}

/** jsonScalar reads a value of JSON that is not a message; `place` tells where it stands when it is wrong. */
export function jsonScalar(field: NamedField, value: unknown, place: () => string): Scalar {
  switch (field.kind) {
    case "string":
      if (typeof value === "string") return value;
      break;
    case "hex":
      if (typeof value === "string" && isHex(value)) return value.toLowerCase();
      break;
    case "bytes":
      if (typeof value === "string" && BASE64.test(value))
        return Uint8Array.from(Buffer.from(value, "base64"));
      break;
    case "bool":
      if (typeof value === "boolean") return value;
      break;
    case "double":
      return readDouble(value, place);
    default:
      return readInteger(field, value, place);
  }
  throw wrong(place(), `${JSON.stringify(value).slice(0, 60)} is not ${field.kind}`);
}

function readDouble(value: unknown, place: () => string): number {
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    const special = Object.hasOwn(NOT_FINITE, value) ? NOT_FINITE[value] : undefined;
    if (special !== undefined) return special;
    const number = Number(value);
    if (value.trim() !== "" && Number.isFinite(number)) return number;
  }
  throw wrong(place(), `${JSON.stringify(value).slice(0, 60)} is not a number`);
}

function readInteger(field: NamedField, value: unknown, place: () => string): number | bigint {
  const wide =
    field.kind === "int64" ||
    field.kind === "uint64" ||
    field.kind === "fixed64" ||
    field.kind === "sfixed64";
  const fits =
    (typeof value === "number" && Number.isInteger(value)) ||
    (typeof value === "string" && field.kind !== "enum" && INTEGER.test(value));
  if (fits) {
    // Senders that write 64-bit numbers as JSON numbers lose digits above 2^53 in every JSON reader, ours too.
    const integer = wide ? BigInt(value) : Number(value);
    if (inRange(field.kind, integer)) return integer;
  }
  throw wrong(place(), `${JSON.stringify(value).slice(0, 60)} is not ${field.kind}`);
}
