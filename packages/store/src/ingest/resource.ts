import { createHash } from "node:crypto";
import { FUSED, WIRE, type WireReader } from "@go3s/telemetry";
import { lettersOf, TERMINATOR, TEXT_TYPE } from "../columns/packed.js";
import type { WordColumn } from "../columns/word.js";
import type { AttributeRefs } from "./attribute-refs.js";
import { INGEST_LIMITS, requireBelow } from "./limits.js";
import { typedText } from "./value-text.js";

const SERVICE_NAME = "service.name";

/** ResourceAttribute is an attribute of a resource with its value as text. */
export interface ResourceAttribute {
  readonly key: string;
  readonly value: string;
  /** type is the field of AnyValue that the value had. */
  readonly type: number;
}

/** StringTable is what attributes of profiles may name their keys and texts in; an index outside of it is "". */
export interface StringTable {
  text(index: number): string;
  /** valueText reads an AnyValue that may name its text. */
  valueText(reader: WireReader): string;
}

/** ResourceRow is a resource as the columns want it: numbers in the block's dictionaries, of packed ones one for all keys and one for all values. */
export interface ResourceRow {
  readonly idLo: number;
  readonly idHi: number;
  readonly service: number;
  /** tenant is what the resource says; left out, the request's. */
  readonly tenant?: number;
  /** length is how many attributes it has. */
  readonly length: number;
  readonly keys: Uint32Array;
  readonly values: Uint32Array;
}

/** readResource reads a Resource message that has been entered; attributes come in the sender's order. */
export function readResource(
  reader: WireReader,
  into: ResourceAttribute[],
  refs: AttributeRefs | undefined,
  strings?: StringTable,
): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) {
      reader.expect(WIRE.BYTES, field);
      readAttribute(reader, into, strings);
    } else if (field === FUSED.REFS && refs !== undefined)
      refs.each(reader, () => readAttribute(reader, into));
    else reader.skip();
  }
}

/** readAttribute reads the KeyValue whose length comes next. */
function readAttribute(reader: WireReader, into: ResourceAttribute[], strings?: StringTable): void {
  const outer = reader.enter();
  let key = "";
  let value = "";
  let type = 0;
  for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
    if (inner === 1) {
      reader.expect(WIRE.BYTES, inner);
      key = reader.string();
    } else if (inner === 2) {
      reader.expect(WIRE.BYTES, inner);
      const message = reader.enter();
      if (strings === undefined) ({ type, text: value } = typedText(reader));
      else {
        value = strings.valueText(reader);
        type = TEXT_TYPE;
      }
      reader.leave(message);
    } else if (inner === 3 && strings !== undefined) {
      reader.expect(WIRE.VARINT, inner);
      key = strings.text(reader.uint32());
    } else reader.skip();
  }
  reader.leave(outer);
  into.push({ key, value, type });
  requireBelow("resource attributes", into.length, INGEST_LIMITS.resourceAttributes);
}

/**
 * resourceId hashes a resource's attributes, whatever their order: the first 64 bits of SHA-256 over the attributes,
 * sorted by key then value, each as length (32-bit little-endian) and UTF-8 of key, then of value. It is stored, so it
 * must never change. One resource is hashed in about 3 us, once per block.
 */
export function resourceId(
  attributes: readonly Omit<ResourceAttribute, "type">[],
): readonly [lo: number, hi: number] {
  const hash = createHash("sha256");
  const length = Buffer.alloc(4);
  const sorted = [...attributes].sort(
    (a, b) =>
      Number(a.key > b.key) - Number(a.key < b.key) || Number(a.value > b.value) - Number(a.value < b.value),
  );
  for (const { key, value } of sorted) {
    for (const text of [key, value]) {
      length.writeUInt32LE(Buffer.byteLength(text));
      hash.update(length);
      hash.update(text, "utf8");
    }
  }
  const digest = hash.digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}

/** resourceRow puts a resource's texts into the dictionaries of its columns. */
export function resourceRow(
  attributes: readonly ResourceAttribute[],
  services: WordColumn,
  keys: WordColumn,
  values: WordColumn,
): ResourceRow {
  return {
    ...knownBy(attributes, services),
    keys: Uint32Array.from(attributes, ({ key }) => keys.numberOfText(key)),
    values: Uint32Array.from(attributes, ({ value }) => values.numberOfText(value)),
  };
}

/** packedResource puts them in as one text of all keys with their types' letters, and one of all values (schema/rows.sql). */
export function packedResource(
  attributes: readonly ResourceAttribute[],
  services: WordColumn,
  keys: WordColumn,
  values: WordColumn,
): ResourceRow {
  const pack = (column: WordColumn, texts: readonly string[], tail = ""): Uint32Array => {
    const packed = texts.flatMap((text) => [Buffer.from(text, "utf8"), END]);
    const bytes = Buffer.concat([...packed, Buffer.from(tail, "latin1")]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Uint32Array.of(column.dictionary.numberOf(bytes, view, 0, bytes.length));
  };
  return {
    ...knownBy(attributes, services),
    keys: pack(
      keys,
      attributes.map(({ key }) => key),
      lettersOf(attributes.map(({ type }) => type)),
    ),
    values: pack(
      values,
      attributes.map(({ value }) => value),
    ),
  };
}

const END = Buffer.of(TERMINATOR);

function knownBy(attributes: readonly ResourceAttribute[], services: WordColumn) {
  const [idLo, idHi] = resourceId(attributes);
  const service = attributes.find(({ key }) => key === SERVICE_NAME)?.value ?? "";
  return { idLo, idHi, service: services.numberOfText(service), length: attributes.length };
}
