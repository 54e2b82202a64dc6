import type { Attribute } from "../lex/token.js";
import type { ConstDecl, Expr, Identifier, TypeDecl, VarDecl } from "./ast.js";
import type { Cursor } from "./cursor.js";
import { parseExpression } from "./expressions.js";
import { refusedForms, skipBrackets } from "./refused.js";
import { parseType } from "./types.js";

function names(cursor: Cursor, what: string): Identifier[] {
  const found = [cursor.identifier(what)];
  while (cursor.accept(",")) found.push(cursor.identifier(what));
  return found;
}

function values(cursor: Cursor): Expr[] {
  if (!cursor.accept("=")) return [];
  const found = [parseExpression(cursor)];
  while (!cursor.failed && cursor.accept(",")) found.push(parseExpression(cursor));
  return found;
}

/** group parses `keyword item` or `keyword ( item; item )`; item gets its number and its own attributes. */
function group<T>(cursor: Cursor, item: (index: number, attributes: Attribute[]) => T): T[] {
  cursor.next();
  if (!cursor.accept("(")) return [item(0, [])];
  const items: T[] = [];
  while (!cursor.is(")") && cursor.token().kind !== "end") {
    if (cursor.accept(";")) continue;
    const before = cursor.token();
    const attributes = cursor.attributesBefore(before.start);
    items.push(item(items.length, attributes));
    cursor.semicolon("behind the declaration");
    // Recovery stops at a brace, which would stand here for ever.
    if (cursor.token() === before) cursor.next();
  }
  cursor.expect(")", "behind the declarations");
  return items;
}

/** parseVar parses a var declaration or group; at the `var` keyword. */
export function parseVar(cursor: Cursor, outer: readonly Attribute[]): VarDecl[] {
  return group(cursor, (_index, own) => {
    const { start } = cursor.token();
    const found = names(cursor, "a variable's name");
    const type = cursor.is("=") || cursor.is(";") ? undefined : parseType(cursor);
    const initial = values(cursor);
    if (type === undefined && initial.length === 0) cursor.unexpected("a type or `=` and a value");
    const attributes = [...outer, ...own, ...cursor.attributesOnLine()];
    return { kind: "var", names: found, type, values: initial, attributes, ...cursor.span(start) };
  });
}

/** parseConst parses a const declaration or group; a line without values repeats the one before (iota counts). */
export function parseConst(cursor: Cursor): ConstDecl[] {
  let type: Expr | undefined;
  let repeated: readonly Expr[] = [];
  return group(cursor, (iota) => {
    const { start } = cursor.token();
    const found = names(cursor, "a constant's name");
    const ownType = cursor.is("=") || cursor.is(";") || cursor.is(")") ? undefined : parseType(cursor);
    const own = values(cursor);
    if (own.length > 0) {
      type = ownType;
      repeated = own;
    } else if (repeated.length === 0) cursor.unexpected("`=` and a value");
    return { kind: "const", names: found, type, values: repeated, iota, ...cursor.span(start) };
  });
}

/** parseTypeDecl parses a type declaration or group. */
export function parseTypeDecl(cursor: Cursor, outer: readonly Attribute[]): TypeDecl[] {
  return group(cursor, (_index, own) => {
    const { start } = cursor.token();
    const name = cursor.identifier("a type's name");
    const token = cursor.token();
    const generic = cursor.is("[") && cursor.peek(1).kind === "name" && cursor.peek(2).kind === "name";
    if (generic) skipBrackets(cursor);
    const end = cursor.previousEnd();
    cursor.accept("=");
    const written = parseType(cursor);
    const type: Expr = generic
      ? { kind: "refused", refusal: refusedForms.generic, id: cursor.id(), start: token.start, end }
      : written;
    return { kind: "type", name, type, attributes: [...outer, ...own], ...cursor.span(start) };
  });
}
