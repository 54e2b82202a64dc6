import type { Layout } from "@go3s/bpf";
import type { TelemetryField } from "@go3s/lang";
import {
  type AttributeKey,
  attributeKey,
  type KeyValue,
  type LogWriter,
  type SpanWriter,
} from "@go3s/telemetry";
import { type FieldReader, fieldReader, type Scalar } from "./field-reader.js";

/** NamedField is a field with the attribute it becomes. */
export interface NamedField extends FieldReader {
  readonly key: AttributeKey;
}

/** namedFields finds the fields of an annotation in a type. */
export function namedFields(layout: Layout, fields: readonly TelemetryField[]): NamedField[] {
  return fields.map(({ attribute, field }) => ({
    ...fieldReader(layout, field),
    key: attributeKey(attribute),
  }));
}

/** writeAttributes appends the fields of a record to the span or log record that is open. */
export function writeAttributes(
  writer: SpanWriter | LogWriter,
  fields: readonly NamedField[],
  view: DataView,
  at: number,
): void {
  for (const { key, scalar } of fields) {
    const value = scalar(view, at);
    if (typeof value === "string") writer.stringAttribute(key, value);
    else if (typeof value === "boolean") writer.boolAttribute(key, value);
    else if (typeof value === "number") writer.intAttribute(key, value);
    else {
      const bits = BigInt.asUintN(64, value);
      writer.int64Attribute(key, Number(bits & 0xffffffffn), Number(bits >> 32n));
    }
  }
}

/** keyValue is the same as an object, for metrics. */
export function keyValue(key: string, value: Scalar): KeyValue {
  if (typeof value === "string") return { key, value: { stringValue: value } };
  if (typeof value === "boolean") return { key, value: { boolValue: value } };
  return { key, value: { intValue: BigInt(value) } };
}

/** Template makes text of a record: "port {Port}". */
export type Template = (view: DataView, at: number) => string;

/** templateOf prepares a text with {Field} for the values of a type. */
export function templateOf(layout: Layout, text: string): Template {
  const parts = text.split(/\{([^{}]*)\}/);
  if (parts.length === 1) return () => text;
  const readers = parts.map((part, i) => (i % 2 === 0 ? part : fieldReader(layout, part)));
  return (view, at) =>
    readers.map((part) => (typeof part === "string" ? part : String(part.scalar(view, at)))).join("");
}
