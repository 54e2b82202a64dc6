import type { Lexed } from "../lex/lexer.js";
import type { Attribute, Token } from "../lex/token.js";
import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import type { Identifier } from "./ast.js";

/** maxDepth bounds nesting, so that hostile input cannot exhaust the stack of the recursive parser. */
const maxDepth = 200;

/** Cursor walks over tokens for the parser: look, take, expect, and recover. */
export interface Cursor {
  readonly report: Reporter;
  token(): Token;
  /** previousEnd is where the last taken token ended. */
  previousEnd(): number;
  peek(ahead: number): Token;
  next(): Token;
  is(text: string): boolean;
  accept(text: string): boolean;
  expect(text: string, after: string, hint?: string): boolean;
  /** unexpected reports what was wanted instead of the token, once per statement. */
  unexpected(wanted: string, hint?: string): void;
  identifier(what: string): Identifier;
  /** member is a name behind a dot, where keywords are names too: `bpf::map::Hash`. */
  member(): Identifier;
  id(): number;
  span(start: number): { id: number; start: number; end: number };
  /** attributesBefore takes attributes written before an offset that nothing took yet. */
  attributesBefore(offset: number): Attribute[];
  /** attributesOnLine takes attributes behind the last token, on its line. */
  attributesOnLine(): Attribute[];
  nested<T>(range: Range, inner: () => T, otherwise: T): T;
  /** skipTo drops tokens until one of the texts (or the end), for recovery. */
  skipTo(texts: readonly string[]): void;
  /** semicolon takes a statement's end; reports and recovers when there is none. */
  semicolon(after: string): void;
  /** compositeAllowed is false in the header of if, for and switch, where `{` opens the body. */
  compositeAllowed: boolean;
  /** stray is set by a syntax error until the next declaration: what stands outside of functions there follows from it. */
  stray: boolean;
  /** failed is set by the first syntax error of a statement and cleared by recovery. */
  failed: boolean;
}

/** describe names a token in a message. */
export function describe(token: Token): string {
  if (token.kind === "end") return "the end of the file";
  if (token.kind === "operator" && token.text === ";" && token.start === token.end)
    return "the end of the line";
  if (token.kind === "string") return "a string";
  if (token.kind === "integer") return `number ${token.value ?? ""}`;
  return token.kind === "operator" ? `\`${token.text}\`` : `${token.kind} \`${token.text}\``;
}

/** newCursor starts at the first token; `counter` hands out node ids for the whole compilation. */
export function newCursor(lexed: Lexed, report: Reporter, counter: { next: number }): Cursor {
  const { tokens, attributes, badLines } = lexed;
  const last = tokens[tokens.length - 1];
  if (last === undefined) throw new Error("a token list ends with an end token");
  let at = 0;
  let attributeAt = 0;
  let depth = 0;
  let abandoned = false;
  let errorLine = 0;
  const tokenAt = (index: number): Token => tokens[index] ?? last;
  const cursor: Cursor = {
    report,
    compositeAllowed: true,
    failed: false,
    stray: false,
    token: () => tokenAt(at),
    previousEnd: () => (at === 0 ? 0 : tokenAt(at - 1).end),
    peek: (ahead) => tokenAt(at + ahead),
    next() {
      const token = tokenAt(at);
      if (at < tokens.length - 1) at++;
      return token;
    },
    is(text) {
      const token = tokenAt(at);
      return token.text === text && (token.kind === "operator" || token.kind === "keyword");
    },
    accept(text) {
      if (!cursor.is(text)) return false;
      cursor.next();
      return true;
    },
    expect(text, after, hint) {
      if (cursor.accept(text)) return true;
      cursor.unexpected(`\`${text}\` ${after}`, hint);
      return false;
    },
    unexpected(wanted, hint) {
      const { line } = cursor.token();
      // One syntax error a line: the rest of it is read by guessing.
      if (!cursor.failed && !abandoned && !badLines.has(line) && errorLine !== line)
        report.error("syntax", cursor.token(), `expected ${wanted}, found ${describe(cursor.token())}`, hint);
      errorLine = line;
      cursor.failed = true;
      cursor.stray = true;
    },
    identifier(what) {
      const token = cursor.token();
      if (token.kind === "name") cursor.next();
      else cursor.unexpected(what);
      return {
        id: cursor.id(),
        start: token.start,
        end: token.end,
        name: token.kind === "name" ? token.text : "_",
      };
    },
    member() {
      const token = cursor.token();
      if (token.kind !== "keyword") return cursor.identifier("a name behind the dot");
      cursor.next();
      return { id: cursor.id(), start: token.start, end: token.end, name: token.text };
    },
    id: () => counter.next++,
    span: (start) => ({ id: counter.next++, start, end: Math.max(start, cursor.previousEnd()) }),
    attributesBefore(offset) {
      const found: Attribute[] = [];
      for (
        let next = attributes[attributeAt];
        next !== undefined && next.start < offset;
        next = attributes[attributeAt]
      ) {
        found.push(next);
        attributeAt++;
      }
      return found;
    },
    attributesOnLine() {
      const found: Attribute[] = [];
      const line = at === 0 ? 0 : tokenAt(at - 1).line;
      for (
        let next = attributes[attributeAt];
        next !== undefined && next.line === line;
        next = attributes[attributeAt]
      ) {
        if (next.start < cursor.previousEnd()) break;
        found.push(next);
        attributeAt++;
      }
      return found;
    },
    nested(range, inner, otherwise) {
      if (depth >= maxDepth) {
        report.error(
          "too-deep",
          range,
          `nested deeper than ${maxDepth}`,
          "split it into functions or variables",
        );
        cursor.failed = true;
        abandoned = true;
        at = tokens.length - 1;
        return otherwise;
      }
      depth++;
      try {
        return inner();
      } finally {
        depth--;
      }
    },
    skipTo(texts) {
      let open = 0;
      while (cursor.token().kind !== "end") {
        if (open === 0 && texts.some((text) => cursor.is(text))) break;
        if (cursor.is("{") || cursor.is("(") || cursor.is("[")) open++;
        else if (open > 0 && (cursor.is("}") || cursor.is(")") || cursor.is("]"))) open--;
        cursor.next();
      }
      cursor.failed = false;
    },
    semicolon(after) {
      if (
        cursor.failed ||
        !(cursor.is("}") || cursor.is(")") || cursor.token().kind === "end" || cursor.is(";"))
      ) {
        if (!cursor.failed) cursor.unexpected(`the end of the line ${after}`);
        cursor.skipTo([";", "}"]);
      }
      cursor.accept(";");
    },
  };
  return cursor;
}
