import type { Size, Text, Value } from "../ir/ir.js";
import { bytePlace, copy, loadWord, temporary } from "./places.js";
import { isDirect, type Low, type Place } from "./state.js";

/** wordsOf splits a stretch of bytes into words for comparing. */
export function wordsOf(size: number): { at: number; size: Size }[] {
  const words: { at: number; size: Size }[] = [];
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
export function equalBytes(low: Low, left: Place, right: Place | string, size: number): Value {
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
  for (const word of wordsOf(size)) {
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
