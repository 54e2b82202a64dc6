import { type Shape, shapeBytes } from "@go3s/lang";
import type { Shown } from "./shown.js";

type Type = Extract<Shape, { kind: "record" }>["target"]["fields"][number]["type"];
type Struct = Extract<Shape, { kind: "record" }>["target"];

// Types nest by what a script or the kernel declares; deeper than this is not shown.
const depthLimit = 16;

const decoder = new TextDecoder();
const hex = (value: bigint): string => `0x${value.toString(16)}`;
const plain = (text: string, json: unknown = text): Shown => ({ text, json, order: text });
const number = (value: bigint): Shown => ({ text: value.toString(), json: value, order: value });

/** integerAt reads an integer of 1, 2, 4 or 8 bytes. */
function integerAt(view: DataView, at: number, bits: number, signed: boolean): bigint {
  switch (bits) {
    case 8:
      return BigInt(signed ? view.getInt8(at) : view.getUint8(at));
    case 16:
      return BigInt(signed ? view.getInt16(at, true) : view.getUint16(at, true));
    case 32:
      return BigInt(signed ? view.getInt32(at, true) : view.getUint32(at, true));
    default:
      return signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
  }
}

function under(type: Type): Exclude<Type, { kind: "named" }> | undefined {
  let at: Type = type;
  for (let steps = 0; at.kind === "named" && steps < depthLimit; steps++) at = at.underlying;
  return at.kind === "named" ? undefined : at;
}

function sizeOf(type: Type): number {
  const of = under(type);
  if (of === undefined) return 0;
  if (of.kind === "int") return of.bits / 8;
  if (of.kind === "bool") return 1;
  if (of.kind === "pointer") return 8;
  if (of.kind === "array") return of.length * sizeOf(of.element);
  return of.kind === "struct" ? of.size : 0;
}

/** bitsAt reads a bit field; `bits` counts from the start of its struct. */
function bitsAt(
  bytes: Uint8Array,
  at: number,
  bits: { offset: number; size: number },
  signed: boolean,
): bigint {
  let value = 0n;
  for (let i = 0; i < bits.size; i++) {
    const bit = bits.offset + i;
    if (((bytes[at + (bit >> 3)] ?? 0) >> (bit & 7)) & 1) value |= 1n << BigInt(i);
  }
  return signed ? BigInt.asIntN(bits.size, value) : value;
}

/** memoryAt shows what stands in memory by a type of C: `{ .a = 1, .b = [1,2] }`. */
function memoryAt(type: Type, bytes: Uint8Array, at: number, depth = 0): Shown {
  const of = under(type);
  if (of === undefined || depth > depthLimit || at + sizeOf(of) > bytes.length) return plain("");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (of.kind) {
    case "int":
      return number(integerAt(view, at, of.bits, of.signed));
    case "bool":
      return (bytes[at] ?? 0) === 0 ? plain("false", false) : plain("true", true);
    case "pointer": {
      const value = view.getBigUint64(at, true);
      return { text: hex(value), json: value, order: value };
    }
    case "array": {
      const size = sizeOf(of.element);
      const element = under(of.element);
      if (element?.kind === "int" && element.char === true) {
        const end = bytes.indexOf(0, at);
        return plain(
          decoder.decode(bytes.subarray(at, end < 0 || end > at + of.length ? at + of.length : end)),
        );
      }
      const items = Array.from({ length: of.length }, (_, i) =>
        memoryAt(of.element, bytes, at + i * size, depth + 1),
      );
      return plain(
        `[${items.map((item) => item.text).join(",")}]`,
        items.map((item) => item.json),
      );
    }
    case "struct":
      // A number that BPF has no instructions for.
      if (of.name === "float" || of.name === "double") return plain("", null);
      return structAt(of, bytes, at, depth);
    default:
      return plain("");
  }
}

function structAt(struct: Struct, bytes: Uint8Array, at: number, depth: number): Shown {
  const json: Record<string, unknown> = {};
  const parts: string[] = [];
  for (const field of struct.fields) {
    const of = under(field.type);
    const shown =
      field.bits !== undefined && of?.kind === "int"
        ? number(bitsAt(bytes, at, field.bits, of.signed))
        : memoryAt(field.type, bytes, at + field.offset, depth + 1);
    // Members without a name show their own members.
    if (field.name === "") parts.push(shown.text.replace(/^\{ | \}$/g, ""));
    else parts.push(`.${field.name} = ${shown.text}`);
    if (field.name !== "") json[field.name] = shown.json;
    else if (typeof shown.json === "object" && shown.json !== null) Object.assign(json, shown.json);
  }
  return plain(`{ ${parts.join(", ")} }`, json);
}

/** CompositeShape is a shape that is more than a number or a text. */
export type CompositeShape = Extract<Shape, { kind: "bool" | "pointer" | "record" | "array" | "tuple" }>;

/** readComposite shows tuples, records, structs, arrays, pointers and booleans; `read` shows the members of a tuple. */
export function readComposite(
  shape: CompositeShape,
  bytes: Uint8Array,
  at: number,
  read: (shape: Shape, bytes: Uint8Array, at: number) => Shown,
): Shown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (shape.kind) {
    case "bool": {
      const value = view.getBigUint64(at, true);
      return { text: value === 0n ? "false" : "true", json: value !== 0n, order: value };
    }
    case "pointer": {
      const value = view.getBigUint64(at, true);
      return { text: hex(value), json: value, order: value };
    }
    case "record":
    case "array":
      return memoryAt(shape.target, bytes, at);
    case "tuple": {
      let next = at;
      const members = shape.members.map(({ name, type }) => {
        const shown = read(type, bytes, next);
        next += shapeBytes(type);
        return { name, shown };
      });
      const isNamed = members.some(({ name }) => name !== undefined);
      if (isNamed)
        return plain(
          `{ ${members.map(({ name, shown }) => `.${name} = ${shown.text}`).join(", ")} }`,
          Object.fromEntries(members.map(({ name, shown }) => [name ?? "", shown.json])),
        );
      return plain(
        `(${members.map(({ shown }) => shown.text).join(", ")}${members.length === 1 ? "," : ""})`,
        members.map(({ shown }) => shown.json),
      );
    }
  }
}
