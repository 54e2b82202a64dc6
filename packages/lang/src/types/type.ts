import type { ContextRow } from "./context-row.js";
import type { MapRow } from "./map-kinds.js";
import type { ProgramKind } from "./program-kind.js";

export interface IntType {
  readonly kind: "int";
  readonly name: string;
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  /** enumOf names the kernel's enum this integer stands for; CO-RE compares kinds. */
  readonly enumOf?: string;
  /** char is C's type of that name: arrays of it are text. */
  readonly char?: boolean;
}
export interface BoolType {
  readonly kind: "bool";
}
/** UntypedType is the type of constants without one, as in Go. */
export interface UntypedType {
  readonly kind: "untyped";
  readonly of: "int" | "string" | "nil";
}
export interface VoidType {
  readonly kind: "void";
}
/** BadType stands where an error was reported; it agrees with everything, so that one mistake is told once. */
export interface BadType {
  readonly kind: "bad";
}
export interface ArrayType {
  readonly kind: "array";
  readonly element: Type;
  readonly length: number;
  /** flexible arrays end a struct of the kernel: their length is known to the kernel alone. */
  readonly flexible?: boolean;
}
export interface Field {
  readonly name: string;
  readonly type: Type;
  /** offset in bytes from the start of the struct. */
  readonly offset: number;
  /** embedded fields lend their own fields: Go's embedding, C's anonymous members. */
  readonly embedded: boolean;
  /** bits is the place of a bit field from the start of its struct, in bits. */
  readonly bits?: { readonly offset: number; readonly size: number };
}
export interface StructType {
  readonly kind: "struct";
  /** name is "" for a struct type without one. */
  readonly name: string;
  readonly fields: readonly Field[];
  readonly size: number;
  readonly align: number;
  /** kernel is set for types from the kernel's BTF: accesses get CO-RE relocations. */
  readonly kernel?: { readonly union: boolean };
  /** special is set for types whose bytes only the kernel writes: timers, locks. */
  readonly special?: true;
  /** user is set for types of the observed program: addresses of them are the user's. */
  readonly user?: true;
  /** union is set for C's unions that are not the kernel's. */
  readonly union?: boolean;
}
export interface PointerType {
  readonly kind: "pointer";
  readonly target: Type;
  /** tag says that a kernel's pointer is to user memory, or to something each CPU has its own of. */
  readonly tag?: "user" | "percpu" | "kptr";
}
export interface MapType {
  readonly kind: "map";
  readonly row: MapRow;
  readonly key: Type;
  readonly value: Type;
  readonly entries: number;
}
/** ContextType is what a program's parameter points to. */
export interface ContextType {
  readonly kind: "context";
  readonly row: ContextRow;
  /** fields of the program's own hook: a tracepoint's format. */
  readonly fields?: readonly Field[];
  /** renamed are the fields of a struct marked @bpf_context, by its names; undefined where the context has none. */
  readonly renamed?: ReadonlyMap<string, string | undefined>;
  /** words are the types of a BTF tracepoint's arguments. */
  readonly words?: readonly Type[];
  /** hook is the kind of program that has the context; helpers of several kinds do not know. */
  readonly hook?: ProgramKind;
  /** names of the words, where BTF has them. */
  readonly names?: readonly string[];
}
export interface FunctionType {
  readonly kind: "function";
  readonly parameters: readonly Type[];
  readonly result: Type;
}
/** TupleType is the type of a builtin with several results. */
export interface TupleType {
  readonly kind: "tuple";
  readonly members: readonly Type[];
}
export interface NamedType {
  readonly kind: "named";
  readonly name: string;
  /** package is shown before the name of an imported package's type. */
  readonly package?: string;
  /** underlying is set once the declaration was resolved. */
  underlying: Type;
}

export type Type =
  | IntType
  | BoolType
  | UntypedType
  | VoidType
  | BadType
  | ArrayType
  | StructType
  | PointerType
  | MapType
  | ContextType
  | FunctionType
  | TupleType
  | NamedType;

const int = (name: string, bits: 8 | 16 | 32 | 64, signed: boolean): IntType => ({
  kind: "int",
  name,
  bits,
  signed,
});

export const int8 = int("int8", 8, true);
export const int16 = int("int16", 16, true);
export const int32 = int("int32", 32, true);
export const int64 = int("int64", 64, true);
export const uint8 = int("uint8", 8, false);
export const uint16 = int("uint16", 16, false);
export const uint32 = int("uint32", 32, false);
export const uint64 = int("uint64", 64, false);
/** intType is Go's int: 64 bits, a register. */
export const intType = int("int", 64, true);
export const uintType = int("uint", 64, false);
export const uintptr = int("uintptr", 64, false);
export const boolType: BoolType = { kind: "bool" };
export const voidType: VoidType = { kind: "void" };
export const badType: BadType = { kind: "bad" };
export const untypedInt: UntypedType = { kind: "untyped", of: "int" };
export const untypedString: UntypedType = { kind: "untyped", of: "string" };
export const untypedNil: UntypedType = { kind: "untyped", of: "nil" };

/** basicTypes are the names of the universe that are types. */
export const basicTypes: Readonly<Record<string, Type>> = {
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  uintptr,
  int: intType,
  uint: uintType,
  byte: uint8,
  rune: int32,
  bool: boolType,
};

/** under looks through names to the type that says what a value is. */
export function under(type: Type): Exclude<Type, NamedType> {
  let at = type;
  for (let steps = 0; at.kind === "named" && steps < 100; steps++) at = at.underlying;
  return at.kind === "named" ? badType : at;
}

/** identical tells whether two types are one type, by Go's rules. */
export function identical(a: Type, b: Type): boolean {
  if (a === b || a.kind === "bad" || b.kind === "bad") return true;
  if (a.kind === "int" && b.kind === "int")
    return a.name === b.name || (a.enumOf !== undefined && b.enumOf !== undefined && a.bits === b.bits);
  if (a.kind === "array" && b.kind === "array")
    return a.length === b.length && identical(a.element, b.element);
  if (a.kind === "pointer" && b.kind === "pointer") return identical(a.target, b.target);
  if (a.kind === "context" && b.kind === "context") return a.row === b.row;
  if (a.kind === "map" && b.kind === "map")
    return a.row === b.row && identical(a.key, b.key) && identical(a.value, b.value);
  if (a.kind === "struct" && b.kind === "struct") {
    if (a.kernel !== undefined || b.kernel !== undefined) return a.name === b.name && a.name !== "";
    return (
      a.name === b.name &&
      a.fields.length === b.fields.length &&
      a.fields.every((field, i) => {
        const other = b.fields[i];
        return other !== undefined && field.name === other.name && identical(field.type, other.type);
      })
    );
  }
  return a.kind === b.kind && (a.kind === "bool" || a.kind === "void");
}

/** typeName writes a type as the program would. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case "int":
      return type.name;
    case "named":
      return type.package === undefined ? type.name : `${type.package}.${type.name}`;
    case "bool":
      return "bool";
    case "untyped":
      return type.of === "nil" ? "nil" : `untyped ${type.of}`;
    case "void":
      return "nothing";
    case "bad":
      return "?";
    case "array":
      return `[${type.length}]${typeName(type.element)}`;
    case "struct":
      if (type.user === true && type.name !== "") return `user.${type.name}`;
      if (type.kernel !== undefined && type.name !== "") return `vmlinux.${type.name}`;
      return type.name === "" ? "struct{…}" : type.name;
    case "pointer":
      return `*${typeName(type.target)}`;
    case "map":
      return `bpf.${type.row.name}[${type.row.typeArguments === 1 ? "" : `${typeName(type.key)}, `}${typeName(type.value)}]`;
    case "context":
      return `bpf.${type.row.name}`;
    case "function":
      return `func(${type.parameters.map(typeName).join(", ")}) ${typeName(type.result)}`;
    case "tuple":
      return `(${type.members.map(typeName).join(", ")})`;
  }
}

/** sizeOf is the size of a value in bytes. */
export function sizeOf(type: Type): number {
  const of = under(type);
  switch (of.kind) {
    case "int":
      return of.bits / 8;
    case "bool":
      return 1;
    case "pointer":
    case "untyped":
      return 8;
    case "array":
      return of.length * sizeOf(of.element);
    case "struct":
      return of.size;
    default:
      return 0;
  }
}

/** alignOf is the alignment of a value in bytes. */
export function alignOf(type: Type): number {
  const of = under(type);
  if (of.kind === "array") return alignOf(of.element);
  if (of.kind === "struct") return of.align;
  return Math.max(1, sizeOf(of));
}

/** layOut gives a struct Go's layout: each field at its alignment, the size a multiple of the largest. */
export function layOut(
  name: string,
  fields: readonly { name: string; type: Type; embedded: boolean }[],
): StructType {
  let at = 0;
  let align = 1;
  const placed = fields.map((field) => {
    const own = alignOf(field.type);
    at = Math.ceil(at / own) * own;
    align = Math.max(align, own);
    const offset = at;
    at += sizeOf(field.type);
    return { ...field, offset };
  });
  return { kind: "struct", name, fields: placed, size: Math.ceil(at / align) * align, align };
}

/** isScalar tells whether a value fits a register. */
export function isScalar(type: Type): boolean {
  const { kind } = under(type);
  return kind === "int" || kind === "bool" || kind === "pointer" || kind === "untyped";
}

/** isKernelStruct tells whether a type is a struct or union of the kernel. */
export function isKernelStruct(type: Type): boolean {
  const of = under(type);
  return of.kind === "struct" && of.kernel !== undefined;
}

/** isUserStruct tells whether a type is a struct of the observed program. */
export function isUserStruct(type: Type): boolean {
  const of = under(type);
  return of.kind === "struct" && of.user === true;
}

/** findField finds a field by name, through embedded fields; the path leads from the struct to it. */
export function findField(struct: StructType, name: string): Field[] | undefined {
  const direct = struct.fields.find((field) => field.name === name);
  if (direct !== undefined) return [direct];
  for (const field of struct.fields) {
    if (!field.embedded) continue;
    const inner = under(field.type);
    const rest = inner.kind === "struct" ? findField(inner, name) : undefined;
    if (rest !== undefined) return [field, ...rest];
  }
  return undefined;
}

/** SpecialMethod is a method of such a type. */
export type SpecialMethod = "Init" | "SetCallback" | "Start" | "Cancel" | "Lock" | "Unlock";
