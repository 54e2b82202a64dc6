import { fromPairs } from "./known-keys.js";
import type { LogValue, ParsedLine } from "./parsed-line.js";

/** Pairs takes what a line says, in its order; of hostile or broken lines there are not thousands. */
export interface Pairs {
  readonly list: [string, LogValue][];
  /** dropped is how many there were besides. */
  dropped: number;
}

const mostPairs = 128;
const deepestGroup = 8;

/** newPairs is empty. */
export const newPairs = (): Pairs => ({ list: [], dropped: 0 });

/** addPair adds one where there is room. */
export function addPair(pairs: Pairs, name: string, value: LogValue): void {
  if (pairs.list.length < mostPairs) pairs.list.push([name, value]);
  else pairs.dropped++;
}

/** json reads slog's, zap's, zerolog's, logrus', pino's lines; groups become dotted names. */
export function json(text: string): ParsedLine | undefined {
  if (text[0] !== "{") return undefined;
  const pairs = newPairs();
  return readObject(text, "", pairs) ? fromPairs("json", pairs) : undefined;
}

/**
 * readObject adds the members of a JSON object: names that come twice are two, integers that no double holds keep their digits, lists and what
 * lies deeper than eight groups stay text. False for what is no object.
 */
export function readObject(text: string, name: string, into: Pairs): boolean {
  const end = objectAt({ text, into }, 0, name, 0);
  return end > 0 && space(text, end) === text.length;
}

interface Reading {
  readonly text: string;
  readonly into: Pairs;
}

const number = /-?(?:(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)|NaN/y;
const word = /true|false|null/y;
// Where something is none of these things: no position.
const nowhere = -1;

/** space is where the white space from `at` on ends. */
function space(text: string, at: number): number {
  let end = at;
  for (let code = text.charCodeAt(end); code === 0x20 || (code >= 0x09 && code <= 0x0d); )
    code = text.charCodeAt(++end);
  return end;
}

function objectAt(reading: Reading, start: number, name: string, depth: number): number {
  const { text } = reading;
  let at = space(text, start + 1);
  if (text[at] === "}") return at + 1;
  for (;;) {
    const keyEnd = stringEnd(text, at);
    if (keyEnd < 0) return nowhere;
    const key = stringOf(text, at, keyEnd);
    const colon = space(text, keyEnd);
    if (key === undefined || text[colon] !== ":") return nowhere;
    at = valueAt(reading, space(text, colon + 1), name === "" ? key : `${name}.${key}`, depth);
    if (at < 0) return nowhere;
    at = space(text, at);
    if (text[at] === "}") return at + 1;
    if (text[at] !== ",") return nowhere;
    at = space(text, at + 1);
  }
}

function valueAt(reading: Reading, at: number, name: string, depth: number): number {
  const { text, into } = reading;
  const first = text[at];
  if (first === '"') {
    const end = stringEnd(text, at);
    const value = end < 0 ? undefined : stringOf(text, at, end);
    if (value === undefined) return nowhere;
    addPair(into, name, value);
    return end;
  }
  if (first === "{" && depth < deepestGroup) return objectAt(reading, at, name, depth + 1);
  if (first === "{" || first === "[") {
    const end = bracketEnd(text, at);
    if (end > 0) addPair(into, name, text.slice(at, end));
    return end;
  }
  const [literal = ""] = match(word, text, at);
  if (literal !== "") {
    if (literal !== "null") addPair(into, name, literal === "true");
    return at + literal.length;
  }
  const [digits = ""] = match(number, text, at);
  if (digits === "") return nowhere;
  const value = Number(digits);
  // Such as ids of 64 bits.
  const isExact = Number.isSafeInteger(value) || !/^-?\d+$/.test(digits);
  addPair(into, name, isExact ? value : digits);
  return at + digits.length;
}

function match(expression: RegExp, text: string, at: number): readonly string[] {
  expression.lastIndex = at;
  return expression.exec(text) ?? [];
}

/** stringEnd is behind the text in quotation marks that begins at `at`; negative where there is none. */
export function stringEnd(text: string, at: number): number {
  if (text[at] !== '"') return nowhere;
  for (let end = text.indexOf('"', at + 1); end > 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return nowhere;
}

function stringOf(text: string, at: number, end: number): string | undefined {
  const inside = text.slice(at + 1, end - 1);
  if (!inside.includes("\\")) return inside;
  try {
    return String(JSON.parse(`"${inside}"`));
  } catch {
    return undefined;
  }
}

/** bracketEnd is behind a list or an object, whatever is in it. */
function bracketEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const each = text[at];
    if (each === "{" || each === "[") depth++;
    else if (each === "}" || each === "]") {
      depth--;
      if (depth === 0) return at + 1;
    } else if (each === '"') {
      at = stringEnd(text, at) - 1;
      if (at < 0) return nowhere;
    }
  }
  return nowhere;
}
