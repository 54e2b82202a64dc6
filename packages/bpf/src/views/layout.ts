import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import type { BtfMember } from "../btf/types.js";
import { BpfError } from "../errors.js";

/** Enumerator is a named value of an enum. */
export interface Enumerator {
  readonly name: string;
  readonly value: number | bigint;
}

/**
 * Layout is how a type lies in memory, little-endian: what views, plain values and bindings are made from.
 * `text` is an array of char, `bytes` an array of unsigned bytes or a type that is no value.
 */
export type Layout =
  | { readonly kind: "int"; readonly size: number; readonly signed: boolean; readonly name: string }
  | { readonly kind: "bool"; readonly size: number }
  | { readonly kind: "float"; readonly size: 4 | 8 }
  | { readonly kind: "pointer"; readonly size: number }
  | {
      readonly kind: "enum";
      readonly size: number;
      readonly signed: boolean;
      readonly name: string;
      readonly values: readonly Enumerator[];
    }
  | { readonly kind: "text"; readonly size: number }
  | { readonly kind: "bytes"; readonly size: number }
  | { readonly kind: "array"; readonly size: number; readonly length: number; readonly element: Layout }
  | StructLayout;

/** StructLayout is a struct or union; members of anonymous members are its own. */
export interface StructLayout {
  readonly kind: "struct" | "union";
  /** Its tag, or the typedef's name; "" without either. */
  readonly name: string;
  readonly size: number;
  readonly fields: readonly Field[];
}

/** Field is a member with its place. */
export interface Field {
  readonly name: string;
  /** Bytes from the struct's start, of the first byte for a bit field. */
  readonly offset: number;
  readonly layout: Layout;
  /** For a bit field: its lowest bit in that first byte, and its width. */
  readonly bits?: { readonly shift: number; readonly size: number };
}

/** Structs in structs; C has no more than a dozen. */
const MAX_DEPTH = 64;

/** Members of all structs in a struct; the kernel's largest, task_struct, has 2,500. */
const MAX_MEMBERS = 200_000;

const NAMED_KINDS = [
  BtfKind.STRUCT,
  BtfKind.UNION,
  BtfKind.ENUM,
  BtfKind.ENUM64,
  BtfKind.TYPEDEF,
  BtfKind.INT,
] as const;

// The names views have for themselves, and those that are no plain property in JavaScript.
const RESERVED: ReadonlySet<string> = new Set(["at", "toObject", "constructor", "__proto__"]);

/** fieldName gives a member's name as views and bindings spell it: reserved ones get a `_` behind them. */
export function fieldName(name: string): string {
  return RESERVED.has(name) ? `${name}_` : name;
}

function refuse(why: string): never {
  throw new BpfError("bad-btf", `cannot lay out a type: ${why}`);
}

function isChar(layout: Layout): boolean {
  return layout.kind === "int" && layout.size === 1 && layout.name === "char";
}

function isByte(layout: Layout): boolean {
  return layout.kind === "int" && layout.size === 1 && !layout.signed && layout.name !== "char";
}

class Builder {
  readonly #btf: Btf;
  readonly #known = new Map<number, Layout>();
  // Anonymous members in anonymous members multiply: all that is looked at counts.
  #members = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  layout(id: number, depth: number): Layout {
    if (depth > MAX_DEPTH) refuse(`it is nested deeper than ${MAX_DEPTH}`);
    // By what it comes down to, so that a type is one layout under whatever name it is reached.
    const resolved = this.#btf.resolve(id);
    const known = this.#known.get(resolved);
    if (known !== undefined) return known;
    const made = this.#make(id, resolved, depth);
    this.#known.set(resolved, made);
    return made;
  }

  #make(id: number, resolved: number, depth: number): Layout {
    if (resolved === 0) return { kind: "bytes", size: 0 };
    const type = this.#btf.type(resolved);
    switch (type.kind) {
      case "int": {
        if (type.encoding === "bool") return { kind: "bool", size: type.size };
        const isText = type.encoding === "char" || (type.name === "char" && type.size === 1);
        const signed = type.encoding === "signed";
        return { kind: "int", size: type.size, signed, name: isText ? "char" : type.name };
      }
      case "float":
        if (type.size !== 4 && type.size !== 8) return { kind: "bytes", size: type.size };
        return { kind: "float", size: type.size };
      case "ptr":
        return { kind: "pointer", size: 8 };
      case "enum":
      case "enum64": {
        // The compiler marks enums with negative values; old ones did not.
        const signed = type.signed === true || type.values.some(({ value }) => value < 0);
        const name = type.name === "" ? this.#aliasOf(id) : type.name;
        return { kind: "enum", size: type.size, signed, name, values: type.values };
      }
      case "array": {
        const element = this.layout(type.type, depth + 1);
        const size = element.size * type.length;
        if (!Number.isSafeInteger(size)) refuse("an array has no end");
        if (isChar(element)) return { kind: "text", size };
        if (isByte(element)) return { kind: "bytes", size };
        return { kind: "array", size, length: type.length, element };
      }
      case "struct":
      case "union": {
        const fields: Field[] = [];
        this.#flatten(type.members, 0, fields, new Set(), depth + 1);
        const name = type.name === "" ? this.#aliasOf(id) : type.name;
        for (const { offset, layout, bits, name: field } of fields) {
          const size = bits === undefined ? layout.size : Math.ceil((bits.shift + bits.size) / 8);
          if (offset + size > type.size) refuse(`member "${field}" reaches beyond the end of "${name}"`);
        }
        return { kind: type.kind, name, size: type.size, fields };
      }
      default:
        return refuse(`a ${type.kind} is no value`);
    }
  }

  // The last typedef before an anonymous type is the name people know it by.
  #aliasOf(id: number): string {
    let at = id;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const type = at === 0 ? undefined : this.#btf.type(at);
      if (type?.kind === "typedef") return type.name;
      if (type === undefined || !("type" in type)) return "";
      at = type.type;
    }
    return "";
  }

  #flatten(
    members: readonly BtfMember[],
    base: number,
    out: Field[],
    names: Set<string>,
    depth: number,
  ): void {
    if (depth > MAX_DEPTH) refuse(`it is nested deeper than ${MAX_DEPTH}`);
    for (const member of members) {
      if (this.#members++ > MAX_MEMBERS) refuse(`it has more than ${MAX_MEMBERS} members`);
      const at = base + member.bitOffset;
      if (member.name === "") {
        const inner = member.type === 0 ? 0 : this.#btf.resolve(member.type);
        const type = inner === 0 ? undefined : this.#btf.type(inner);
        // Bit fields without a name only fill up.
        if (type?.kind !== "struct" && type?.kind !== "union") continue;
        this.#flatten(type.members, at, out, names, depth + 1);
        continue;
      }
      const name = fieldName(member.name);
      if (names.has(name)) continue;
      names.add(name);
      out.push(this.#field(name, member, at, depth));
    }
  }

  #field(name: string, member: BtfMember, at: number, depth: number): Field {
    const layout = this.layout(member.type, depth);
    const resolved = this.#btf.resolve(member.type);
    const type = resolved === 0 ? undefined : this.#btf.type(resolved);
    // Before bit fields had sizes of their own an int of fewer bits than its bytes have was one.
    const narrow =
      type?.kind === "int" && type.bits !== undefined && type.bits < type.size * 8 ? type.bits : 0;
    const size = (member.bitSize ?? 0) > 0 ? (member.bitSize ?? 0) : layout.kind === "bool" ? 0 : narrow;
    const offset = Math.floor(at / 8);
    if (size === 0 && at % 8 === 0) return { name, offset, layout };
    if (size === 0 || size > 64) refuse(`member "${name}" begins within a byte or has ${size} bits`);
    return { name, offset, layout, bits: { shift: at % 8, size } };
  }
}

/** layoutsOf gives the layouts of one BTF by id, the same value for the same type each time. */
export function layoutsOf(btf: Btf): (id: number) => Layout {
  const builder = new Builder(btf);
  return (id) => builder.layout(id, 0);
}

/** layoutOf gives the layout of a BTF type. Throws BpfError `bad-btf` for what is no value or is broken. */
export function layoutOf(btf: Btf, id: number): Layout {
  return new Builder(btf).layout(id, 0);
}

/**
 * layoutByName gives the layout of a struct, union, enum, typedef or int by its name, the first that there
 * is in this order. Throws BpfError `not-found`.
 */
export function layoutByName(btf: Btf, name: string): Layout {
  return layoutOf(btf, typeByName(btf, name));
}

/** typeByName gives the id of a struct, union, enum, typedef or int by its name. Throws BpfError `not-found`. */
export function typeByName(btf: Btf, name: string): number {
  for (const kind of NAMED_KINDS) {
    const found = btf.findOne(name, kind);
    if (found !== undefined) return found;
  }
  throw new BpfError("not-found", `there is no type "${name}"`, {
    hint: "types are named as in C, without `struct`; a type that nothing uses is not in an object's BTF",
  });
}

/** structOf gives a layout as a struct: what is none becomes the only field, `value`, of one. */
export function structOf(layout: Layout): StructLayout {
  if (layout.kind === "struct" || layout.kind === "union") return layout;
  return { kind: "struct", name: "", size: layout.size, fields: [{ name: "value", offset: 0, layout }] };
}
