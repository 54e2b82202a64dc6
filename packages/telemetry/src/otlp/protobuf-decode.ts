import { malformed, WireReader } from "../wire/reader.js";
import { WIRE } from "../wire/types.js";
import { defaultOf } from "./defaults.js";
import { type Fields, isFields, type MessageType, type NamedField, type ScalarKind } from "./message.js";

const WIRE_TYPE: Readonly<Record<ScalarKind | "message", number>> = {
  string: WIRE.BYTES,
  bytes: WIRE.BYTES,
  hex: WIRE.BYTES,
  message: WIRE.BYTES,
  bool: WIRE.VARINT,
  int32: WIRE.VARINT,
  sint32: WIRE.VARINT,
  uint32: WIRE.VARINT,
  enum: WIRE.VARINT,
  int64: WIRE.VARINT,
  uint64: WIRE.VARINT,
  fixed32: WIRE.FIXED32,
  fixed64: WIRE.FIXED64,
  sfixed64: WIRE.FIXED64,
  double: WIRE.FIXED64,
};

/**
 * decodeProtobuf reads a whole message. Fields that are not there get protobuf's defaults, unknown fields are passed
 * over, repeated non-list messages merge. Throws TelemetryError `malformed-protobuf` with the offset.
 */
export function decodeProtobuf<T>(type: MessageType<T>, bytes: Uint8Array): T {
  return readInto(type, new WireReader(bytes), undefined) as T;
}

function readInto(type: MessageType<unknown>, reader: WireReader, existing: Fields | undefined): Fields {
  const target = existing ?? defaultsOf(type);
  for (let number = reader.next(); number !== 0; number = reader.next()) {
    const field = type.byNumber[number];
    if (field === undefined) reader.skip();
    else readField(type, field, reader, target);
  }
  return target;
}

function defaultsOf(type: MessageType<unknown>): Fields {
  const target: Fields = {};
  for (const field of type.fields) {
    if (field.repeated) target[field.name] = [];
    else if (!field.presence) target[field.name] = defaultOf(field);
  }
  return target;
}

function readField(type: MessageType<unknown>, field: NamedField, reader: WireReader, target: Fields): void {
  const { name, kind } = field;
  const wireType = WIRE_TYPE[kind];
  const present = target[name];
  if (field.repeated) {
    const items: unknown[] = Array.isArray(present) ? present : [];
    if (kind === "message") items.push(readChild(field, reader, undefined));
    else if (reader.wireType === WIRE.BYTES && wireType !== WIRE.BYTES) readPacked(kind, reader, items);
    else {
      reader.expect(wireType, field.number);
      items.push(readScalar(kind, reader));
    }
    return;
  }
  if (field.oneof !== undefined) {
    for (const other of type.fields) {
      if (other.oneof === field.oneof && other !== field) delete target[other.name];
    }
  }
  if (kind === "message") target[name] = readChild(field, reader, isFields(present) ? present : undefined);
  else {
    reader.expect(wireType, field.number);
    target[name] = readScalar(kind, reader);
  }
}

function readChild(field: NamedField, reader: WireReader, existing: Fields | undefined): Fields {
  reader.expect(WIRE.BYTES, field.number);
  if (field.message === undefined) throw malformed(reader.pos, `field ${field.name} has no message type`);
  const outer = reader.enter();
  const value = readInto(field.message(), reader, existing);
  reader.leave(outer);
  return value;
}

function readPacked(kind: ScalarKind, reader: WireReader, items: unknown[]): void {
  const outer = reader.enter();
  while (reader.pos < reader.end) items.push(readScalar(kind, reader));
  reader.leave(outer);
}

function readScalar(kind: ScalarKind, reader: WireReader): unknown {
  switch (kind) {
    case "string":
      return reader.string();
    case "hex":
      return reader.hex();
    case "bytes":
      return Uint8Array.from(reader.range());
    case "double":
      return reader.double();
    case "fixed32":
      return reader.fixed32();
    case "fixed64":
      reader.fixed64();
      return unsigned64(reader);
    case "sfixed64":
      reader.fixed64();
      return signed64(reader);
    case "int64":
      reader.varint64();
      return signed64(reader);
    case "uint64":
      reader.varint64();
      return unsigned64(reader);
    case "bool":
      reader.varint64();
      return reader.lo !== 0 || reader.hi !== 0;
    case "sint32": {
      const coded = reader.uint32();
      return (coded >>> 1) ^ -(coded & 1);
    }
    case "uint32":
      return reader.uint32();
    default:
      return reader.uint32() | 0;
  }
}

function unsigned64(reader: WireReader): bigint {
  return (BigInt(reader.hi) << 32n) | BigInt(reader.lo);
}

function signed64(reader: WireReader): bigint {
  return (BigInt(reader.hi | 0) << 32n) | BigInt(reader.lo);
}
