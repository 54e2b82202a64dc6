import type { Lexed } from "../lex/lexer.js";
import type { Attribute } from "../lex/token.js";
import type { Reporter } from "../source/diagnostics.js";
import type { Decl, File, FuncDecl, Identifier, ImportDecl, Parameter, TypeDecl } from "./ast.js";
import { parseConst, parseTypeDecl, parseVar } from "./bindings.js";
import { type Cursor, newCursor } from "./cursor.js";
import { refusedForms, skipBrackets } from "./refused.js";
import { parseBlock } from "./statements.js";
import { parseSignature } from "./types.js";

function importSpec(cursor: Cursor): ImportDecl | undefined {
  const { start } = cursor.token();
  const alias = cursor.token().kind === "name" || cursor.is(".") ? cursor.next().text : undefined;
  if (cursor.token().kind !== "string") {
    cursor.unexpected("an import path");
    return undefined;
  }
  const path = cursor.next().text;
  return { kind: "import", path, alias, ...cursor.span(start) };
}

function imports(cursor: Cursor): Decl[] {
  cursor.next();
  const found: Decl[] = [];
  const take = (): void => {
    const one = importSpec(cursor);
    if (one !== undefined) found.push(one);
  };
  if (!cursor.accept("(")) take();
  else {
    while (!cursor.is(")") && cursor.token().kind !== "end") {
      if (cursor.accept(";")) continue;
      const before = cursor.token();
      take();
      cursor.semicolon("behind the import");
      if (cursor.token() === before) cursor.next();
    }
    cursor.expect(")", "behind the imports");
  }
  return found;
}

function receiver(cursor: Cursor): Parameter | undefined {
  if (!cursor.is("(")) return undefined;
  return parseSignatureOnly(cursor);
}

function parseSignatureOnly(cursor: Cursor): Parameter | undefined {
  // A receiver is a parameter list of one without a result; a name follows, so no result can be mistaken.
  const { start } = cursor.next();
  const name = cursor.peek(1).text === ")" ? undefined : cursor.identifier("the receiver's name");
  const star = cursor.token().start;
  const pointer = cursor.accept("*");
  const base = cursor.identifier("the receiver's type");
  const named = { kind: "name", name: base.name, id: cursor.id(), start: base.start, end: base.end } as const;
  const type = pointer ? ({ kind: "star", operand: named, ...cursor.span(star) } as const) : named;
  cursor.expect(")", "behind the receiver");
  return { name, type, ...cursor.span(start) };
}

/** generic reads over a function with type parameters; its name stays known, so that calls of it are no second mistake. */
function generic(cursor: Cursor, name: Identifier, attributes: readonly Attribute[]): TypeDecl {
  const { start } = cursor.token();
  skipBrackets(cursor);
  const type = { kind: "refused", refusal: refusedForms.generic, ...cursor.span(start) } as const;
  while (!cursor.is("{") && cursor.token().kind !== "end") cursor.next();
  skipBrackets(cursor);
  return { kind: "type", name, type, attributes, ...cursor.span(name.start) };
}

function func(cursor: Cursor, attributes: readonly Attribute[]): FuncDecl | TypeDecl {
  const { start } = cursor.next();
  const of = receiver(cursor);
  const name = cursor.identifier("the function's name");
  if (cursor.is("[")) return generic(cursor, name, attributes);
  const signature = parseSignature(cursor);
  const body = parseBlock(cursor);
  return { kind: "func", name, receiver: of, signature, body, attributes, ...cursor.span(start) };
}

const declarationWords: readonly string[] = ["func", "var", "const", "type", "import"];

const startsDeclaration = (cursor: Cursor): boolean => declarationWords.some((word) => cursor.is(word));

/** strayHint says what may have led to something that is no declaration. */
function strayHint(cursor: Cursor): string | undefined {
  if (cursor.token().kind === "name" && cursor.peek(1).kind === "name")
    return "functions are written func main(ctx *bpf.XDP) int { … }, variables var x uint32";
  if (cursor.is("}")) return "this } closes nothing: remove it";
  return "statements belong in a function: one } too many may have ended it above";
}

function declaration(cursor: Cursor): Decl[] {
  const attributes = cursor.attributesBefore(cursor.token().start);
  if (cursor.is("import")) return imports(cursor);
  if (cursor.is("var")) return parseVar(cursor, attributes);
  if (cursor.is("const")) return parseConst(cursor);
  if (cursor.is("type")) return parseTypeDecl(cursor, attributes);
  if (cursor.is("func")) return [func(cursor, attributes)];
  if (cursor.stray) cursor.failed = true;
  else cursor.unexpected("a declaration (func, var, const, type or import)", strayHint(cursor));
  return [];
}

/** parseFile parses one file. It always gives a tree; what could not be read was reported and left out. */
export function parseFile(lexed: Lexed, report: Reporter, counter: { next: number }): File {
  const cursor = newCursor(lexed, report, counter);
  const { start } = cursor.token();
  let name = "main";
  while (cursor.accept(";"));
  const attributes = cursor.is("package") ? cursor.attributesBefore(cursor.token().start) : [];
  if (cursor.accept("package")) {
    name = cursor.identifier("the package's name").name;
    cursor.semicolon("behind the package's name");
  }
  const declarations: Decl[] = [];
  while (cursor.token().kind !== "end") {
    if (cursor.accept(";")) continue;
    if (cursor.is("import")) attributes.push(...cursor.attributesBefore(cursor.token().start));
    if (cursor.stray && cursor.token().column === 0 && startsDeclaration(cursor)) cursor.stray = false;
    declarations.push(...declaration(cursor));
    if (cursor.failed) {
      cursor.skipTo(declarationWords);
      continue;
    }
    if (cursor.stray && !cursor.is(";")) cursor.failed = true;
    cursor.semicolon("behind the declaration");
  }
  return { package: name, attributes, declarations, ...cursor.span(start) };
}
