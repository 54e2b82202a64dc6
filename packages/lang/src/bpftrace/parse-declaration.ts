import type { Cursor } from "./cursor.js";
import { baseType, lengthsOf, stars } from "./parse-type.js";
import type { Declaration, MemberDeclaration, Node, TypeNode } from "./tree.js";

/** attributes reads __attribute__((…)) and tells whether packed is among them. */
function attributes(cursor: Cursor): boolean {
  let packed = false;
  while (cursor.isWord("__attribute__") || cursor.isWord("__packed")) {
    if (cursor.advance().text === "__packed") {
      packed = true;
      continue;
    }
    cursor.expect("(", "behind __attribute__");
    for (let open = 1; open > 0 && cursor.token().kind !== "end"; ) {
      if (cursor.is("(")) open++;
      else if (cursor.is(")")) open--;
      else if (/^(?:__)?packed(?:__)?$/.test(cursor.token().text)) packed = true;
      cursor.advance();
    }
  }
  return packed;
}

/** declarator reads what stands behind a type: stars, a name, arrays, the width of a bit field. */
function declarator(cursor: Cursor, base: TypeNode | Declaration, expression: () => Node): MemberDeclaration {
  const pointers = stars(cursor);
  // A pointer to a function: `int (*name)(int)`.
  if (cursor.is("(") && cursor.peek(1).text === "*") {
    cursor.advance();
    cursor.advance();
    const name = cursor.advance().text;
    cursor.expect(")", "behind the function pointer's name");
    for (let open = 0; cursor.token().kind !== "end"; ) {
      if (cursor.is("(")) open++;
      else if (cursor.is(")")) open--;
      cursor.advance();
      if (open === 0) break;
    }
    const at = { start: base.start, end: base.end };
    const type: TypeNode = { name: "void", pointers: 1, lengths: [], ...at };
    return { name, type, bits: undefined, pointers: 0, lengths: [] };
  }
  const name = cursor.token().kind === "word" ? cursor.advance().text : "";
  const lengths = lengthsOf(cursor, expression);
  let bits: number | undefined;
  if (cursor.accept(":")) {
    const width = cursor.advance();
    bits = Number(width.value ?? 0n);
    if (width.kind !== "number" || bits > 64) cursor.stop(width, "a bit field's width is a number up to 64");
  }
  attributes(cursor);
  return { name, type: base, bits, pointers, lengths };
}

function typeOf(cursor: Cursor, expression: () => Node): TypeNode | Declaration {
  const at = cursor.token();
  if (at.kind === "word" && /^(?:struct|union|enum)$/.test(at.text)) {
    let ahead = 1;
    while (/^(?:__attribute__|__packed)$/.test(cursor.peek(ahead).text)) ahead++;
    const isBody = cursor.peek(1).text === "{" || cursor.peek(2).text === "{" || ahead > 1;
    if (isBody) return tagged(cursor, expression);
  }
  const base = baseType(cursor, expression);
  if (base === undefined)
    return cursor.stop(at, `syntax error, unexpected ${cursor.shown()}, expecting a type`);
  return { ...base, pointers: 0, lengths: [], start: at.start, end: cursor.last() };
}

function members(cursor: Cursor, expression: () => Node): MemberDeclaration[] {
  const found: MemberDeclaration[] = [];
  while (!cursor.is("}")) {
    if (cursor.accept(";")) continue;
    if (cursor.token().kind === "end")
      cursor.stop(cursor.token(), "this struct has no end", 'close it with "}"');
    const base = typeOf(cursor, expression);
    do found.push(declarator(cursor, base, expression));
    while (cursor.accept(","));
    if (!cursor.is("}")) cursor.expect(";", "behind a member");
  }
  return found;
}

function tagged(cursor: Cursor, expression: () => Node): Declaration {
  const at = cursor.advance();
  let packed = attributes(cursor);
  const name = cursor.token().kind === "word" ? cursor.advance().text : "";
  packed = attributes(cursor) || packed;
  const from = { start: at.start, end: cursor.last() };
  if (!cursor.accept("{")) {
    // A declaration without a body: the type is known from elsewhere, or never looked into.
    if (at.text === "enum") return { kind: "enum", name, values: [], ...from };
    return { kind: at.text === "union" ? "union" : "struct", name, members: [], packed, ...from };
  }
  if (at.text === "enum") {
    const values: { name: string; value: Node | undefined }[] = [];
    while (!cursor.is("}")) {
      const word = cursor.advance();
      if (word.kind !== "word")
        cursor.stop(word, `syntax error, unexpected "${word.text}", expecting a name`);
      values.push({ name: word.text, value: cursor.accept("=") ? expression() : undefined });
      if (!cursor.accept(",")) break;
    }
    cursor.expect("}", "to end the enum");
    attributes(cursor);
    return { kind: "enum", name, values, start: at.start, end: cursor.last() };
  }
  const inner = cursor.nested(() => members(cursor, expression));
  cursor.expect("}", "to end the struct");
  packed = attributes(cursor) || packed;
  const kind = at.text === "union" ? "union" : "struct";
  return { kind, name, members: inner, packed, start: at.start, end: cursor.last() };
}

/** declaration reads one declaration of C, with the semicolon behind it where there is one. */
export function declaration(cursor: Cursor, expression: () => Node): Declaration {
  const at = cursor.token();
  if (cursor.isWord("typedef")) {
    cursor.advance();
    const member = declarator(cursor, typeOf(cursor, expression), expression);
    cursor.accept(";");
    return { kind: "typedef", member, start: at.start, end: cursor.last() };
  }
  const made = tagged(cursor, expression);
  cursor.accept(";");
  return made;
}
