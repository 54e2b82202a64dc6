import type { AnyValue, KeyValue } from "@go3s/telemetry";

/** Values are attributes as JSON has them. */
export type Values = Readonly<Record<string, unknown>>;

/** valuesOf makes an object of attributes. */
export function valuesOf(attributes: readonly KeyValue[]): Values {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
}

/** plain gives an attribute's value as JSON has it; bytes in base64. */
export function plain(value: AnyValue | undefined): unknown {
  if (value === undefined) return null;
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plain);
  if (value.kvlistValue !== undefined) return valuesOf(value.kvlistValue.values);
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue).toString("base64");
  return value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? null;
}
