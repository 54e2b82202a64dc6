import type { Btf, BtfType } from "@go3s/bpf";

/** Plain is a value as JSON and people read it; 64-bit integers are bigints. */
export type Plain =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Plain[]
  | { readonly [name: string]: Plain };

// Types nest by what a program's author wrote; deeper than this is a broken object.
const depthLimit = 32;

/**
 * readBtfValue reads a value of a BTF type from bytes. Arrays of bytes that hold text up to a zero are text, others
 * are lists of numbers; bytes beyond the end read as null.
 */
export function readBtfValue(btf: Btf, type: number, bytes: Uint8Array, offset = 0, depth = 0): Plain {
  if (type === 0 || depth > depthLimit) return null;
  const described = btf.type(type);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (described.kind) {
    case "int":
      return readInt(view, offset, described);
    case "enum":
    case "enum64": {
      const value = readNumber(view, offset, described.size, described.signed === true);
      return described.values.find((each) => BigInt(each.value) === BigInt(value ?? -1))?.name ?? value;
    }
    case "float":
      return described.size === 8 && offset + 8 <= bytes.length ? view.getFloat64(offset, true) : null;
    case "ptr": {
      const address = readNumber(view, offset, 8, false);
      return address === null ? null : `0x${address.toString(16)}`;
    }
    case "array":
      return readArray(btf, described, bytes, offset, depth);
    case "struct":
    case "union": {
      const value: Record<string, Plain> = {};
      for (const member of described.members) {
        // Members without a name are padding or embedded structs, which show their own members.
        const read = readBtfValue(btf, member.type, bytes, offset + (member.bitOffset >> 3), depth + 1);
        if (member.name !== "") value[member.name] = read;
        else if (typeof read === "object" && read !== null && !Array.isArray(read))
          Object.assign(value, read);
      }
      return value;
    }
    case "typedef":
    case "const":
    case "volatile":
    case "restrict":
    case "type_tag":
      return readBtfValue(btf, described.type, bytes, offset, depth + 1);
    default:
      return null;
  }
}

type IntType = Extract<BtfType, { kind: "int" }>;

function readInt(view: DataView, offset: number, type: IntType): Plain {
  const value = readNumber(view, offset, type.size, type.encoding === "signed");
  return type.encoding === "bool" && value !== null ? value !== 0 : value;
}

function readNumber(view: DataView, offset: number, size: number, signed: boolean): number | bigint | null {
  if (offset + size > view.byteLength) return null;
  switch (size) {
    case 1:
      return signed ? view.getInt8(offset) : view.getUint8(offset);
    case 2:
      return signed ? view.getInt16(offset, true) : view.getUint16(offset, true);
    case 4:
      return signed ? view.getInt32(offset, true) : view.getUint32(offset, true);
    case 8:
      return signed ? view.getBigInt64(offset, true) : view.getBigUint64(offset, true);
    default:
      return null;
  }
}

function readArray(
  btf: Btf,
  type: Extract<BtfType, { kind: "array" }>,
  bytes: Uint8Array,
  offset: number,
  depth: number,
): Plain {
  const size = btf.sizeOf(type.type);
  if (size === 1 && offset + type.length <= bytes.length) {
    const text = textOf(bytes.subarray(offset, offset + type.length));
    if (text !== undefined) return text;
  }
  const shown = Math.min(type.length, size > 0 ? Math.floor((bytes.length - offset) / size) : 0);
  return Array.from({ length: shown }, (_, i) =>
    readBtfValue(btf, type.type, bytes, offset + i * size, depth + 1),
  );
}

/** textOf gives printable text up to the first zero; undefined for anything else. What is behind the zero is no text. */
function textOf(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0);
  const text = bytes.subarray(0, end < 0 ? bytes.length : end);
  if (text.length === 0 || !text.every((byte) => byte >= 32 && byte !== 127)) return undefined;
  return Buffer.from(text).toString("utf8");
}

/** plainText writes a value for people: `PID: 12, Comm: "curl"`. */
export function plainText(value: Plain): string {
  if (value === null) return "?";
  if (typeof value === "string") return value.startsWith("0x") ? value : JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(plainText).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([name, each]) => `${name}: ${plainText(each)}`)
    .join(", ")}}`;
}

const isList = (value: readonly Plain[] | { readonly [name: string]: Plain }): value is readonly Plain[] =>
  Array.isArray(value);
