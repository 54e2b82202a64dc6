import fc from "fast-check";
import type { Input, MessageType, NamedField } from "../otlp/message.js";

const DEPTH = 9;

// A string of well-formed UTF-16 only: lone surrogates have no UTF-8 and come back as U+FFFD.
const text = fc.string({ unit: "grapheme", maxLength: 12 });
const hexText = fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const signed64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const unsigned64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const signed32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const unsigned32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

function arbitraryValue(field: NamedField, depth: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case "string":
      return text;
    case "hex":
      return hexText;
    case "bytes":
      return fc.uint8Array({ maxLength: 8 });
    case "bool":
      return fc.boolean();
    case "double":
      return fc.double();
    case "int64":
    case "sfixed64":
      return signed64;
    case "uint64":
    case "fixed64":
      return unsigned64;
    case "uint32":
    case "fixed32":
      return unsigned32;
    case "message":
      return field.message === undefined ? fc.constant(undefined) : fields(field.message(), depth - 1);
    default:
      return signed32;
  }
}

function fields(type: MessageType<unknown>, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const shape: Record<string, fc.Arbitrary<unknown>> = {};
  const groups = new Map<string, string[]>();
  for (const field of type.fields) {
    if (field.kind === "message" && depth <= 0) {
      if (field.repeated) shape[field.name] = fc.constant([]);
      continue;
    }
    const value = arbitraryValue(field, depth);
    // The three outer levels (resources, scopes, items) are never empty, or most messages would say nothing.
    const length = depth >= DEPTH - 2 ? { minLength: 1, maxLength: 3 } : { maxLength: 3 };
    shape[field.name] = field.repeated
      ? fc.array(value, length)
      : field.presence
        ? fc.option(value, { nil: undefined })
        : value;
    if (field.oneof !== undefined) groups.set(field.oneof, [...(groups.get(field.oneof) ?? []), field.name]);
  }
  return fc.record(shape).map((made) => {
    // Absent, not undefined; and of each oneof group the first that is set.
    const kept: Record<string, unknown> = {};
    const taken = new Set<string>();
    for (const [name, value] of Object.entries(made)) {
      if (value === undefined) continue;
      const group = [...groups].find(([, names]) => names.includes(name))?.[0];
      if (group !== undefined && taken.has(group)) continue;
      if (group !== undefined) taken.add(group);
      kept[name] = value;
    }
    return kept;
  });
}

/** arbitraryMessage makes random whole messages of a type, nested up to `depth` levels. */
export function arbitraryMessage<T>(type: MessageType<T>, depth = DEPTH): fc.Arbitrary<T & Input<T>> {
  return fields(type, depth) as fc.Arbitrary<T & Input<T>>;
}
