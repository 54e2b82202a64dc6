import type { BtfType } from "@go3s/bpf";
import { type KfuncTraits, kfuncTraits } from "./kfuncs.js";
import { type PrototypeShape, type Shape, shapeOf } from "./shapes.js";
import {
  boolType,
  type Field,
  type IntType,
  type StructType,
  type Type,
  uint8,
  uint64,
  voidType,
} from "./type.js";

/** KernelBtf is what the checker asks of the kernel's BTF: the `Btf` of @go3s/bpf answers it. */
export interface KernelBtf {
  /** find gives the ids of all types of a name. */
  find(name: string): readonly number[];
  type(id: number): BtfType;
  /** findEnumerator gives the enum that has a value of a name. */
  findEnumerator?(name: string): number | undefined;
}

/** Enumerator is a value of one of the kernel's enums. */
export interface Enumerator {
  readonly name: string;
  readonly type: IntType;
  readonly value: bigint;
}

/** KernelTypes turns BTF into types of the language, each only when it is named. */
export interface KernelTypes {
  /** named gives a struct, union, enum or typedef by name. */
  named(name: string): Type | undefined;
  /** enumerator gives a value of an enum by its name, from the enum of that name when it is given. */
  enumerator(name: string, of?: string): Enumerator | undefined;
  /** arguments gives the types of a BTF tracepoint's arguments. */
  arguments(tracepoint: string): readonly Type[] | undefined;
  /** enumValues gives the names of an enum's values. */
  enumValues?(name: string): ReadonlyMap<bigint, string> | undefined;
  /** kfunc gives a function that programs may call; undefined when there is none, "no" when it is only the kernel's. */
  kfunc(name: string): KernelFunction | "no" | undefined;
  /** variable gives a per-CPU variable. */
  variable(name: string): KernelVariable | undefined;
  /** signature gives the parameters and the result of a function of the kernel. */
  signature(name: string): KernelSignature | undefined;
}

/** KernelFunction is a kfunc: a function of the kernel that programs call by its name. */
export interface KernelFunction {
  readonly name: string;
  readonly signature: KernelSignature;
  readonly shape: PrototypeShape;
  readonly traits: KfuncTraits;
}

/** KernelVariable is a variable of the kernel; BTF has those that each CPU has its own of. */
export interface KernelVariable {
  readonly name: string;
  readonly type: Type;
  readonly shape: Shape;
}

/** KernelSignature is how a function of the kernel is called; what is larger than a word is an unsigned word. */
export interface KernelSignature {
  readonly parameters: readonly { readonly name: string; readonly type: Type }[];
  readonly result: Type;
}

const modifiers: ReadonlySet<BtfType["kind"]> = new Set([
  "typedef",
  "const",
  "volatile",
  "restrict",
  "type_tag",
]);

/** newKernelTypes reads types lazily: a struct's members are only made when something selects one. */
export function newKernelTypes(btf: KernelBtf): KernelTypes {
  const made = new Map<number, Type>();
  let tagged: ReadonlySet<number> | undefined;
  const typeAt = (id: number): BtfType | undefined => (id === 0 ? undefined : btf.type(id));
  const find = (name: string, kinds: readonly BtfType["kind"][]): number | undefined =>
    btf.find(name).find((id) => kinds.includes(btf.type(id).kind));

  const strip = (id: number): { id: number; type: BtfType | undefined } => {
    let at = id;
    let type = typeAt(at);
    for (
      let steps = 0;
      type !== undefined && modifiers.has(type.kind) && "type" in type && steps < 64;
      steps++
    ) {
      at = type.type;
      type = typeAt(at);
    }
    return { id: at, type };
  };

  /** tagOf tells of pointers that another address space than the kernel's is behind them. */
  const tagOf = (id: number): "user" | "percpu" | undefined => {
    let type = typeAt(id);
    for (
      let steps = 0;
      type !== undefined && modifiers.has(type.kind) && "type" in type && steps < 64;
      steps++
    ) {
      if (type.kind === "type_tag" && (type.name === "user" || type.name === "percpu")) return type.name;
      type = typeAt(type.type);
    }
    return undefined;
  };

  const sizeOfId = (id: number): number => {
    const { type } = strip(id);
    if (type === undefined) return 0;
    if (type.kind === "ptr") return 8;
    if (type.kind === "array") return type.length * sizeOfId(type.type);
    return "size" in type ? type.size : 0;
  };

  const bitsOf = (size: number): 8 | 16 | 32 | 64 =>
    size === 1 ? 8 : size === 2 ? 16 : size === 4 ? 32 : 64;

  const fieldsOf = (type: BtfType): Field[] => {
    if (type.kind !== "struct" && type.kind !== "union") return [];
    return type.members.map((member) => {
      const bitField = (member.bitSize ?? 0) > 0;
      let found: Type | undefined;
      return {
        name: member.name,
        get type() {
          found ??= fromId(member.type);
          return found;
        },
        offset: member.bitOffset >> 3,
        embedded: member.name === "",
        ...(bitField ? { bits: { offset: member.bitOffset, size: member.bitSize ?? 0 } } : {}),
      };
    });
  };

  const struct = (type: BtfType & { kind: "struct" | "union" }): StructType => {
    let fields: Field[] | undefined;
    return {
      kind: "struct",
      name: type.name,
      size: type.size,
      align: 8,
      kernel: { union: type.kind === "union" },
      get fields() {
        fields ??= fieldsOf(type);
        return fields;
      },
    };
  };

  const make = (type: BtfType | undefined): Type => {
    if (type === undefined) return voidType;
    switch (type.kind) {
      case "int": {
        if (type.encoding === "bool") return boolType;
        const bits = bitsOf(type.size);
        const signed = type.encoding === "signed" && type.name !== "char";
        const char = type.name === "char";
        return {
          kind: "int",
          name: `${signed ? "" : "u"}int${bits}`,
          bits,
          signed,
          ...(char ? { char } : {}),
        };
      }
      case "enum":
      case "enum64": {
        const bits = bitsOf(type.size);
        const signed = type.signed ?? false;
        return { kind: "int", name: `${signed ? "" : "u"}int${bits}`, bits, signed, enumOf: type.name };
      }
      case "ptr": {
        const target = strip(type.type).type;
        // Pointers to void and to functions can only be carried as addresses.
        if (target === undefined || target.kind === "func_proto") return { kind: "pointer", target: uint8 };
        if (target.kind === "fwd") return { kind: "pointer", target: uint8 };
        const tag = tagOf(type.type);
        return { kind: "pointer", target: lazy(type.type), ...(tag === undefined ? {} : { tag }) };
      }
      case "array":
        return {
          kind: "array",
          element: fromId(type.type),
          length: type.length,
          ...(type.length === 0 ? { flexible: true } : {}),
        };
      case "struct":
      case "union":
        return struct(type);
      case "float":
        return { kind: "array", element: uint8, length: type.size };
      default:
        return voidType;
    }
  };

  const fromId = (id: number): Type => {
    const stripped = strip(id);
    const known = made.get(stripped.id);
    if (known !== undefined) return known;
    const type = make(stripped.type);
    made.set(stripped.id, type);
    return type;
  };

  /** lazy breaks cycles of pointers: what a pointer points to is only made when it is looked at. */
  const lazy = (id: number): Type => {
    const stripped = strip(id);
    const { type } = stripped;
    if (type?.kind === "struct" || type?.kind === "union") return fromId(stripped.id);
    let found: Type | undefined;
    return {
      kind: "named",
      name: type !== undefined && "name" in type ? type.name : "",
      get underlying() {
        found ??= fromId(id);
        return found;
      },
      set underlying(_value: Type) {},
    };
  };

  /** wordOf is the type of an argument: a word holds it. */
  const wordOf = (id: number): Type => {
    const type = fromId(id);
    return type.kind === "void" || sizeOfId(id) > 8 ? uint64 : type;
  };

  return {
    named(name) {
      const id = find(name, ["struct", "union", "typedef", "enum", "enum64"]);
      return id === undefined ? undefined : fromId(id);
    },
    enumerator(name, of) {
      const id = of === undefined ? btf.findEnumerator?.(name) : find(of, ["enum", "enum64"]);
      const declared = id === undefined ? undefined : btf.type(id);
      if (id === undefined || declared === undefined || !("values" in declared)) return undefined;
      const found = declared.values.find((each) => each.name === name);
      const type = fromId(id);
      if (found === undefined || type.kind !== "int") return undefined;
      return { name, type, value: BigInt(found.value) };
    },
    arguments(tracepoint) {
      // DECLARE_TRACE makes `typedef void (*btf_trace_NAME)(void *data, ARGS)`, include/trace/bpf_probe.h.
      const id = find(`btf_trace_${tracepoint}`, ["typedef"]);
      if (id === undefined) return undefined;
      const pointer = strip(id).type;
      const proto = pointer?.kind === "ptr" ? strip(pointer.type).type : undefined;
      if (proto?.kind !== "func_proto") return undefined;
      return proto.parameters.slice(1).map((parameter) => wordOf(parameter.type));
    },
    enumValues(name) {
      const id = find(name, ["enum", "enum64"]);
      const type = id === undefined ? undefined : btf.type(id);
      if (type?.kind !== "enum" && type?.kind !== "enum64") return undefined;
      return new Map(type.values.map((each) => [BigInt(each.value), each.name]));
    },
    kfunc(name) {
      const id = find(name, ["func"]);
      const func = id === undefined ? undefined : btf.type(id);
      const signature = signatureOf(name);
      if (id === undefined || func?.kind !== "func" || signature === undefined) return undefined;
      // Kernels from 6.10 on tag their kfuncs (pahole 1.26); for others the verifier decides.
      tagged ??= new Set(
        btf.find("bpf_kfunc").flatMap((each) => {
          const tag = btf.type(each);
          return tag.kind === "decl_tag" ? [tag.type] : [];
        }),
      );
      if (tagged.size > 0 && !tagged.has(id)) return "no";
      const shape = shapeOf(func.type, (each) => strip(each).type);
      if (shape.kind !== "prototype") return undefined;
      return { name, signature, shape, traits: kfuncTraits(name) };
    },
    variable(name) {
      const id = find(name, ["var"]);
      const found = id === undefined ? undefined : btf.type(id);
      if (found?.kind !== "var") return undefined;
      return { name, type: fromId(found.type), shape: shapeOf(found.type, (each) => strip(each).type) };
    },
    signature: signatureOf,
  };
  function signatureOf(name: string): KernelSignature | undefined {
    const id = find(name, ["func"]);
    const func = id === undefined ? undefined : btf.type(id);
    const proto = func?.kind === "func" ? strip(func.type).type : undefined;
    if (proto?.kind !== "func_proto") return undefined;
    return {
      parameters: proto.parameters.map(({ name, type }) => ({ name, type: wordOf(type) })),
      result: proto.type === 0 ? voidType : wordOf(proto.type),
    };
  }
}

/** noKernelTypes stands in when no BTF was given. */
export const noKernelTypes: KernelTypes = {
  named: () => undefined,
  enumerator: () => undefined,
  arguments: () => undefined,
  kfunc: () => undefined,
  variable: () => undefined,
  signature: () => undefined,
};
