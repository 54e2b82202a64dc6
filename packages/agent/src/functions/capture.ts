import type { TypeDescription } from "@go3s/binary";
import type { Place } from "./abi.js";
import { type Leaf, shownText, shownTexts } from "./leaf.js";
import { plainType } from "./types.js";

/** Capture is what a probe reads, as code and as the layout of what the code leaves in the record. */
export interface Capture {
  readonly leaves: readonly Leaf[];
  /** code is the statements that fill `e.W` (words). */
  readonly code: readonly string[];
  /** words is how many words of 8 bytes the record's data has. */
  readonly words: number;
  /** lost says which values cannot be read, and why. */
  readonly lost: readonly LostValue[];
}

/** LostValue is a value that cannot be read. */
export interface LostValue {
  readonly name: string;
  readonly why: string;
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

/** Waiting is a value that is still to be planned; `path` says where it stands among the others. */
interface Waiting {
  readonly name: string;
  readonly type: TypeDescription;
  readonly place: Place;
  readonly at: number;
  readonly depth: number;
  readonly guard: number | undefined;
  readonly path: readonly number[];
}

/**
 * captureOf plans the reading of variables; what does not fit is told in `lost`. Level by level, and of each struct of a level one member in
 * turn: a wide one must not take the room of the others.
 */
export function captureOf(variables: readonly Captured[]): Capture {
  const planned: { readonly leaf: Leaf; readonly path: readonly number[] }[] = [];
  const code: string[] = [];
  const lost: LostValue[] = [];
  const waiting: Waiting[] = [];
  let words = 0;
  let locals = 0;
  let mostLocals = 0;

  const add = (
    value: Waiting,
    leaf: Omit<Leaf, "word" | "name" | "guard">,
    count: number,
  ): number | undefined => {
    const size = count + Math.ceil(leaf.room / 8);
    if (planned.length >= mostLeaves || words + size > mostWords) {
      lost.push({ name: value.name, why: "no room in the record" });
      return undefined;
    }
    const word = words;
    words += size;
    // What the last leaf needed is in the record by now.
    locals = 0;
    planned.push({ leaf: { ...leaf, name: value.name, guard: value.guard, word }, path: value.path });
    return word;
  };
  const read = (address: string): string => {
    const name = `p${locals++}`;
    mostLocals = Math.max(mostLocals, locals);
    code.push(`bpf.ReadUser(&${name}, ${address})`);
    return name;
  };
  /** load gives an expression for the 8 bytes at an offset of a value. */
  const load = (place: Place, at: number): string => {
    if (place.kind === "nowhere") return "0";
    const address = addressOf(place, at);
    return address === undefined ? (place.kind === "registers" && place.words.get(at)) || "0" : read(address);
  };
  const number = (value: Waiting, word: number, size: number): void => {
    const address = addressOf(value.place, value.at);
    if (address !== undefined) code.push(`bpf.ReadUserN(e.W[${word}:${word + 1}], ${size}, ${address})`);
    else code.push(`e.W[${word}] = ${load(value.place, value.at)}`);
  };
  const text = (word: number, room: number, length: string, pointer: string): void => {
    const last = word + Math.ceil(room / 8);
    code.push(`bpf.ReadUserN(e.W[${word}:${last}], ${length}, ${pointer})`);
  };
  /** isThere says whether each word of a value has a place; a value of which a part is gone would be told wrongly. */
  const isThere = ({ name, place, at }: Waiting, count: number): boolean => {
    const all = Array.from({ length: count }, (_, i) => at + 8 * i);
    if (place.kind !== "registers") return true;
    if (all.every((word) => place.words.has(word) || addressOf(place, word) !== undefined)) return true;
    lost.push({ name, why: "the compiler keeps no trace of it" });
    return false;
  };

  const plan = (value: Waiting): void => {
    const { name, type, place, at, depth } = value;
    const plain = plainType(type);
    const size = Math.min(8, plain.size ?? 8);
    const one = { size, room: 0, element: undefined };
    const wide = wordsOf(plain.kind);
    if (wide !== undefined && !isThere(value, wide)) return;
    switch (plain.kind) {
      case "integer":
      case "unsigned":
      case "character":
      case "enum":
      case "boolean": {
        const kind = plain.kind === "enum" ? "integer" : plain.kind === "character" ? "unsigned" : plain.kind;
        const word = add(value, { ...one, kind }, 1);
        if (word !== undefined) number(value, word, size);
        return;
      }
      case "float": {
        if (plain.name.startsWith("complex")) lost.push({ name, why: "a complex number" });
        else if (addressOf(place, at) === undefined)
          lost.push({ name, why: "a float in a register, which no probe can read" });
        else {
          const word = add(value, { ...one, kind: "float" }, 1);
          if (word !== undefined) number(value, word, size);
        }
        return;
      }
      case "go-string": {
        const word = add(value, { ...one, kind: "text", room: textRoom }, 1);
        if (word === undefined) return;
        const pointer = load(place, at);
        const length = load(place, at + 8);
        code.push(`e.W[${word}] = ${length}`);
        text(word + 1, textRoom, length, pointer);
        return;
      }
      case "go-slice":
        slice(value, plain);
        return;
      case "go-interface":
        dynamic(value, plain);
        return;
      case "go-map": {
        const word = add(value, { ...one, kind: "length" }, 2);
        if (word === undefined) return;
        const pointer = load(place, at);
        // Both of Go's maps begin with the number of elements: runtime.hmap.count, internal/runtime/maps.Map.used.
        code.push(`e.W[${word}] = ${pointer}`, `bpf.ReadUserN(e.W[${word + 1}:${word + 2}], 8, ${pointer})`);
        return;
      }
      case "pointer":
      case "reference":
        pointer(value, plain);
        return;
      case "go-chan":
      case "function": {
        const word = add(value, { ...one, kind: "pointer", size: 8 }, 1);
        if (word !== undefined) number(value, word, 8);
        return;
      }
      case "array":
        array(value, plain);
        return;
      case "struct": {
        if (plain.name === "time.Time" && isThere(value, 2)) {
          const word = add(value, { ...one, kind: "time" }, 2);
          if (word === undefined) return;
          code.push(`e.W[${word}] = ${load(place, at)}`, `e.W[${word + 1}] = ${load(place, at + 8)}`);
          return;
        }
        if (depth >= deepest) return;
        members(value, plain);
        return;
      }
      default:
        lost.push({ name, why: `${plain.name} is not read` });
    }
  };

  const members = (value: Waiting, struct: TypeDescription): void => {
    for (const [i, member] of struct.members().entries()) {
      if (member.bits !== undefined || member.name === "_") continue;
      waiting.push({
        ...value,
        name: `${value.name}.${member.name}`,
        type: member.type,
        at: value.at + member.offset,
        depth: value.depth + 1,
        path: [...value.path, i],
      });
    }
  };

  const slice = (value: Waiting, plain: TypeDescription): void => {
    const { place, at } = value;
    const first = plain.members().find((member) => member.name === "array");
    const target = first === undefined ? undefined : plainType(first.type).target();
    const element = target === undefined ? undefined : numberOf(target);
    const isText = target !== undefined && plainType(target).kind === "go-string";
    const size = element?.size ?? 0;
    const kind = isText ? "texts" : element?.kind === "unsigned" && size === 1 ? "bytes" : "slice";
    const each = 1 + shownText / 8;
    const room = element === undefined ? 0 : textRoom;
    const word = add(value, { kind, size: 8, room, element }, isText ? 1 + shownTexts * each : 1);
    if (word === undefined) return;
    const pointer = load(place, at);
    const length = load(place, at + 8);
    code.push(`e.W[${word}] = ${length}`);
    if (element !== undefined) text(word + 1, textRoom, `min(${length}, ${textRoom})*${size}`, pointer);
    for (let i = 0; isText && i < shownTexts; i++) {
      const here = word + 1 + i * each;
      const before = locals;
      const from = read(`${pointer}+${16 * i}`);
      const long = read(`${pointer}+${16 * i + 8}`);
      code.push(`e.W[${here}] = ${long}`);
      text(here + 1, shownText, long, from);
      locals = before;
    }
  };

  const array = (value: Waiting, plain: TypeDescription): void => {
    const target = plain.target();
    const element = target === undefined ? undefined : numberOf(target);
    const address = addressOf(value.place, value.at);
    const count = plain.count ?? 0;
    if (element === undefined || address === undefined || count === 0) {
      lost.push({ name: value.name, why: `${plain.name} is not read` });
      return;
    }
    const whole = count * element.size;
    const word = add(value, { kind: "array", size: count, room: Math.min(textRoom, whole), element }, 0);
    if (word !== undefined) text(word, Math.min(textRoom, whole), String(Math.min(textRoom, whole)), address);
  };

  const dynamic = (value: Waiting, plain: TypeDescription): void => {
    const { place, at, type } = value;
    const isError = type.name === "error";
    const isAny = plain.members()[0]?.name === "_type";
    const kind = isError ? "error" : isAny ? "any" : "interface";
    const room = isError ? errorRoom : 0;
    const word = add(value, { kind, size: 8, room, element: undefined }, isError ? 3 : 2);
    if (word === undefined) return;
    const table = load(place, at);
    const data = load(place, at + 8);
    code.push(`e.W[${word}] = ${table}`, `e.W[${word + 1}] = ${data}`);
    if (!isError) return;
    // The message of *errors.errorString, *fmt.wrapError and their like is their first member, a string.
    const from = read(`${data}+0`);
    const length = read(`${data}+8`);
    code.push(`e.W[${word + 2}] = ${length}`);
    text(word + 3, errorRoom, length, from);
  };

  const pointer = (value: Waiting, plain: TypeDescription): void => {
    const { place, at, depth } = value;
    const target = plain.target();
    const to = target === undefined ? undefined : plainType(target);
    if (to?.kind === "character" || (to?.kind === "integer" && to.size === 1)) {
      const word = add(value, { kind: "c-text", size: 8, room: textRoom, element: undefined }, 1);
      if (word === undefined) return;
      const address = load(place, at);
      code.push(
        `e.W[${word}] = ${address}`,
        `bpf.ReadUserString(e.W[${word + 1}:${word + 1 + textRoom / 8}], ${address})`,
      );
      return;
    }
    const word = add(value, { kind: "pointer", size: 8, room: 0, element: undefined }, 1);
    if (word === undefined) return;
    code.push(`e.W[${word}] = ${load(place, at)}`);
    // Behind a pointer inside a struct lies another object: following those would tell half the heap.
    if (to?.kind !== "struct" || depth > 0) return;
    const there: Place = { kind: "memory", address: `e.W[${word}]` };
    waiting.push({ ...value, type: to, place: there, at: 0, guard: word });
  };

  for (const [i, { name, type, place }] of variables.entries()) {
    if (place.kind === "nowhere") lost.push({ name, why: place.why });
    else waiting.push({ name, type, place, at: 0, depth: 0, guard: undefined, path: [i] });
  }
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    plan(next);
    waiting.sort(byTurn);
  }
  const declared = Array.from({ length: mostLocals }, (_, i) => `var p${i} uint64`);
  const leaves = planned.sort((a, b) => comparePaths(a.path, b.path)).map(({ leaf }) => leaf);
  return { leaves, code: [...declared, ...code], words, lost };
}

/** wordsOf is how many words must have a place for a value of this kind to be read. */
function wordsOf(kind: string): number | undefined {
  if (kind === "go-string" || kind === "go-slice" || kind === "go-interface") return 2;
  return kind === "struct" || kind === "array" || kind === "float" ? undefined : 1;
}

/** addressOf is where in memory a part of a value lies; undefined for a register. */
function addressOf(place: Place, at: number): string | undefined {
  if (place.kind === "memory") return `${place.address}+${at}`;
  return place.kind === "registers" ? place.spilled?.get(at) : undefined;
}

/** byTurn puts what is higher up first, and the first members of several structs before the second ones. */
const byTurn = ({ path: a }: Waiting, { path: b }: Waiting): number =>
  a.length - b.length || (a.at(-1) ?? 0) - (b.at(-1) ?? 0);

/** comparePaths puts a struct's members behind it, in their order. */
function comparePaths(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((part, i) => part !== b[i]);
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}

/** numberOf describes a type of numbers as elements. */
function numberOf(type: TypeDescription): Leaf["element"] {
  const { kind, size } = plainType(type);
  const known = kind === "integer" || kind === "unsigned" || kind === "float" || kind === "boolean";
  return known && size !== undefined && size <= 8 ? { kind, size } : undefined;
}
