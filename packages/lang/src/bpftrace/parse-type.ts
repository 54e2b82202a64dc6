import type { Cursor } from "./cursor.js";
import type { Node, TypeNode } from "./tree.js";

/** integerTypes are the names of the language's own integers. */
export const integerTypes: Readonly<
  Record<string, { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }>
> = {
  int8: { bits: 8, signed: true },
  int16: { bits: 16, signed: true },
  int32: { bits: 32, signed: true },
  int64: { bits: 64, signed: true },
  uint8: { bits: 8, signed: false },
  uint16: { bits: 16, signed: false },
  uint32: { bits: 32, signed: false },
  uint64: { bits: 64, signed: false },
};

/** cWords are C's words for types, which may stand one behind the other: unsigned long long int. */
const cWords: ReadonlySet<string> = new Set(["unsigned", "signed", "char", "short", "int", "long"]);
const qualifiers: ReadonlySet<string> = new Set(["const", "volatile", "restrict", "__restrict"]);
const tags: ReadonlySet<string> = new Set(["struct", "union", "enum"]);

/** isTypeName tells whether a word can only be a type. */
export function isTypeName(word: string): boolean {
  return (
    Object.hasOwn(integerTypes, word) ||
    cWords.has(word) ||
    word === "bool" ||
    word === "void" ||
    word === "string" ||
    /^(?:u?int(?:8|16|32|64|ptr|max)|size|ssize|pid|off|loff|__[a-z0-9]+|[a-z0-9_]+)_t$/.test(word) ||
    /^(?:__)?[us](?:8|16|32|64)$/.test(word)
  );
}

/** skipQualifiers passes const and its kin. */
export function skipQualifiers(cursor: Cursor): void {
  while (cursor.token().kind === "word" && qualifiers.has(cursor.token().text)) cursor.advance();
}

/** baseType reads a type's name without pointers and arrays; undefined when no type stands here. */
export function baseType(cursor: Cursor, expression: () => Node): { name: string; of?: Node } | undefined {
  skipQualifiers(cursor);
  const token = cursor.token();
  if (token.kind !== "word") return undefined;
  if (token.text === "typeof") {
    cursor.advance();
    cursor.expect("(", "behind typeof");
    const inner = cursor.mark();
    const type = typeName(cursor, expression);
    if (type !== undefined && cursor.is(")")) {
      cursor.advance();
      const of: Node = { kind: "type", type, start: token.start, end: cursor.last() };
      return { name: "", of };
    }
    cursor.reset(inner);
    const of = expression();
    cursor.expect(")", "to end typeof");
    return { name: "", of };
  }
  if (tags.has(token.text)) {
    cursor.advance();
    if (cursor.token().kind !== "word") return undefined;
    return { name: `${token.text} ${cursor.advance().text}` };
  }
  if (cWords.has(token.text)) {
    const words: string[] = [];
    while (
      cursor.token().kind === "word" &&
      (cWords.has(cursor.token().text) || qualifiers.has(cursor.token().text))
    )
      words.push(cursor.advance().text);
    return { name: words.filter((word) => !qualifiers.has(word)).join(" ") };
  }
  cursor.advance();
  return { name: token.text };
}

/** stars reads the stars of a pointer. */
export function stars(cursor: Cursor): number {
  let pointers = 0;
  skipQualifiers(cursor);
  while (cursor.accept("*")) {
    pointers++;
    skipQualifiers(cursor);
  }
  return pointers;
}

/** lengthsOf reads `[4][]`. */
export function lengthsOf(cursor: Cursor, expression: () => Node): (Node | undefined)[] {
  const lengths: (Node | undefined)[] = [];
  while (cursor.accept("[")) {
    lengths.push(cursor.is("]") ? undefined : expression());
    cursor.expect("]", "to end the array");
  }
  return lengths;
}

/** typeName reads a whole type; undefined when no type stands here. */
export function typeName(cursor: Cursor, expression: () => Node): TypeNode | undefined {
  const { start } = cursor.token();
  const base = baseType(cursor, expression);
  if (base === undefined) return undefined;
  const pointers = stars(cursor);
  const lengths = lengthsOf(cursor, expression);
  return { ...base, pointers, lengths, start, end: cursor.last() };
}
