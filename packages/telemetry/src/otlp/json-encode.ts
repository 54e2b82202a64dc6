import { TelemetryError } from "../errors.js";
import { MAX_DEPTH } from "../wire/types.js";
import { isDefault } from "./defaults.js";
import { type Input, isFields, type MessageType, type NamedField } from "./message.js";
import { checkScalar } from "./scalar.js";

type JsonObject = Record<string, unknown>;

/** encodeJson writes OTLP/JSON text: the reverse of decodeJson, with 64-bit integers as strings and defaults left out. */
export function encodeJson<T>(type: MessageType<T>, value: Input<T>): string {
  return JSON.stringify(jsonOf(type, value, 0));
}

function jsonOf(type: MessageType<unknown>, value: unknown, depth: number): JsonObject {
  if (!isFields(value)) {
    throw new TelemetryError("unencodable-value", `encoding ${type.name}: ${String(value)} is not an object`);
  }
  if (depth > MAX_DEPTH) {
    throw new TelemetryError("nested-too-deep", `encoding ${type.name}: more than ${MAX_DEPTH} levels`);
  }
  const target: JsonObject = {};
  for (const field of type.fields) {
    const content = value[field.name];
    if (content === undefined || content === null) continue;
    if (!field.repeated) {
      if (field.presence || !isDefault(field, content)) target[field.name] = jsonValue(field, content, depth);
    } else if (!Array.isArray(content)) {
      throw new TelemetryError("unencodable-value", `encoding ${type.name}.${field.name}: a list is needed`);
    } else if (content.length > 0) {
      target[field.name] = content.map((item: unknown) => jsonValue(field, item, depth));
    }
  }
  return target;
}

function jsonValue(field: NamedField, given: unknown, depth: number): unknown {
  if (field.kind === "message" && field.message !== undefined)
    return jsonOf(field.message(), given, depth + 1);
  const value = checkScalar(field, given);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (field.kind === "hex" && typeof value === "string") return value.toLowerCase();
  // JSON has a negative zero, but JSON.stringify writes it as 0; the text form keeps the sign.
  if (Object.is(value, -0)) return "-0";
  return value;
}
