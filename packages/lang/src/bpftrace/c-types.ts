import type { Reporter } from "../source/diagnostics.js";
import type { KernelTypes } from "../types/kernel.js";
import {
  boolType,
  int8,
  int16,
  int32,
  int64,
  type Type,
  uint8,
  uint16,
  uint32,
  uint64,
  voidType,
} from "../types/type.js";
import { layOutC } from "./c-layout.js";
import type { Declaration, MemberDeclaration, Node, TypeNode } from "./tree.js";

/** CTypes are the types a script may name: its own, C's, the kernel's. */
export interface CTypes {
  /** resolve gives the type that is written; undefined when there is none of that name. */
  resolve(node: TypeNode, typeOf: (node: Node) => Type | undefined): Type | undefined;
  /** constants are the values of the script's enums, with the enum's name. */
  readonly constants: ReadonlyMap<string, { readonly value: bigint; readonly of: string }>;
  readonly enums: ReadonlyMap<string, ReadonlyMap<bigint, string>>;
}

const char: Type = { ...int8, kind: "int", name: "int8", bits: 8, signed: true, char: true };

/** opaque is a number that BPF cannot compute with: it has its room in a struct, and no value. */
const opaque = (name: string, size: number): Type => ({
  kind: "struct",
  name,
  fields: [],
  size,
  align: size,
});

/** basics are C's and the language's own names; long has 64 bits wherever we run. */
const basics: Readonly<Record<string, Type>> = {
  void: voidType,
  bool: boolType,
  _Bool: boolType,
  float: opaque("float", 4),
  double: opaque("double", 8),
  char,
  short: int16,
  int: int32,
  long: int64,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  s8: int8,
  s16: int16,
  s32: int32,
  s64: int64,
  u8: uint8,
  u16: uint16,
  u32: uint32,
  u64: uint64,
  size_t: uint64,
  ssize_t: int64,
  intptr_t: int64,
  uintptr_t: uint64,
  pid_t: int32,
  uid_t: uint32,
  gid_t: uint32,
};

/** basicType finds a type of C by its words: `unsigned long long`, `uint8_t`, `__u32`. */
function basicType(name: string): Type | undefined {
  const words = name.split(" ");
  if (words.length === 1 || words.every((word) => /^(?:unsigned|signed|char|short|int|long)$/.test(word))) {
    const unsigned = words.includes("unsigned");
    if (words.includes("char")) return unsigned ? uint8 : words.includes("signed") ? int8 : char;
    if (words.includes("short")) return unsigned ? uint16 : int16;
    if (words.includes("long")) return unsigned ? uint64 : int64;
    if (words.includes("int") || unsigned || words.includes("signed")) return unsigned ? uint32 : int32;
  }
  const plain = name.replace(/^__(?=[usb])/, "").replace(/^(u?int(?:8|16|32|64))_t$/, "$1");
  return Object.hasOwn(basics, plain) ? basics[plain] : undefined;
}

/** constantOf computes what a declaration needs: lengths of arrays, values of enums. */
function constantOf(node: Node, names: ReadonlyMap<string, { readonly value: bigint }>): bigint | undefined {
  if (node.kind === "number") return node.value;
  if (node.kind === "word") return names.get(node.name)?.value;
  if (node.kind === "unary" && node.operator === "-") {
    const of = constantOf(node.operand, names);
    return of === undefined ? undefined : -of;
  }
  if (node.kind !== "binary") return undefined;
  const [a, b] = [constantOf(node.left, names), constantOf(node.right, names)];
  if (a === undefined || b === undefined) return undefined;
  switch (node.operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b === 0n ? undefined : a / b;
    case "<<":
      return b >= 0n && b < 64n ? a << b : undefined;
    case "|":
      return a | b;
    default:
      return undefined;
  }
}

// What a declared array may take: no map value is larger.
const largest = 1 << 22;

/**
 * newCTypes reads the declarations of a script; behind them stand the types of the program that is probed (`outside`),
 * then the kernel's.
 */
export function newCTypes(
  declarations: readonly Declaration[],
  kernel: KernelTypes,
  report: Reporter,
  outside?: (tag: string) => Type | undefined,
): CTypes {
  const tags = new Map<string, Type>();
  const typedefs = new Map<string, Type>();
  const constants = new Map<string, { value: bigint; of: string }>();
  const enums = new Map<string, ReadonlyMap<bigint, string>>();

  const named = (name: string): Type | undefined => {
    const tag = /^(struct|union|enum) (\w+)$/.exec(name)?.[2];
    if (tag !== undefined)
      return tags.get(name) ?? tags.get(`struct ${tag}`) ?? outside?.(tag) ?? kernel.named(tag);
    return typedefs.get(name) ?? basicType(name) ?? kernel.named(name) ?? tags.get(`struct ${name}`);
  };

  const wrapped = (
    base: () => Type | undefined,
    name: string,
    pointers: number,
    lengths: readonly (Node | undefined)[],
  ): Type | undefined => {
    let type: Type | undefined;
    if (pointers > 0) {
      // What a pointer points to is only looked at when it is read: a struct may point to its own kind.
      let found: Type | undefined;
      type = {
        kind: "named",
        name,
        get underlying() {
          found ??= base() ?? voidType;
          return found;
        },
        set underlying(_value: Type) {},
      };
      for (let i = 0; i < pointers; i++) type = { kind: "pointer", target: type };
    } else type = base();
    for (const length of lengths.toReversed()) {
      const count = length === undefined ? 0n : constantOf(length, constants);
      if (type === undefined || count === undefined || count < 0n || count > BigInt(largest))
        return undefined;
      type = { kind: "array", element: type, length: Number(count) };
    }
    return type;
  };

  const resolve: CTypes["resolve"] = (node, typeOf) => {
    const { of } = node;
    const base = (): Type | undefined =>
      of === undefined ? named(node.name) : of.kind === "type" ? resolve(of.type, typeOf) : typeOf(of);
    return wrapped(base, node.name, node.pointers, node.lengths);
  };

  const memberType = (member: MemberDeclaration): Type | undefined => {
    const { type } = member;
    if (!("kind" in type))
      return wrapped(() => named(type.name), type.name, member.pointers + type.pointers, member.lengths);
    const made = declare(type);
    return wrapped(() => made, "", member.pointers, member.lengths);
  };

  const declare = (one: Declaration): Type | undefined => {
    if (one.kind === "typedef") {
      const type = memberType(one.member);
      if (type !== undefined) typedefs.set(one.member.name, type);
      return type;
    }
    if (one.kind === "enum") {
      let next = 0n;
      const names = new Map<bigint, string>();
      for (const { name, value } of one.values) {
        const given = value === undefined ? next : constantOf(value, constants);
        if (given === undefined) report.error("not-constant", one, `the value of ${name} is not known`);
        next = given ?? next;
        names.set(next, name);
        constants.set(name, { value: next, of: one.name });
        next++;
      }
      const type: Type = { kind: "int", name: "uint32", bits: 32, signed: false, enumOf: one.name };
      if (names.size > 0) enums.set(one.name, names);
      if (one.name !== "") tags.set(`enum ${one.name}`, type);
      return type;
    }
    if (one.members.length === 0 && one.name !== "" && named(`${one.kind} ${one.name}`) !== undefined)
      return named(`${one.kind} ${one.name}`);
    const members = one.members.map((member) => {
      const type = memberType(member);
      if (type === undefined) {
        const what = "kind" in member.type ? member.name : member.type.name;
        report.error("undefined", member.type, `unknown type name '${what}'`);
      }
      return { name: member.name, type: type ?? int32, bits: member.bits };
    });
    const type = layOutC(one.kind, one.name, members, one.packed);
    if (one.name !== "") tags.set(`${one.kind} ${one.name}`, type);
    return type;
  };

  for (const one of declarations) declare(one);
  return { resolve, constants, enums };
}
