import type { Range } from "../source/file.js";
import {
  type ArrayType,
  type Field,
  findField,
  type StructType,
  sizeOf,
  type Type,
  under,
} from "../types/type.js";
import { enumNames } from "./enums.js";
import { readingMemory } from "./helper-errors.js";
import { goType, round8 } from "./shapes.js";
import { spaceOf } from "./spaces.js";
import { bad, fresh, type Memory, mark, type State, type Value } from "./state.js";
import { fromCondition, integer } from "./values.js";

const reader = (space: "kernel" | "user"): string => (space === "user" ? "User" : "Kernel");

/** addressCode is the address of memory as a number of the program. */
export function addressCode(memory: Memory): string {
  switch (memory.kind) {
    case "address":
      return memory.offset === 0 ? memory.code : `(${memory.code} + ${memory.offset})`;
    case "bytes":
      return `(bpf.Addr(&${memory.place}) + ${memory.offset}${memory.index === undefined ? "" : ` + ${memory.index}`})`;
    case "typed":
      return `bpf.Addr(&${memory.code})`;
  }
}

/** inside is the memory at a distance in other memory; typed memory is only gone into by names. */
export function inside(memory: Memory, offset: number): Memory {
  if (memory.kind === "typed")
    return offset === 0
      ? memory
      : { kind: "address", code: addressCode(memory), offset, space: memory.space };
  return { ...memory, offset: memory.offset + offset };
}

/** wordAt reads 1, 2, 4 or 8 bytes; the code is of the type uintN. */
function wordAt(state: State, at: Range, memory: Memory, size: number): string {
  if (memory.kind === "bytes")
    return `${mark(at)}bpf.Load${size * 8}(&${memory.place}, ${memory.offset}${memory.index === undefined ? "" : ` + int64(${memory.index})`})`;
  const space = memory.space;
  const held = fresh(state, "t");
  state.out.push(`var ${held} uint${size * 8}`);
  readingMemory(state, at, space, `bpf.Read${reader(space)}(&${held}, ${addressCode(memory)})`);
  return held;
}

/** copyMemory copies `size` bytes of memory into a place of the program. */
export function copyMemory(state: State, at: Range, memory: Memory, to: string, size: number): void {
  if (
    memory.kind === "bytes" &&
    memory.offset === 0 &&
    memory.index === undefined &&
    round8(size) === memory.room
  )
    state.out.push(`${to} = ${memory.place}`);
  else if (memory.kind === "bytes")
    state.out.push(`${mark(at)}bpf.ReadKernelN(&${to}, ${size}, ${addressCode(memory)})`);
  else
    readingMemory(
      state,
      at,
      memory.space,
      `bpf.Read${reader(memory.space)}N(&${to}, ${size}, ${addressCode(memory)})`,
    );
}

/** ownSpace is where a pointer points that a probe in a program has kept: into that program, unless it is the kernel's. */
function ownSpace(state: State, target: Type): { readonly space?: "kernel" | "user" } {
  const { kind } = state.unit.place;
  const of = under(target);
  const isKernels = of.kind === "struct" && of.kernel !== undefined;
  return !isKernels && (kind === "uprobe" || kind === "uretprobe" || kind === "usdt")
    ? { space: "user" }
    : {};
}

/** loadFrom turns memory of a type of C into a value; structs and arrays stay where they are until they are needed. */
export function loadFrom(state: State, at: Range, memory: Memory, type: Type): Value {
  const of = under(type);
  const space = memory.kind === "bytes" ? {} : { space: memory.space };
  switch (of.kind) {
    case "int": {
      const code =
        memory.kind === "typed"
          ? memory.code
          : of.signed
            ? `int${of.bits}(${wordAt(state, at, memory, of.bits / 8)})`
            : wordAt(state, at, memory, of.bits / 8);
      const names = of.enumOf === undefined ? undefined : enumNames(state, of.enumOf);
      return {
        ...integer(`${of.signed ? "int64" : "uint64"}(${code})`, of.signed),
        type: { kind: "int", signed: of.signed, bits: of.bits, ...(names === undefined ? {} : { names }) },
        ...space,
      };
    }
    case "bool":
      return fromCondition(memory.kind === "typed" ? memory.code : `(${wordAt(state, at, memory, 1)} != 0)`);
    case "pointer": {
      const typed = memory.kind === "typed";
      const code = typed ? `bpf.Addr(${memory.code})` : `uint64(${wordAt(state, at, memory, 8)})`;
      const whose = memory.kind === "bytes" ? ownSpace(state, of.target) : { space: memory.space };
      const isStruct = under(of.target).kind === "struct";
      return {
        type: { kind: "pointer", target: of.target, ...whose },
        code,
        ...whose,
        ...(typed && isStruct ? { typed: memory.code } : {}),
      };
    }
    case "struct":
      return {
        type: { kind: "record", target: of },
        code: memory.kind === "typed" ? memory.code : "",
        memory,
        into: (to) => copyMemory(state, at, memory, to, of.size),
      };
    case "array":
      return arrayFrom(state, at, memory, of);
    default:
      state.report.error("unsupported", at, "a value of this type cannot be read");
      return bad;
  }
}

/** arrayFrom is an array in memory; characters are text up to NUL. */
function arrayFrom(state: State, at: Range, memory: Memory, type: ArrayType): Value {
  const element = under(type.element);
  const size = sizeOf(type);
  if (element.kind !== "int" || element.char !== true || type.length === 0)
    return {
      type: { kind: "array", target: type },
      code: memory.kind === "typed" ? memory.code : "",
      memory,
      into: (to) => copyMemory(state, at, memory, to, size),
    };
  return {
    type: { kind: "text", size: round8(size), length: size },
    code: "",
    memory,
    into: (to, room) => {
      if (memory.kind === "typed" && room === size) {
        state.out.push(`${to} = ${memory.code}`);
        return;
      }
      // As a text: what stands behind the NUL is left out, and what does not fit is cut.
      const held = fresh(state, "s");
      state.out.push(`var ${held} [${round8(size)}]byte`);
      if (memory.kind === "typed" && round8(size) === size) state.out.push(`${held} = ${memory.code}`);
      else copyMemory(state, at, memory, held, size);
      if (room === round8(size)) state.out.push(`${to} = ${held}`);
      else
        state.out.push(
          `helpers.ProbeReadKernelStr(&${to}, ${Math.min(room, round8(size))}, bpf.Addr(&${held}))`,
        );
    },
  };
}

/** structAt is the memory of a struct that a pointer points to. */
export function structAt(state: State, pointer: Value, struct: StructType): Memory {
  const space = pointer.space ?? spaceOf(state);
  if (pointer.typed !== undefined) return { kind: "typed", code: pointer.typed, space };
  if (struct.kernel !== undefined && struct.name !== "")
    return {
      kind: "typed",
      code: `bpf.${reader(space)}[vmlinux.${struct.name}](${pointer.code})`,
      space,
    };
  return { kind: "address", code: pointer.code, offset: 0, space };
}

/** bitField reads the storage unit of a bit field and takes its bits out. */
function bitField(state: State, at: Range, memory: Memory, base: number, field: Field): Value {
  const of = under(field.type);
  const bits = field.bits;
  if (bits === undefined || of.kind !== "int") return bad;
  const unit = of.bits / 8;
  const offset = base + Math.floor((bits.offset >> 3) / unit) * unit;
  const shift = base * 8 + bits.offset - offset * 8;
  const word = `uint64(${wordAt(state, at, inside(memory, offset), unit)})`;
  const left = 64 - shift - bits.size;
  // As bpftrace has them: without a sign of their own, whatever is declared.
  const plain = `((${word} << ${left}) >> ${64 - bits.size})`;
  const code = of.signed ? `int64(${plain})` : plain;
  return { ...integer(code, of.signed), type: { kind: "int", signed: of.signed, bits: of.bits } };
}

/** fieldIn reads a field of a struct in memory; undefined when there is none of that name. */
export function fieldIn(
  state: State,
  at: Range,
  memory: Memory,
  struct: StructType,
  name: string,
): Value | undefined {
  const path = findField(struct, name);
  const field = path?.at(-1);
  if (path === undefined || field === undefined) return undefined;
  if (memory.kind === "typed") {
    const code = `${memory.code}.${mark(at)}${name}`;
    return loadFrom(state, at, { ...memory, code }, field.type);
  }
  if (field.bits !== undefined) {
    const base = path.slice(0, -1).reduce((total, each) => total + each.offset, 0);
    return bitField(state, at, memory, base, field);
  }
  const offset = path.reduce((total, each) => total + each.offset, 0);
  return loadFrom(state, at, inside(memory, offset), field.type);
}

/** keptRecord is a struct or array that stands in a place of the program. */
export function keptRecord(state: State, at: Range, place: string, type: StructType | ArrayType): Value {
  const memory: Memory = { kind: "bytes", place, room: Math.max(8, round8(sizeOf(type))), offset: 0 };
  const kind: Value["type"] =
    type.kind === "struct" ? { kind: "record", target: type } : { kind: "array", target: type };
  return {
    type: kind,
    code: place,
    memory,
    into: (to) => copyMemory(state, at, memory, to, sizeOf(type)),
  };
}

/** placed puts a value of C's into a place of the program, unless it stands in one. */
export function placed(state: State, at: Range, value: Value): Value {
  const { type } = value;
  if (type.kind !== "record" && type.kind !== "array") return value;
  if (value.memory?.kind === "bytes" && value.code === value.memory.place) return value;
  const held = fresh(state, "s");
  state.out.push(`var ${held} ${goType(state, type)}`);
  value.into?.(held, sizeOf(type.target));
  return keptRecord(state, at, held, type.target);
}
