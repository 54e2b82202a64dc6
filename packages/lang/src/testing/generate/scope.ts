import { pick, type Random } from "../random.js";
import type { Piece } from "./piece.js";
import { type Declared, type GenType, sizeOfGen } from "./types.js";

/** GenVariable is a name in scope. Pointers are never nil. */
export interface GenVariable {
  readonly name: string;
  readonly type: GenType;
  readonly pointer: boolean;
  readonly writable: boolean;
  /** addressable variables may have & before them. */
  readonly addressable: boolean;
}

/** GenFunction is a function that may be called. */
export interface GenFunction {
  /** name is how it is called; a method's has its receiver's type in `receiver`. */
  readonly name: string;
  readonly receiver: { readonly type: GenType; readonly pointer: boolean } | undefined;
  readonly parameters: readonly { readonly type: GenType; readonly pointer: boolean }[];
  readonly result: GenType | undefined;
  readonly results: readonly GenType[];
}

/** GenMap is a map of the program. */
export interface GenMap {
  readonly name: string;
  readonly kind: string;
  readonly key: GenType;
  readonly value: GenType;
  readonly entries: number;
}

/** Gen is a program being made up. */
export interface Gen {
  readonly random: Random;
  readonly declared: Declared;
  scope: GenVariable[];
  functions: GenFunction[];
  readonly maps: GenMap[];
  /** busy maps have pointers to their values in scope: they are not updated meanwhile. */
  readonly busy: Set<GenMap>;
  /** room is how many statements may still be made. */
  room: number;
  names: number;
  depth: number;
  /** rounds is how often the code at hand runs at most. */
  rounds: number;
  readonly labels: string[];
  /** breaks and continues tell whether they may stand here. */
  breaks: boolean;
  continues: boolean;
  /** returns tells whether a return may stand here: it may not where a reservation is held. */
  returns: boolean;
  /** result is what a return gives; undefined in functions without one. */
  result: GenType | undefined;
  results: readonly GenType[];
  /** hook is the program's kind; functions have none and use neither packet nor maps. */
  hook: "xdp" | "tc" | "raw_tp" | undefined;
  /** stack is about how many bytes of variables there are, most how many there may be: large ones leave the stack. */
  stack: number;
  most: number;
  readonly expression: (gen: Gen, type: GenType, depth: number) => string | Piece;
}

/** fresh makes a new name. */
export function fresh(gen: Gen, prefix = "n"): string {
  return `${prefix}${gen.names++}`;
}

/** add puts a variable into the scope. */
export function add(
  gen: Gen,
  name: string,
  type: GenType,
  extra: Partial<Pick<GenVariable, "pointer" | "writable" | "addressable">> = {},
): void {
  if (extra.pointer !== true) gen.stack += sizeOfGen(type);
  gen.scope.push({ name, type, pointer: false, writable: true, addressable: true, ...extra });
}

/** inScope makes something up in a scope of its own. */
export function inScope<T>(gen: Gen, make: () => T, rounds = 1): T {
  const { length } = gen.scope;
  const { breaks, continues, rounds: before } = gen;
  gen.depth++;
  gen.rounds *= rounds;
  const made = make();
  gen.depth--;
  gen.rounds = before;
  gen.breaks = breaks;
  gen.continues = continues;
  gen.scope.length = length;
  return made;
}

/** indexOf makes up an index: mostly within, sometimes not. */
function indexOf(gen: Gen, length: number, depth: number): string {
  const { random } = gen;
  const choice = random(10);
  if (choice < 3) return String(random(length));
  const ints = gen.scope.filter((each) => each.type.kind === "int" && !each.pointer);
  if (ints.length === 0) return String(random(length));
  const { name, type } = pick(random, ints);
  let mask = 1;
  while (mask * 2 <= length) mask *= 2;
  if (choice === 3 && random(3) === 0) return name;
  if (choice === 4 && type.kind === "int" && type.base.startsWith("u")) return `${name}%${length}`;
  if (choice === 5 && depth > 0) return `(${name}+${1 + random(9)})&${mask - 1}`;
  return `${name}&${mask - 1}`;
}

/** pathTo finds a value in scope that `accepts` takes: a variable, or a field or an element within one. */
export function pathTo(
  gen: Gen,
  accepts: (type: GenType) => boolean,
  writable = false,
): { text: string; type: GenType; root: GenVariable } | undefined {
  const { random } = gen;
  for (let tries = 0; tries < 12; tries++) {
    // The newest variables are taken more often than the first.
    const at = gen.scope.length - 1 - random(1 + random(gen.scope.length));
    const root = gen.scope[at];
    if (root === undefined || (writable && !root.writable)) continue;
    // A name is hidden by a later one of the same name.
    if (gen.scope.findLast((each) => each.name === root.name) !== root) continue;
    let { type } = root;
    let text = root.name;
    if (root.pointer && type.kind !== "struct" && type.kind !== "array") text = `(*${text})`;
    for (let steps = 0; steps < 5; steps++) {
      if (accepts(type) && (random(3) > 0 || type.kind === "int" || type.kind === "bool")) {
        if (root.pointer && text === root.name) text = `(*${text})`;
        return { text, type, root };
      }
      if (type.kind === "struct") {
        const field = pick(random, type.fields);
        text += `.${field.name}`;
        type = field.type;
      } else if (type.kind === "array") {
        text += `[${indexOf(gen, type.length, 1)}]`;
        type = type.element;
      } else break;
    }
  }
  return undefined;
}
