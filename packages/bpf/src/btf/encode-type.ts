import { BpfError } from "../errors.js";
import type { ByteWriter } from "./byte-writer.js";
import { BtfIntEncoding, BtfKind } from "./kinds.js";
import type { BtfMember, BtfType } from "./types.js";

type StringOffset = (text: string) => number;

const SIMPLE_KINDS = {
  ptr: BtfKind.PTR,
  volatile: BtfKind.VOLATILE,
  const: BtfKind.CONST,
  restrict: BtfKind.RESTRICT,
  typedef: BtfKind.TYPEDEF,
  type_tag: BtfKind.TYPE_TAG,
} as const;

const INT_ENCODINGS = {
  unsigned: BtfIntEncoding.NONE,
  signed: BtfIntEncoding.SIGNED,
  char: BtfIntEncoding.CHAR,
  bool: BtfIntEncoding.BOOL,
} as const;

// struct btf_type: name_off, info (vlen 16 bits, kind 5 bits from 24, kind_flag bit 31), size or type.
function head(
  out: ByteWriter,
  name: number,
  kind: number,
  length: number,
  flag: boolean,
  last: number,
): void {
  if (length > 0xffff) throw new BpfError("bad-btf", `a BTF type has ${length} members, more than 65,535`);
  out.u32(name);
  out.u32((flag ? 0x80000000 : 0) | (kind << 24) | length);
  out.u32(last);
}

function encodeMembers(
  out: ByteWriter,
  members: readonly BtfMember[],
  flag: boolean,
  text: StringOffset,
): void {
  for (const member of members) {
    const bits = member.bitSize ?? 0;
    // With bit fields an offset has 24 bits and the size sits above it.
    if (flag && member.bitOffset > 0xffffff) {
      throw new BpfError(
        "bad-btf",
        `member "${member.name}" lies beyond what a struct with bit fields can hold`,
      );
    }
    out.u32(text(member.name));
    out.u32(member.type);
    out.u32(flag ? (bits << 24) | member.bitOffset : member.bitOffset);
  }
}

function referencesOf(type: BtfType): readonly number[] {
  switch (type.kind) {
    case "array":
      return [type.type, type.index];
    case "struct":
    case "union":
      return type.members.map((member) => member.type);
    case "func_proto":
      return [type.type, ...type.parameters.map((parameter) => parameter.type)];
    case "datasec":
      return type.variables.map((variable) => variable.type);
    case "int":
    case "float":
    case "enum":
    case "enum64":
    case "fwd":
      return [];
    default:
      return [type.type];
  }
}

/** encodeType appends one type to a `.BTF` type section; `count` is the highest id that may be referred to. */
export function encodeType(out: ByteWriter, type: BtfType, count: number, text: StringOffset): void {
  for (const id of referencesOf(type)) {
    if (!Number.isInteger(id) || id < 0 || id > count) {
      throw new BpfError("bad-btf", `a BTF ${type.kind} refers to id ${id}, there are ${count}`);
    }
  }
  switch (type.kind) {
    case "int": {
      head(out, text(type.name), BtfKind.INT, 0, false, type.size);
      const encoding = INT_ENCODINGS[type.encoding ?? "unsigned"];
      out.u32((encoding << 24) | (type.bits ?? type.size * 8));
      return;
    }
    case "float":
      head(out, text(type.name), BtfKind.FLOAT, 0, false, type.size);
      return;
    case "ptr":
    case "volatile":
    case "const":
    case "restrict":
      head(out, 0, SIMPLE_KINDS[type.kind], 0, false, type.type);
      return;
    case "typedef":
    case "type_tag":
      head(out, text(type.name), SIMPLE_KINDS[type.kind], 0, false, type.type);
      return;
    case "array":
      head(out, 0, BtfKind.ARRAY, 0, false, 0);
      out.u32(type.type);
      out.u32(type.index);
      out.u32(type.length);
      return;
    case "struct":
    case "union": {
      const flag = type.members.some((member) => (member.bitSize ?? 0) > 0);
      const kind = type.kind === "struct" ? BtfKind.STRUCT : BtfKind.UNION;
      head(out, text(type.name), kind, type.members.length, flag, type.size);
      encodeMembers(out, type.members, flag, text);
      return;
    }
    case "enum":
      head(out, text(type.name), BtfKind.ENUM, type.values.length, type.signed ?? false, type.size);
      for (const { name, value } of type.values) {
        out.u32(text(name));
        out.u32(Number(BigInt.asIntN(32, BigInt(value))));
      }
      return;
    case "enum64":
      head(out, text(type.name), BtfKind.ENUM64, type.values.length, type.signed ?? false, type.size);
      for (const { name, value } of type.values) {
        out.u32(text(name));
        out.u32(Number(BigInt.asUintN(32, BigInt(value))));
        out.u32(Number(BigInt.asUintN(32, BigInt(value) >> 32n)));
      }
      return;
    case "fwd":
      head(out, text(type.name), BtfKind.FWD, 0, type.union ?? false, 0);
      return;
    case "func":
      // A function's linkage sits where other types have their length.
      head(out, text(type.name), BtfKind.FUNC, type.linkage, false, type.type);
      return;
    case "func_proto":
      head(out, 0, BtfKind.FUNC_PROTO, type.parameters.length, false, type.type);
      for (const parameter of type.parameters) {
        out.u32(text(parameter.name));
        out.u32(parameter.type);
      }
      return;
    case "var":
      head(out, text(type.name), BtfKind.VAR, 0, false, type.type);
      out.u32(type.linkage);
      return;
    case "datasec":
      head(out, text(type.name), BtfKind.DATASEC, type.variables.length, false, type.size);
      for (const variable of type.variables) {
        out.u32(variable.type);
        out.u32(variable.offset);
        out.u32(variable.size);
      }
      return;
    case "decl_tag":
      head(out, text(type.name), BtfKind.DECL_TAG, 0, false, type.type);
      out.u32(type.component);
      return;
  }
}
