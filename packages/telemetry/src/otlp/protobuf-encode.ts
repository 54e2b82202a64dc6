import { TelemetryError } from "../errors.js";
import { MAX_DEPTH } from "../wire/types.js";
import { WireWriter } from "../wire/writer.js";
import { isDefault } from "./defaults.js";
import { type Input, isFields, type MessageType, type NamedField } from "./message.js";
import { checkScalar } from "./scalar.js";
import { writeScalar } from "./write-scalar.js";

/**
 * encodeProtobuf writes a message; properties that are missing or have protobuf's default take no bytes.
 * Throws TelemetryError `unencodable-value` where a value does not fit its field (an id that is not hex, a count below 0).
 */
export function encodeProtobuf<T>(type: MessageType<T>, value: Input<T>): Uint8Array {
  const writer = new WireWriter();
  writeMessage(type, writer, value, 0);
  return writer.finish();
}

function writeMessage(type: MessageType<unknown>, writer: WireWriter, value: unknown, depth: number): void {
  if (!isFields(value)) {
    throw new TelemetryError("unencodable-value", `encoding ${type.name}: ${String(value)} is not an object`);
  }
  if (depth > MAX_DEPTH) {
    throw new TelemetryError(
      "nested-too-deep",
      `encoding ${type.name}: more than ${MAX_DEPTH} nested messages`,
    );
  }
  for (const field of type.fields) {
    const content = value[field.name];
    if (content === undefined || content === null) continue;
    if (!field.repeated) {
      if (field.presence || !isDefault(field, content)) writeField(field, writer, content, depth);
    } else if (!Array.isArray(content)) {
      throw new TelemetryError("unencodable-value", `encoding ${type.name}.${field.name}: a list is needed`);
    } else if (content.length > 0) writeItems(field, writer, content, depth);
  }
}

function writeItems(field: NamedField, writer: WireWriter, items: readonly unknown[], depth: number): void {
  if (field.kind === "message" || field.kind === "string") {
    for (const item of items) writeField(field, writer, item, depth);
    return;
  }
  const mark = writer.begin(field.number);
  for (const item of items) writeScalar(field, writer, checkScalar(field, item), false);
  writer.end(mark);
}

function writeField(field: NamedField, writer: WireWriter, value: unknown, depth: number): void {
  if (field.kind !== "message" || field.message === undefined) {
    writeScalar(field, writer, checkScalar(field, value), true);
    return;
  }
  const mark = writer.begin(field.number);
  writeMessage(field.message(), writer, value, depth + 1);
  writer.end(mark);
}
