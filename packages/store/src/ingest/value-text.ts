import { WIRE, type WireReader } from "@go3s/telemetry";
import { INGEST_LIMITS, requireBelow } from "./limits.js";

/** VALUE gives the field numbers of AnyValue. */
const VALUE = { STRING: 1, BOOL: 2, INT: 3, DOUBLE: 4, ARRAY: 5, KVLIST: 6, BYTES: 7 } as const;

/** ValueSink takes values as text. */
export interface ValueSink {
  push(bytes: Uint8Array, view: DataView, start: number, end: number): void;
  pushText(text: string): void;
  pushEmpty(): void;
}

/**
 * pushValue reads the AnyValue at the reader (its length has been entered) and appends it as text: strings as they
 * are, ints decimal, doubles in JavaScript's shortest form, bools true/false, bytes base64, arrays and maps as JSON,
 * an empty value as "". Gives the field of the AnyValue that it was, its type; 0 where it has none.
 */
export function pushValue(reader: WireReader, strings: ValueSink): number {
  let type = 0;
  let start = -1;
  let end = 0;
  let text = "";
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === VALUE.STRING) {
      reader.expect(WIRE.BYTES, field);
      const length = reader.length();
      start = reader.pos;
      end = reader.pos = start + length;
      type = field;
    } else if (field <= VALUE.BYTES) {
      start = -1;
      text = scalarText(reader, field) ?? nestedText(reader, field);
      type = field;
    } else reader.skip();
  }
  if (start >= 0) strings.push(reader.bytes, reader.view, start, end);
  else if (text === "") strings.pushEmpty();
  else strings.pushText(text);
  return type;
}

/** valueText reads the AnyValue at the reader as `pushValue` does and gives the text. */
export function valueText(reader: WireReader): string {
  return typedText(reader).text;
}

/** typedText gives its type, too. */
export function typedText(reader: WireReader): { readonly type: number; readonly text: string } {
  let type = 0;
  let text = "";
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === VALUE.STRING) {
      reader.expect(WIRE.BYTES, field);
      text = reader.string();
      type = field;
    } else if (field <= VALUE.BYTES) {
      text = scalarText(reader, field) ?? nestedText(reader, field);
      type = field;
    } else reader.skip();
  }
  return { type, text };
}

function scalarText(reader: WireReader, field: number): string | undefined {
  if (field === VALUE.BOOL || field === VALUE.INT) {
    reader.expect(WIRE.VARINT, field);
    reader.varint64();
    if (field === VALUE.BOOL) return reader.lo !== 0 || reader.hi !== 0 ? "true" : "false";
    return int64Text(reader.lo, reader.hi);
  }
  if (field === VALUE.DOUBLE) {
    reader.expect(WIRE.FIXED64, field);
    return doubleText(reader.double());
  }
  if (field !== VALUE.BYTES) return undefined;
  reader.expect(WIRE.BYTES, field);
  const range = reader.range();
  return Buffer.from(range.buffer, range.byteOffset, range.byteLength).toString("base64");
}

function nestedText(reader: WireReader, field: number): string {
  reader.expect(WIRE.BYTES, field);
  const parts: string[] = [];
  const outer = reader.enter();
  if (field === VALUE.ARRAY) arrayJson(reader, parts, 0);
  else mapJson(reader, parts, 0);
  reader.leave(outer);
  return parts.join("");
}

/** arrayJson writes an ArrayValue as JSON. `written` counts letters, since nesting must not multiply memory. */
function arrayJson(reader: WireReader, parts: string[], written: number): number {
  let total = written + 2;
  let separator = "[";
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) {
      reader.skip();
      continue;
    }
    reader.expect(WIRE.BYTES, field);
    parts.push(separator);
    separator = ",";
    total = valueJson(reader, parts, total + 1);
  }
  parts.push(separator === "[" ? "[]" : "]");
  return total;
}

function mapJson(reader: WireReader, parts: string[], written: number): number {
  let total = written + 2;
  let separator = "{";
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) {
      reader.skip();
      continue;
    }
    reader.expect(WIRE.BYTES, field);
    const outer = reader.enter();
    let key = "";
    const value: string[] = [];
    for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
      if (inner === 1) {
        reader.expect(WIRE.BYTES, inner);
        key = reader.string();
      } else if (inner === 2) {
        reader.expect(WIRE.BYTES, inner);
        value.length = 0;
        total = valueJson(reader, value, total);
      } else reader.skip();
    }
    reader.leave(outer);
    const name = JSON.stringify(key);
    parts.push(separator, name, ":", value.length === 0 ? "null" : value.join(""));
    separator = ",";
    total += name.length + 2;
    requireBelow("bytes of a nested value", total, INGEST_LIMITS.nestedValueBytes);
  }
  parts.push(separator === "{" ? "{}" : "}");
  return total;
}

function valueJson(reader: WireReader, parts: string[], written: number): number {
  const outer = reader.enter();
  let text: string[] = ["null"];
  let total = written;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field > VALUE.BYTES) {
      reader.skip();
      continue;
    }
    text = [];
    if (field === VALUE.STRING) {
      reader.expect(WIRE.BYTES, field);
      text.push(JSON.stringify(reader.string()));
    } else if (field === VALUE.ARRAY || field === VALUE.KVLIST) {
      reader.expect(WIRE.BYTES, field);
      const inner = reader.enter();
      total = field === VALUE.ARRAY ? arrayJson(reader, text, total) : mapJson(reader, text, total);
      reader.leave(inner);
    } else {
      let scalar = scalarText(reader, field) ?? "null";
      // JSON has one kind of numbers: what has no point is an int.
      if (field === VALUE.DOUBLE && /^-?\d+$/.test(scalar)) scalar += ".0";
      text.push(
        field === VALUE.BYTES || !/^[-\dtf]/.test(scalar) || scalar === "-Infinity" ? `"${scalar}"` : scalar,
      );
    }
  }
  reader.leave(outer);
  for (const part of text) {
    parts.push(part);
    total += part.length;
  }
  requireBelow("bytes of a nested value", total, INGEST_LIMITS.nestedValueBytes);
  return total;
}

function int64Text(lo: number, hi: number): string {
  // Both halves are unsigned; within 2^53 of zero a Number says the same as a BigInt, and faster.
  const high = hi | 0;
  if (high >= -0x200000 && high < 0x200000) return String(high * 2 ** 32 + lo);
  return ((BigInt(high) << 32n) | BigInt(lo)).toString();
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
