import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import { newScanner, type Token } from "./lexer.js";

/** Stop ends the parsing of one part of a script; the error was reported. */
export class Stop extends Error {}

const depthLimit = 100;
// A macro of the preprocessor that stands for itself must end somewhere.
const defineDepth = 16;

/** Cursor walks over the tokens of a script; it can look ahead and go back within one part. */
export interface Cursor {
  token(): Token;
  /** last is where the token before ends. */
  last(): number;
  advance(): Token;
  is(operator: string): boolean;
  isWord(word: string): boolean;
  accept(operator: string): boolean;
  expect(operator: string, where: string): Token;
  stop(at: Range, message: string, hint?: string): never;
  /** shown names the token at hand. */
  shown(): string;
  /** nested bounds how deep a script may nest. */
  nested<T>(work: () => T): T;
  mark(): number;
  reset(mark: number): void;
  peek(distance: number): Token;
  /** attachPoint reads a probe's name behind the last token; undefined when there is none. */
  attachPoint(): Token | undefined;
  /** word is the word behind the last token, which a probe's name may begin with. */
  word(): string;
  /** fresh begins a part of the script: its nesting starts anew. */
  fresh(): void;
}

/** newCursor reads a script; `defines` are the preprocessor's constants. */
export function newCursor(text: string, defines: ReadonlyMap<string, string>, report: Reporter): Cursor {
  const scanner = newScanner(text, report);
  let tokens: Token[] = [];
  let at = 0;
  let last = 0;
  let depth = 0;

  const expanded = (token: Token, level: number): Token[] => {
    const body = token.kind === "word" && level < defineDepth ? defines.get(token.text) : undefined;
    if (body === undefined) return [token];
    const inner = newScanner(body, report);
    const found: Token[] = [];
    for (let each = inner.next(); each.kind !== "end"; each = inner.next())
      found.push(...expanded({ ...each, start: token.start, end: token.end }, level + 1));
    return found;
  };
  const fill = (index: number): Token => {
    for (;;) {
      const known = tokens[index];
      if (known !== undefined) return known;
      tokens.push(...expanded(scanner.next(), 0));
    }
  };
  const lastEnd = (): number => (at > 0 ? (tokens[at - 1]?.end ?? last) : last);

  const cursor: Cursor = {
    token: () => fill(at),
    last: lastEnd,
    advance() {
      const token = fill(at);
      if (token.kind !== "end") at++;
      return token;
    },
    is: (operator) => cursor.token().kind === "operator" && cursor.token().text === operator,
    isWord: (word) => cursor.token().kind === "word" && cursor.token().text === word,
    accept(operator) {
      if (!cursor.is(operator)) return false;
      cursor.advance();
      return true;
    },
    expect: (operator, where) =>
      cursor.is(operator)
        ? cursor.advance()
        : cursor.stop(
            cursor.token(),
            `syntax error, unexpected ${cursor.shown()}, expecting ${operator} ${where}`,
          ),
    stop(range, message, hint) {
      const end = range.end > range.start ? range.end : range.start + 1;
      report.error("syntax", { start: range.start, end }, message, hint);
      throw new Stop();
    },
    shown: () => (cursor.token().kind === "end" ? "end of file" : `"${cursor.token().text}"`),
    nested(work) {
      if (++depth > depthLimit) cursor.stop(cursor.token(), "this is nested too deeply");
      try {
        return work();
      } finally {
        depth--;
      }
    },
    mark: () => at,
    reset(mark) {
      at = mark;
    },
    peek: (distance) => fill(at + distance),
    attachPoint() {
      last = lastEnd();
      scanner.rewind(last);
      tokens = [];
      at = 0;
      const point = scanner.attachPoint();
      if (point !== undefined) last = point.end;
      return point;
    },
    word() {
      last = lastEnd();
      scanner.rewind(last);
      tokens = [];
      at = 0;
      const word = scanner.word();
      scanner.rewind(last);
      return word;
    },
    fresh() {
      depth = 0;
    },
  };
  return cursor;
}
