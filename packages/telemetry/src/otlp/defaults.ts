import type { NamedField } from "./message.js";

const NO_ITEMS: readonly unknown[] = Object.freeze([]);
const NO_BYTES = new Uint8Array(0);

/** defaultOf gives the value that protobuf takes for a field that is not there. */
export function defaultOf(field: NamedField): unknown {
  if (field.repeated) return NO_ITEMS;
  switch (field.kind) {
    case "string":
    case "hex":
      return "";
    case "bytes":
      return NO_BYTES;
    case "bool":
      return false;
    case "int64":
    case "uint64":
    case "fixed64":
    case "sfixed64":
      return 0n;
    default:
      return 0;
  }
}

/** isDefault tells whether a value need not be written because a reader would assume it. */
export function isDefault(field: NamedField, value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  if (field.kind === "double") return Object.is(value, 0);
  return value === defaultOf(field);
}
