import { attribute, tag } from "./constants.js";
import { hasAttribute, numberOf, readDie, referenceOf, textOf } from "./die.js";
import { type Cursor, uleb } from "./leb.js";
import type { DebugUnit, Die } from "./model.js";
import { skipAttributes } from "./shapes.js";
import { follow } from "./unit-set.js";

/** TypeKind sorts types by what a reader of memory does with them; the go- kinds are Go's own layouts. */
export type TypeKind =
  | "void"
  | "integer"
  | "unsigned"
  | "character"
  | "boolean"
  | "float"
  | "pointer"
  | "reference"
  | "struct"
  | "union"
  | "array"
  | "enum"
  | "typedef"
  | "qualifier"
  | "function"
  | "go-string"
  | "go-slice"
  | "go-interface"
  | "go-map"
  | "go-chan"
  | "unknown";

/** TypeDescription is one type. What it is made of is read when asked for: types of real programs form loops. */
export interface TypeDescription {
  readonly kind: TypeKind;
  /** name as the source writes it, as far as the debug information tells: `const char *`, `[]main.Shape`. */
  readonly name: string;
  /** size in bytes; undefined when it is not known. */
  readonly size: number | undefined;
  /** count of an array's elements; undefined for other types and open arrays. */
  readonly count: number | undefined;
  /** target is what a pointer, typedef, qualifier, array or enum is made of; for a function what it returns. */
  target(): TypeDescription | undefined;
  /** members of a struct or union, also behind a typedef, in the source's order; inherited ones are one member named after the base. */
  members(): TypeMember[];
  /** enumerators of an enum, also behind a typedef. */
  enumerators(): Enumerator[];
}

/** TypeMember is a member of a struct or union. */
export interface TypeMember {
  readonly name: string;
  /** offset in bytes from the start. */
  readonly offset: number;
  /** bits places a bit field: its first bit counted from the struct's start, and how many. */
  readonly bits: { readonly offset: number; readonly size: number } | undefined;
  readonly type: TypeDescription;
}

/** Enumerator is a named value of an enum. */
export interface Enumerator {
  readonly name: string;
  readonly value: number;
}

/** deepestName bounds how many types a name is made of. */
const deepestName = 12;

// DWARF 5, section 7.8: DW_ATE_*.
const encodings: ReadonlyMap<number, TypeKind> = new Map<number, TypeKind>([
  [0x02, "boolean"],
  [0x03, "float"],
  [0x04, "float"],
  [0x05, "integer"],
  [0x06, "character"],
  [0x07, "unsigned"],
  [0x08, "character"],
  [0x10, "character"],
]);

// reflect.Kind, which Go's compiler writes as DW_AT_go_kind.
const goKinds: ReadonlyMap<number, TypeKind> = new Map<number, TypeKind>([
  [18, "go-chan"],
  [20, "go-interface"],
  [21, "go-map"],
  [23, "go-slice"],
  [24, "go-string"],
]);

const kindsByTag: ReadonlyMap<number, TypeKind> = new Map<number, TypeKind>([
  [tag.POINTER, "pointer"],
  [tag.REFERENCE, "reference"],
  [tag.RVALUE_REFERENCE, "reference"],
  [tag.STRUCTURE, "struct"],
  [tag.CLASS, "struct"],
  [tag.UNION, "union"],
  [tag.ARRAY, "array"],
  [tag.ENUMERATION, "enum"],
  [tag.TYPEDEF, "typedef"],
  [tag.CONST, "qualifier"],
  [tag.VOLATILE, "qualifier"],
  [tag.RESTRICT, "qualifier"],
  [tag.ATOMIC, "qualifier"],
  [tag.SUBROUTINE_TYPE, "function"],
]);

const qualifierNames: ReadonlyMap<number, string> = new Map<number, string>([
  [tag.CONST, "const"],
  [tag.VOLATILE, "volatile"],
  [tag.RESTRICT, "restrict"],
  [tag.ATOMIC, "_Atomic"],
]);

/** voidType is what a type is that is not there: C's void, a Go func's missing result. */
export const voidType: TypeDescription = {
  kind: "void",
  name: "void",
  size: undefined,
  count: undefined,
  target: () => undefined,
  members: () => [],
  enumerators: () => [],
};

/** unknownType is what a type is that lies where this reader does not look: in a type unit, in a supplementary file. */
const unknownType: TypeDescription = { ...voidType, kind: "unknown", name: "?" };

/** childrenOf yields the direct children of an entry, passing over their own. */
export function* childrenOf(die: Die): Generator<Die> {
  if (!die.shape.children) return;
  const { unit, bytes } = die;
  const cursor: Cursor = { bytes, at: die.end };
  for (let depth = 0; cursor.at < bytes.data.length; ) {
    const at = cursor.at;
    const code = uleb(cursor);
    if (code === 0) {
      if (depth === 0) return;
      depth--;
      continue;
    }
    const shape = unit.shapes().get(code);
    if (depth === 0 || shape === undefined) {
      const child = readDie(unit, bytes, at);
      if (child === undefined) return;
      yield child;
      cursor.at = child.end;
    } else skipAttributes(cursor, unit.header, shape);
    if (shape?.children) depth++;
  }
}

/** whole follows a declaration to the type unit that has the type itself. */
function whole(die: Die | undefined): Die | undefined {
  const reference = die === undefined ? undefined : referenceOf(die, attribute.SIGNATURE);
  return reference === undefined ? die : (die?.unit.resolve(reference.offset) ?? die);
}

function typeDie(die: Die): Die | undefined {
  const found = follow(die, (row) => {
    const reference = referenceOf(row, attribute.TYPE);
    return reference === undefined ? undefined : row.unit.resolve(reference.offset);
  });
  return whole(found);
}

function kindOf(die: Die): TypeKind {
  const go = numberOf(die, attribute.GO_KIND);
  const goKind = go === undefined ? undefined : goKinds.get(go);
  // By tag Go's string and slice are structs, its interface, map and chan typedefs.
  if (goKind !== undefined) return goKind;
  if (die.shape.tag === tag.TYPEDEF) {
    // Go names a predeclared type twice: the outer name has no kind of its own.
    const target = typeDie(die);
    const inner = target === undefined ? undefined : numberOf(target, attribute.GO_KIND);
    return (inner === undefined ? undefined : goKinds.get(inner)) ?? "typedef";
  }
  if (die.shape.tag === tag.BASE_TYPE) {
    return encodings.get(numberOf(die, attribute.ENCODING) ?? 0) ?? "unknown";
  }
  return kindsByTag.get(die.shape.tag) ?? "unknown";
}

function countOf(die: Die): number | undefined {
  if (die.shape.tag !== tag.ARRAY) return undefined;
  let count: number | undefined;
  for (const child of childrenOf(die)) {
    if (child.shape.tag !== tag.SUBRANGE) continue;
    const upper = numberOf(child, attribute.UPPER_BOUND);
    const own = numberOf(child, attribute.COUNT) ?? (upper === undefined ? undefined : upper + 1);
    if (own === undefined) return undefined;
    count = (count ?? 1) * own;
  }
  return count;
}

function nameOf(die: Die | undefined, depth = 0): string {
  if (die === undefined) return "void";
  const own = textOf(die, attribute.NAME);
  if (own !== undefined) return own;
  if (depth >= deepestName) return "…";
  const inner = () => nameOf(typeDie(die), depth + 1);
  switch (die.shape.tag) {
    case tag.POINTER: {
      const target = inner();
      return target.endsWith("*") ? `${target}*` : `${target} *`;
    }
    case tag.REFERENCE:
      return `${inner()} &`;
    case tag.RVALUE_REFERENCE:
      return `${inner()} &&`;
    case tag.ARRAY:
      return `${inner()}[${countOf(die) ?? ""}]`;
    case tag.SUBROUTINE_TYPE:
      return `${inner()} ()`;
    case tag.STRUCTURE:
    case tag.CLASS:
      return "struct {…}";
    case tag.UNION:
      return "union {…}";
    case tag.ENUMERATION:
      return "enum {…}";
    default: {
      const qualifier = qualifierNames.get(die.shape.tag);
      if (qualifier === undefined) return "?";
      const target = inner();
      return target.endsWith("*") ? `${target}${qualifier}` : `${qualifier} ${target}`;
    }
  }
}

function sizeOf(die: Die | undefined, depth = 0): number | undefined {
  if (die === undefined || depth >= deepestName) return undefined;
  const own = numberOf(die, attribute.BYTE_SIZE);
  if (own !== undefined) return own;
  const kind = kindsByTag.get(die.shape.tag);
  if (kind === "pointer" || kind === "reference") return die.unit.header.addressSize;
  if (kind === "typedef" || kind === "qualifier") return sizeOf(typeDie(die), depth + 1);
  if (kind !== "array") return undefined;
  const count = countOf(die);
  const element = sizeOf(typeDie(die), depth + 1);
  return count === undefined || element === undefined ? undefined : count * element;
}

/** oldBitOffset undoes DW_AT_bit_offset of DWARF 2 to 4, which counts from the storage unit's highest bit. */
function oldBitOffset(die: Die, offset: number, bitSize: number, type: TypeDescription): number {
  const fromTop = numberOf(die, attribute.BIT_OFFSET);
  if (fromTop === undefined) return offset * 8;
  const storage = numberOf(die, attribute.BYTE_SIZE) ?? type.size ?? 0;
  return (offset + storage) * 8 - fromTop - bitSize;
}

function memberOf(die: Die): TypeMember {
  const type = typeOf(die);
  const offset = numberOf(die, attribute.MEMBER_LOCATION) ?? 0;
  const bitSize = numberOf(die, attribute.BIT_SIZE);
  const bitOffset = numberOf(die, attribute.DATA_BIT_OFFSET) ?? oldBitOffset(die, offset, bitSize ?? 0, type);
  return {
    name: textOf(die, attribute.NAME) ?? (die.shape.tag === tag.INHERITANCE ? type.name : ""),
    offset: bitSize === undefined ? offset : Math.floor(bitOffset / 8),
    bits: bitSize === undefined ? undefined : { offset: bitOffset, size: bitSize },
    type,
  };
}

/** behindNames follows typedefs and qualifiers to what they name. */
function behindNames(die: Die): Die {
  let next = die;
  for (let depth = 0; depth < deepestName; depth++) {
    const kind = kindsByTag.get(next.shape.tag);
    const target = kind === "typedef" || kind === "qualifier" ? typeDie(next) : undefined;
    if (target === undefined) return next;
    next = target;
  }
  return next;
}

/** describeType makes an entry into a type; undefined is void. */
export function describeType(die: Die | undefined): TypeDescription {
  if (die === undefined) return voidType;
  const kind = kindOf(die);
  return {
    kind,
    name: nameOf(die),
    size: sizeOf(die),
    count: countOf(die),
    target() {
      const points = kind === "pointer" || kind === "typedef" || kind === "qualifier" || kind === "function";
      return points || hasAttribute(die, attribute.TYPE) ? typeOf(die) : undefined;
    },
    members() {
      const rows: TypeMember[] = [];
      for (const child of childrenOf(behindNames(die))) {
        if (child.shape.tag === tag.MEMBER || child.shape.tag === tag.INHERITANCE) rows.push(memberOf(child));
      }
      return rows;
    },
    enumerators() {
      const rows: Enumerator[] = [];
      for (const child of childrenOf(behindNames(die))) {
        if (child.shape.tag !== tag.ENUMERATOR) continue;
        rows.push({
          name: textOf(child, attribute.NAME) ?? "",
          value: numberOf(child, attribute.CONST_VALUE) ?? 0,
        });
      }
      return rows;
    },
  };
}

function describeTypeOr(type: Die | undefined): TypeDescription {
  return type === undefined ? unknownType : describeType(type);
}

/** typeOf describes the type of a variable, parameter or function's result. */
export function typeOf(die: Die): TypeDescription {
  const type = typeDie(die);
  const named = type !== undefined || follow(die, (row) => hasAttribute(row, attribute.TYPE) || undefined);
  return named ? describeTypeOr(type) : voidType;
}

/** namedType finds a type of this name in a unit, a whole one before a declaration. */
export function namedType(unit: DebugUnit, name: string): TypeDescription | undefined {
  const { header } = unit;
  const shapes = unit.shapes();
  const bytes = unit.bytes();
  const cursor: Cursor = { bytes, at: header.entries - header.start };
  while (cursor.at < bytes.data.length) {
    const at = cursor.at;
    const code = uleb(cursor);
    if (code === 0) continue;
    const shape = shapes.get(code);
    if (shape === undefined) return undefined;
    const isType = kindsByTag.has(shape.tag) || shape.tag === tag.BASE_TYPE;
    if (isType && shape.attributes.includes(attribute.NAME)) {
      const die = readDie(unit, bytes, at);
      if (die === undefined) return undefined;
      cursor.at = die.end;
      if (textOf(die, attribute.NAME) === name && !hasAttribute(die, attribute.DECLARATION)) {
        return describeType(die);
      }
    } else skipAttributes(cursor, header, shape);
  }
  return undefined;
}
