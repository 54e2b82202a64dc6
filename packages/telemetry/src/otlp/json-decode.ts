import { TelemetryError } from "../errors.js";
import { MAX_DEPTH } from "../wire/types.js";
import { defaultOf } from "./defaults.js";
import { type Fields, isFields, type MessageType, type NamedField } from "./message.js";
import { inRange, isHex } from "./scalar.js";

const INTEGER = /^-?[0-9]{1,20}$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const NOT_FINITE: Readonly<Record<string, number>> = {
  NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/**
 * decodeJson reads OTLP/JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hex, 64-bit
 * integers as numbers or strings, enums as numbers, names in lowerCamelCase only, unknown names passed over.
 * Throws TelemetryError `malformed-json` that names the place, such as `resourceSpans[0].resource`.
 */
export function decodeJson<T>(type: MessageType<T>, text: string | Uint8Array): T {
  return readMessage(type, parse(text), "", 0) as T;
}

function parse(text: string | Uint8Array): unknown {
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

function wrong(path: string, why: string): TelemetryError {
  return new TelemetryError("malformed-json", `reading OTLP/JSON at ${path || "the top"}: ${why}`, {
    hint: "OTLP/JSON has ids in hex, enums as numbers, 64-bit integers as strings, names in lowerCamelCase",
  });
}

function readMessage(type: MessageType<unknown>, source: unknown, path: string, depth: number): Fields {
  if (!isFields(source)) {
    throw wrong(path, `${type.name} is an object`);
  }
  if (depth > MAX_DEPTH) {
    throw new TelemetryError(
      "nested-too-deep",
      `reading OTLP/JSON at ${path}: more than ${MAX_DEPTH} levels`,
    );
  }
  const target: Fields = {};
  for (const field of type.fields) {
    const content: unknown = Object.hasOwn(source, field.name) ? source[field.name] : undefined;
    if (content === undefined || content === null) {
      if (!field.presence) target[field.name] = field.repeated ? [] : defaultOf(field);
      continue;
    }
    const place = path === "" ? field.name : `${path}.${field.name}`;
    if (field.oneof !== undefined) {
      for (const other of type.fields) {
        if (other.oneof === field.oneof && other.name in target) {
          throw wrong(place, `${other.name} is set too, and only one of them may be`);
        }
      }
    }
    target[field.name] = field.repeated
      ? readItems(field, content, place, depth)
      : readValue(field, content, place, depth);
  }
  return target;
}

function readItems(field: NamedField, content: unknown, path: string, depth: number): unknown[] {
  if (!Array.isArray(content)) throw wrong(path, "a list is needed");
  return content.map((item: unknown, index) => readValue(field, item, `${path}[${index}]`, depth));
}

function readValue(field: NamedField, value: unknown, path: string, depth: number): unknown {
  switch (field.kind) {
    case "message":
      if (field.message === undefined) throw wrong(path, "no message type");
      return readMessage(field.message(), value, path, depth + 1);
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
      return readDouble(value, path);
    default:
      return readInteger(field, value, path);
  }
  throw wrong(path, `${JSON.stringify(value).slice(0, 60)} is not ${field.kind}`);
}

function readDouble(value: unknown, path: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    const special = Object.hasOwn(NOT_FINITE, value) ? NOT_FINITE[value] : undefined;
    if (special !== undefined) return special;
    const number = Number(value);
    if (value.trim() !== "" && Number.isFinite(number)) return number;
  }
  throw wrong(path, `${JSON.stringify(value).slice(0, 60)} is not a number`);
}

function readInteger(field: NamedField, value: unknown, path: string): number | bigint {
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
  throw wrong(path, `${JSON.stringify(value).slice(0, 60)} is not ${field.kind}`);
}
