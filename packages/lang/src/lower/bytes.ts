import type { Size, Text, Value } from "../ir/ir.js";
import { sizeOf, type Type, under } from "../types/type.js";
import { copy } from "./copies.js";
import { bytePlace, temporary } from "./places.js";
import { loadWord } from "./scalar-access.js";
import { isDirect, type Low, type Place } from "./state.js";

interface Word {
  readonly at: number;
  readonly size: Size;
}

/** bytesOf lists the stretches of a value that count when it is compared: not the padding, not fields named _. */
function bytesOf(type: Type, at = 0): { at: number; size: number }[] {
  const of = under(type);
  if (of.kind === "struct")
    return of.fields.flatMap((field) => (field.name === "_" ? [] : bytesOf(field.type, at + field.offset)));
  const element = of.kind === "array" ? under(of.element).kind : undefined;
  if (of.kind !== "array" || (element !== "struct" && element !== "array")) return [{ at, size: sizeOf(of) }];
  const step = sizeOf(of.element);
  return Array.from({ length: of.length }, (_, i) => bytesOf(of.element, at + i * step)).flat();
}

/** comparedWords are the words to compare of two values of a type. */
export function comparedWords(type: Type): Word[] {
  const joined: { at: number; size: number }[] = [];
  for (const each of bytesOf(type)) {
    const last = joined.at(-1);
    if (last !== undefined && last.at + last.size === each.at) last.size += each.size;
    else joined.push({ ...each });
  }
  return joined.flatMap(({ at, size }) => alignedWords(at, size));
}

/** alignedWords splits bytes into words, none longer than where it begins allows: words of the stack are aligned. */
function alignedWords(from: number, size: number): Word[] {
  const words: Word[] = [];
  for (let at = from; at < from + size; ) {
    const left = from + size - at;
    const fits = (take: Size): boolean => take <= left && at % take === 0;
    const take: Size = fits(8) ? 8 : fits(4) ? 4 : fits(2) ? 2 : 1;
    words.push({ at, size: take });
    at += take;
  }
  return words;
}

/** wordsOf splits a stretch of bytes into words for comparing. */
export function wordsOf(size: number): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < size; ) {
    const left = size - at;
    const take: Size = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    words.push({ at, size: take });
    at += take;
  }
  return words;
}

/** textWord is `size` bytes of a text as a little-endian number. */
export function textWord(text: string, at: number, size: number): bigint {
  let word = 0n;
  for (let i = size - 1; i >= 0; i--) word = (word << 8n) | BigInt((text.charCodeAt(at + i) || 0) & 0xff);
  return word;
}

/** textAddress is the address of a constant text with NUL behind it. */
export function textAddress(low: Low, text: string): Value {
  const bytes = Buffer.from(`${text}\0`, "latin1");
  const key = bytes.toString("latin1");
  const known: Text = low.shared.texts.get(key) ?? { kind: "text", bytes };
  low.shared.texts.set(key, known);
  return low.b.globalAddress(known);
}

/** equalBytes compares memory with memory or with a text, by words and without branches. */
export function equalBytes(
  low: Low,
  left: Place,
  right: Place | string,
  size: number | readonly Word[],
): Value {
  const { b } = low;
  const direct = (place: Place): Place => {
    if (isDirect(place.space)) return place;
    const hold = temporary(low, place.type);
    copy(low, hold, place, b.at);
    return hold;
  };
  const a = direct(left);
  const c = typeof right === "string" ? right : direct(right);
  let difference: Value | undefined;
  for (const word of typeof size === "number" ? wordsOf(size) : size) {
    const mine = loadWord(low, bytePlace(a, word.at), word.size);
    const other =
      typeof c === "string"
        ? b.constant(textWord(c, word.at, word.size), mine.width)
        : loadWord(low, bytePlace(c, word.at), word.size);
    const unequal = b.binary("xor", mine, other);
    const wide = unequal.width === 64 ? unequal : b.unary("zext", unequal, 64, 32);
    difference = difference === undefined ? wide : b.binary("or", difference, wide);
  }
  return b.compare("eq", difference ?? b.constant(0n), b.constant(0n));
}
