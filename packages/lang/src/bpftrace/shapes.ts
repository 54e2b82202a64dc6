import { alignOf, type StructType, sizeOf, type Type, under } from "../types/type.js";
import { lateTitle, lateType } from "./late.js";
import type { Shape, TupleMember } from "./script.js";
import type { State, ValueType } from "./state.js";

/** round8: what is kept in maps and events takes whole words. */
export const round8 = (size: number): number => Math.ceil(size / 8) * 8;

/** goType is the type of a value in the generated program; tuples are declared when they are first asked for. */
export function goType(state: State, shape: Shape): string {
  switch (shape.kind) {
    case "text":
      return `[${shape.size}]byte`;
    case "usym":
      return "[2]uint64";
    case "late":
      return lateType(shape);
    case "record":
    case "array":
      return `[${Math.max(8, round8(sizeOf(shape.target)))}]byte`;
    case "bool":
      return "int64";
    case "tuple": {
      const members = shape.members.map(({ type }, i) => `F${i} ${goType(state, type)}`).join("; ");
      const known = state.tuples.get(members);
      if (known !== undefined) return known;
      const name = `T${state.tuples.size}`;
      state.tuples.set(members, name);
      state.declarations.push(`type ${name} struct { ${members === "" ? "F0 uint64" : members} }`);
      return name;
    }
    default:
      return shape.kind === "int" && shape.signed ? "int64" : "uint64";
  }
}

/** shapeOf gives what can be stored of a type. */
export function shapeOf(type: ValueType): Shape | undefined {
  return type.kind === "args" || type.kind === "void" || type.kind === "bad" ? undefined : type;
}

/** memberTitle writes a member of a tuple or record. */
const memberTitle = ({ name, type }: TupleMember): string =>
  name === undefined ? typeTitle(type) : `${name}=${typeTitle(type)}`;

/** cTitle names a type of C as scripts write it. */
export function cTitle(type: Type): string {
  if (type.kind === "named" && type.name !== "") return type.name;
  const of = under(type);
  switch (of.kind) {
    case "int":
      return of.enumOf === undefined || of.enumOf === ""
        ? `${of.signed ? "" : "u"}int${of.bits}`
        : `enum ${of.enumOf}`;
    case "struct":
      return `${of.union === true || of.kernel?.union === true ? "union" : "struct"} ${of.name}`;
    case "pointer":
      return `${cTitle(of.target)} *`;
    case "array":
      return `${cTitle(of.element)}[${of.length}]`;
    default:
      return of.kind;
  }
}

/** typeTitle names a type for people, as bpftrace does. */
export function typeTitle(type: ValueType): string {
  switch (type.kind) {
    case "int":
      return `${type.signed ? "" : "u"}int${type.bits ?? 64}`;
    case "bool":
      return "bool";
    case "text":
      return `string[${type.length ?? type.size}]`;
    case "kstack":
    case "ustack":
      return type.kind;
    case "ksym":
    case "usym":
      return type.kind;
    case "strftime":
      return "timestamp";
    case "late":
      return lateTitle(type);
    case "pointer":
      return `${cTitle(type.target)} *`;
    case "record":
    case "array":
      return cTitle(type.target);
    case "tuple":
      return `(${type.members.map(memberTitle).join(",")})`;
    case "args":
      return "args";
    case "void":
      return "none";
    case "bad":
      return "?";
  }
}

/** logicalSize is what sizeof() gives for a kept value, with its alignment: tuples are laid out as C lays out structs. */
export function logicalSize(shape: Shape): { size: number; align: number } {
  switch (shape.kind) {
    case "int": {
      const size = (shape.bits ?? 64) / 8;
      return { size, align: size };
    }
    case "bool":
      return { size: 1, align: 1 };
    case "text":
      return { size: shape.length ?? shape.size, align: 1 };
    case "record":
    case "array":
      return { size: sizeOf(shape.target), align: alignOf(shape.target) };
    case "tuple": {
      let at = 0;
      let align = 1;
      for (const { type } of shape.members) {
        const own = logicalSize(type);
        at = Math.ceil(at / own.align) * own.align + own.size;
        align = Math.max(align, own.align);
      }
      return { size: Math.ceil(at / align) * align, align };
    }
    case "late":
      return { size: shape.size, align: Math.min(8, shape.size) };
    case "usym":
      return { size: 16, align: 8 };
    default:
      return { size: 8, align: 8 };
  }
}

function widerTuple(a: Shape & { kind: "tuple" }, b: Shape & { kind: "tuple" }): Shape | undefined {
  if (a.members.length !== b.members.length) return undefined;
  const members = a.members.map(({ name, type }, i): TupleMember | undefined => {
    const other = name === undefined ? b.members[i] : b.members.find((each) => each.name === name);
    const joined =
      other === undefined || (name === undefined) !== (other.name === undefined)
        ? undefined
        : wider(type, other.type);
    return joined === undefined ? undefined : { ...(name === undefined ? {} : { name }), type: joined };
  });
  const whole = members.flatMap((member) => member ?? []);
  return whole.length === members.length ? { kind: "tuple", members: whole } : undefined;
}

function widerInt(a: Shape & { kind: "int" }, b: Shape & { kind: "int" }): Shape {
  // A literal takes the sign of what it meets; of two signs the signed one holds more of what people mean.
  const free = a.free === true && b.free === true;
  const signed = a.free === true ? b.signed : b.free === true ? a.signed : a.signed || b.signed;
  const bits = Math.max(a.bits ?? 64, b.bits ?? 64);
  const names = a.names === b.names ? a.names : undefined;
  return {
    kind: "int",
    signed,
    bits: bits === 8 ? 8 : bits === 16 ? 16 : bits === 32 ? 32 : 64,
    ...(free ? { free } : {}),
    ...(names === undefined ? {} : { names }),
  };
}

const sameStruct = (a: StructType, b: StructType): boolean =>
  a === b || (a.name === b.name && a.size === b.size);

/** wider is the shape that holds both, or undefined when they are of different kinds. */
export function wider(a: Shape, b: Shape): Shape | undefined {
  if (a.kind === "text" && b.kind === "text") {
    const size = round8(Math.max(a.size, b.size));
    const length = Math.max(a.length ?? a.size, b.length ?? b.size);
    const cut = a.cut !== undefined || b.cut !== undefined ? { cut: Math.max(a.cut ?? 0, b.cut ?? 0) } : {};
    return { kind: "text", size, length, ...cut };
  }
  if (a.kind === "int" && b.kind === "int") return widerInt(a, b);
  if (a.kind === "tuple" && b.kind === "tuple") return widerTuple(a, b);
  if (a.kind === "late" && b.kind === "late")
    return a.show === b.show ? { ...a, size: round8(Math.max(a.size, b.size)) } : undefined;
  // Whose memory it is may only be known of one of them.
  if (a.kind === "pointer" && b.kind === "pointer")
    return a.space !== undefined || b.space === undefined ? a : { ...a, space: b.space };
  // A pointer may be set to a number, mostly 0.
  if (a.kind === "pointer" && b.kind === "int") return a;
  if (a.kind === "int" && b.kind === "pointer") return b;
  if (a.kind === "record" && b.kind === "record") return sameStruct(a.target, b.target) ? a : undefined;
  if (a.kind === "array" && b.kind === "array") return sizeOf(a.target) === sizeOf(b.target) ? a : undefined;
  if ((a.kind === "int" && b.kind === "bool") || (a.kind === "bool" && b.kind === "int")) return undefined;
  return a.kind === b.kind ? a : undefined;
}

/** sameShape tells whether two shapes are kept and shown alike. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a.kind === "tuple" && b.kind === "tuple")
    return (
      a.members.length === b.members.length &&
      a.members.every((member, i) => {
        const other = b.members[i];
        return other !== undefined && sameShape(member.type, other.type);
      })
    );
  if (a.kind === "int" && b.kind === "int")
    return a.signed === b.signed && (a.bits ?? 64) === (b.bits ?? 64) && a.free === b.free;
  if (a.kind === "late" && b.kind === "late") return a.size === b.size;
  if (a.kind === "text" && b.kind === "text")
    return a.size === b.size && (a.length ?? a.size) === (b.length ?? b.size);
  if (a.kind === "pointer" && b.kind === "pointer") return a.space === b.space;
  return a.kind === b.kind;
}
