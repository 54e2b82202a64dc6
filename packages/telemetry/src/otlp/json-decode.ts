import { TelemetryError } from "../errors.js";
import { MAX_DEPTH } from "../wire/types.js";
import { defaultOf } from "./defaults.js";
import { jsonScalar, parseJson, wrong } from "./json-scalar.js";
import { type Fields, isFields, type MessageType, type NamedField } from "./message.js";

/**
 * decodeJson reads OTLP/JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hex, 64-bit
 * integers as numbers or strings, enums as numbers, names in lowerCamelCase only, unknown names passed over.
 * Throws TelemetryError `malformed-json` that names the place, such as `resourceSpans[0].resource`.
 */
export function decodeJson<T>(type: MessageType<T>, text: string | Uint8Array): T {
  return readMessage(type, parseJson(text), "", 0) as T;
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
  if (field.message === undefined) return jsonScalar(field, value, () => path);
  return readMessage(field.message(), value, path, depth + 1);
}
