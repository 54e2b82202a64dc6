import { TelemetryError } from "../errors.js";
import { MAX_DEPTH, WIRE } from "../wire/types.js";
import { WireWriter } from "../wire/writer.js";
import { isDefault } from "./defaults.js";
import { type Input, isFields, type MessageType, type NamedField } from "./message.js";
import { checkScalar } from "./scalar.js";

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
  for (const item of items) writeScalar(field, writer, item, false);
  writer.end(mark);
}

function writeField(field: NamedField, writer: WireWriter, value: unknown, depth: number): void {
  if (field.kind !== "message" || field.message === undefined) {
    writeScalar(field, writer, value, true);
    return;
  }
  const mark = writer.begin(field.number);
  writeMessage(field.message(), writer, value, depth + 1);
  writer.end(mark);
}

function writeScalar(field: NamedField, writer: WireWriter, given: unknown, tagged: boolean): void {
  const { number } = field;
  const value = checkScalar(field, given);
  if (typeof value === "bigint") {
    const lo = Number(BigInt.asUintN(32, value));
    const hi = Number(BigInt.asUintN(32, value >> 32n));
    const fixed = field.kind === "fixed64" || field.kind === "sfixed64";
    if (tagged) writer.tag(number, fixed ? WIRE.FIXED64 : WIRE.VARINT);
    if (fixed) writer.fixed64(lo, hi);
    else writer.varint64(lo, hi);
  } else if (typeof value === "string") {
    if (tagged) writer.tag(number, WIRE.BYTES);
    if (field.kind === "hex") writer.bytes(Buffer.from(value, "hex"));
    else writer.string(value);
  } else if (typeof value === "boolean") {
    if (tagged) writer.tag(number, WIRE.VARINT);
    writer.uint32(value ? 1 : 0);
  } else if (value instanceof Uint8Array) {
    if (tagged) writer.tag(number, WIRE.BYTES);
    writer.bytes(value);
  } else if (field.kind === "double") {
    if (tagged) writer.tag(number, WIRE.FIXED64);
    writer.double(value);
  } else if (field.kind === "fixed32") {
    if (tagged) writer.tag(number, WIRE.FIXED32);
    writer.fixed32(value);
  } else {
    if (tagged) writer.tag(number, WIRE.VARINT);
    if (field.kind === "sint32") writer.uint32((value << 1) ^ (value >> 31));
    else writer.int32(value);
  }
}
