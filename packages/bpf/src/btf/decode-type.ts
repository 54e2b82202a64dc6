import { BpfError } from "../errors.js";
import { BTF_TYPE_BYTES, BtfIntEncoding, BtfKind } from "./kinds.js";
import type { BtfDatasecVariable, BtfEnumerator, BtfMember, BtfParameter, BtfType } from "./types.js";

type Text = (offset: number) => string;

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function encodingOf(bits: number): "signed" | "char" | "bool" | "unsigned" {
  if (bits & BtfIntEncoding.BOOL) return "bool";
  if (bits & BtfIntEncoding.SIGNED) return "signed";
  return bits & BtfIntEncoding.CHAR ? "char" : "unsigned";
}

/** decodeType reads the type at an offset; its length has been checked by the scan. */
export function decodeType(view: DataView, at: number, text: Text): BtfType {
  const u32 = (offset: number): number => view.getUint32(at + offset, true);
  const info = u32(4);
  const length = info & 0xffff;
  const flag = info >>> 31 === 1;
  const name = text(u32(0));
  const last = u32(8);
  const tail = BTF_TYPE_BYTES;

  const member = (index: number): BtfMember => {
    const offset = u32(tail + index * 12 + 8);
    const base = { name: text(u32(tail + index * 12)), type: u32(tail + index * 12 + 4) };
    if (!flag) return { ...base, bitOffset: offset };
    const bitSize = offset >>> 24;
    return { ...base, bitOffset: offset & 0xffffff, ...(bitSize > 0 && { bitSize }) };
  };
  const value = (index: number): BtfEnumerator => {
    const word = view.getInt32(at + tail + index * 8 + 4, true);
    return { name: text(u32(tail + index * 8)), value: flag ? word : word >>> 0 };
  };
  const value64 = (index: number): BtfEnumerator => {
    const word = (BigInt(u32(tail + index * 12 + 8)) << 32n) | BigInt(u32(tail + index * 12 + 4));
    return { name: text(u32(tail + index * 12)), value: flag ? BigInt.asIntN(64, word) : word };
  };
  const parameter = (index: number): BtfParameter => ({
    name: text(u32(tail + index * 8)),
    type: u32(tail + index * 8 + 4),
  });
  const variable = (index: number): BtfDatasecVariable => ({
    type: u32(tail + index * 12),
    offset: u32(tail + index * 12 + 4),
    size: u32(tail + index * 12 + 8),
  });

  switch ((info >>> 24) & 0x1f) {
    case BtfKind.INT: {
      const word = u32(tail);
      return { kind: "int", name, size: last, bits: word & 0xff, encoding: encodingOf((word >>> 24) & 0xf) };
    }
    case BtfKind.PTR:
      return { kind: "ptr", type: last };
    case BtfKind.ARRAY:
      return { kind: "array", type: u32(tail), index: u32(tail + 4), length: u32(tail + 8) };
    case BtfKind.STRUCT:
      return { kind: "struct", name, size: last, members: times(length, member) };
    case BtfKind.UNION:
      return { kind: "union", name, size: last, members: times(length, member) };
    case BtfKind.ENUM:
      return { kind: "enum", name, size: last, signed: flag, values: times(length, value) };
    case BtfKind.ENUM64:
      return { kind: "enum64", name, size: last, signed: flag, values: times(length, value64) };
    case BtfKind.FWD:
      return { kind: "fwd", name, union: flag };
    case BtfKind.TYPEDEF:
      return { kind: "typedef", name, type: last };
    case BtfKind.VOLATILE:
      return { kind: "volatile", type: last };
    case BtfKind.CONST:
      return { kind: "const", type: last };
    case BtfKind.RESTRICT:
      return { kind: "restrict", type: last };
    case BtfKind.FUNC:
      return { kind: "func", name, type: last, linkage: length };
    case BtfKind.FUNC_PROTO:
      return { kind: "func_proto", type: last, parameters: times(length, parameter) };
    case BtfKind.VAR:
      return { kind: "var", name, type: last, linkage: u32(tail) };
    case BtfKind.DATASEC:
      return { kind: "datasec", name, size: last, variables: times(length, variable) };
    case BtfKind.FLOAT:
      return { kind: "float", name, size: last };
    case BtfKind.DECL_TAG:
      return { kind: "decl_tag", name, type: last, component: view.getInt32(at + tail, true) };
    case BtfKind.TYPE_TAG:
      return { kind: "type_tag", name, type: last };
    default:
      throw new BpfError("bad-btf", `unknown BTF kind ${(info >>> 24) & 0x1f}`, { offset: at });
  }
}
