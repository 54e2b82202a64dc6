import type { TypeDescription } from "@go3s/binary";
import type { Place } from "./abi.js";
import { plainType } from "./types.js";

/** LeafKind says how the words of a leaf are read back. */
export type LeafKind =
  | "integer"
  | "unsigned"
  | "boolean"
  | "float"
  | "pointer"
  | "text"
  | "c-text"
  | "slice"
  | "bytes"
  | "length"
  | "error"
  | "interface";

/** Leaf is one value of a record: a number in a word of 8 bytes, or a few words and text behind them. */
export interface Leaf {
  /** name as the attribute has it, behind `go3s.arg.` or `go3s.result.`: "order.ID". */
  readonly name: string;
  readonly kind: LeafKind;
  /** size of a number in bytes. */
  readonly size: number;
  /** word is the index of its first word in the record's data. */
  readonly word: number;
  /** room for text in bytes, behind its words. */
  readonly room: number;
  /** element describes a slice's. */
  readonly element:
    | { readonly kind: "integer" | "unsigned" | "float" | "boolean"; readonly size: number }
    | undefined;
  /** guard is the word that holds the pointer which this leaf was reached by; nothing is there when it is nil. */
  readonly guard: number | undefined;
}

/** Capture is what a probe reads, as code and as the layout of what the code leaves in the record. */
export interface Capture {
  readonly leaves: readonly Leaf[];
  /** code is the statements that fill `e.W` (words). */
  readonly code: readonly string[];
  /** words is how many words of 8 bytes the record's data has. */
  readonly words: number;
  /** lost says which values cannot be read, and why. */
  readonly lost: readonly string[];
}

/** Captured is a variable and where it is. */
export interface Captured {
  readonly name: string;
  readonly type: TypeDescription;
  readonly place: Place;
}

const textRoom = 64;
const errorRoom = 128;
const deepest = 2;
// A record that holds this much is cleared and copied in well below a microsecond.
const mostWords = 160;
const mostLeaves = 24;

/** captureOf plans the reading of variables; what does not fit is told in `lost`. */
export function captureOf(variables: readonly Captured[]): Capture {
  const leaves: Leaf[] = [];
  const code: string[] = [];
  const lost: string[] = [];
  let words = 0;
  let locals = 0;

  const add = (leaf: Omit<Leaf, "word">, count: number): number | undefined => {
    const size = count + Math.ceil(leaf.room / 8);
    if (leaves.length >= mostLeaves || words + size > mostWords) {
      lost.push(`${leaf.name}: no room in the record`);
      return undefined;
    }
    const word = words;
    words += size;
    leaves.push({ ...leaf, word });
    return word;
  };
  const local = (): string => `p${locals++}`;
  /** load gives an expression for the 8 bytes at an offset of a value. */
  const load = (place: Place, at: number): string => {
    if (place.kind === "registers") return place.words.get(at) ?? "0";
    if (place.kind === "nowhere") return "0";
    const name = local();
    code.push(`var ${name} uint64`, `bpf.ReadUser(&${name}, ${place.address}+${at})`);
    return name;
  };
  const number = (place: Place, at: number, word: number, size: number): void => {
    if (place.kind === "registers") code.push(`e.W[${word}] = ${place.words.get(at) ?? "0"}`);
    else if (place.kind === "memory")
      code.push(`bpf.ReadUserN(e.W[${word}:${word + 1}], ${size}, ${place.address}+${at})`);
  };
  const text = (word: number, room: number, length: string, pointer: string): void => {
    const last = word + Math.ceil(room / 8);
    code.push(`bpf.ReadUserN(e.W[${word}:${last}], ${length}, ${pointer})`);
  };

  const walk = (
    name: string,
    type: TypeDescription,
    place: Place,
    at: number,
    depth: number,
    guard: number | undefined,
  ): void => {
    const plain = plainType(type);
    const size = Math.min(8, plain.size ?? 8);
    const base = { name, guard, element: undefined };
    switch (plain.kind) {
      case "integer":
      case "unsigned":
      case "character":
      case "enum":
      case "boolean": {
        const kind = plain.kind === "enum" ? "integer" : plain.kind === "character" ? "unsigned" : plain.kind;
        const word = add({ ...base, kind, size, room: 0 }, 1);
        if (word !== undefined) number(place, at, word, size);
        return;
      }
      case "float": {
        if (place.kind === "registers") lost.push(`${name}: a float in a register, which no probe can read`);
        else if (plain.name.startsWith("complex")) lost.push(`${name}: a complex number`);
        else {
          const word = add({ ...base, kind: "float", size, room: 0 }, 1);
          if (word !== undefined) number(place, at, word, size);
        }
        return;
      }
      case "go-string": {
        const word = add({ ...base, kind: "text", size: 8, room: textRoom }, 1);
        if (word === undefined) return;
        const pointer = load(place, at);
        const length = load(place, at + 8);
        code.push(`e.W[${word}] = ${length}`);
        text(word + 1, textRoom, length, pointer);
        return;
      }
      case "go-slice":
        slice(base, plain, place, at);
        return;
      case "go-interface": {
        const isError = type.name === "error";
        const word = add(
          { ...base, kind: isError ? "error" : "interface", size: 8, room: isError ? errorRoom : 0 },
          isError ? 3 : 2,
        );
        if (word === undefined) return;
        const table = load(place, at);
        const data = load(place, at + 8);
        code.push(`e.W[${word}] = ${table}`, `e.W[${word + 1}] = ${data}`);
        if (!isError) return;
        // The message of *errors.errorString, *fmt.wrapError and their like is their first member, a string.
        const message = { kind: "memory", address: data } as const;
        const pointer = load(message, 0);
        const length = load(message, 8);
        code.push(`e.W[${word + 2}] = ${length}`);
        text(word + 3, errorRoom, length, pointer);
        return;
      }
      case "go-map": {
        const word = add({ ...base, kind: "length", size: 8, room: 0 }, 2);
        if (word === undefined) return;
        const pointer = load(place, at);
        // Both of Go's maps begin with the number of elements: runtime.hmap.count, internal/runtime/maps.Map.used.
        code.push(`e.W[${word}] = ${pointer}`, `bpf.ReadUserN(e.W[${word + 1}:${word + 2}], 8, ${pointer})`);
        return;
      }
      case "pointer":
      case "reference":
        pointer(base, plain, place, at, depth);
        return;
      case "go-chan":
      case "function": {
        const word = add({ ...base, kind: "pointer", size: 8, room: 0 }, 1);
        if (word !== undefined) number(place, at, word, 8);
        return;
      }
      case "struct":
        if (depth >= deepest) return;
        for (const member of plain.members()) {
          if (member.bits !== undefined || member.name === "_") continue;
          walk(`${name}.${member.name}`, member.type, place, at + member.offset, depth + 1, guard);
        }
        return;
      default:
        lost.push(`${name}: ${plain.name} is not read`);
    }
  };

  const slice = (
    base: Pick<Leaf, "name" | "guard" | "element">,
    plain: TypeDescription,
    place: Place,
    at: number,
  ): void => {
    const element = elementOf(plain);
    const size = element?.size ?? 0;
    const kind = element?.kind === "unsigned" && size === 1 ? "bytes" : "slice";
    const word = add({ ...base, kind, size: 8, room: element === undefined ? 0 : textRoom, element }, 1);
    if (word === undefined) return;
    const pointer = load(place, at);
    const length = load(place, at + 8);
    code.push(`e.W[${word}] = ${length}`);
    if (element !== undefined) text(word + 1, textRoom, `min(${length}, ${textRoom})*${size}`, pointer);
  };

  const pointer = (
    base: Pick<Leaf, "name" | "guard" | "element">,
    plain: TypeDescription,
    place: Place,
    at: number,
    depth: number,
  ): void => {
    const target = plain.target();
    const to = target === undefined ? undefined : plainType(target);
    if (to?.kind === "character" || (to?.kind === "integer" && to.size === 1)) {
      const word = add({ ...base, kind: "c-text", size: 8, room: textRoom }, 1);
      if (word === undefined) return;
      const address = load(place, at);
      code.push(
        `e.W[${word}] = ${address}`,
        `bpf.ReadUserString(e.W[${word + 1}:${word + 1 + textRoom / 8}], ${address})`,
      );
      return;
    }
    const word = add({ ...base, kind: "pointer", size: 8, room: 0 }, 1);
    if (word === undefined) return;
    const address = load(place, at);
    code.push(`e.W[${word}] = ${address}`);
    // Behind a pointer inside a struct lies another object: following those would tell half the heap.
    if (to?.kind !== "struct" || depth > 0) return;
    walk(base.name, to, { kind: "memory", address }, 0, depth, word);
  };

  for (const { name, type, place } of variables) {
    if (place.kind === "nowhere") lost.push(`${name}: ${place.why}`);
    else walk(name, type, place, 0, 0, undefined);
  }
  return { leaves, code, words, lost };
}

/** elementOf describes a slice's elements when they are numbers: the first member of a slice points to them. */
function elementOf(plain: TypeDescription): Leaf["element"] {
  const first = plain.members().find((member) => member.name === "array");
  const target = first === undefined ? undefined : plainType(first.type).target();
  if (target === undefined) return undefined;
  const { kind, size } = plainType(target);
  const known = kind === "integer" || kind === "unsigned" || kind === "float" || kind === "boolean";
  return known && size !== undefined && size <= 8 ? { kind, size } : undefined;
}
