import type { Reporter } from "../source/diagnostics.js";
import type { SourceFile } from "../source/file.js";
import { parseAttribute } from "./attribute.js";
import { type Attribute, keywords, operators, type Token, type TokenKind } from "./token.js";

/** Lexed is one file as tokens and the attributes found in its comments, both in order. */
export interface Lexed {
  readonly tokens: readonly Token[];
  readonly attributes: readonly Attribute[];
  /** badLines have mistakes that were reported: what the parser finds odd there follows from them. */
  readonly badLines: ReadonlySet<number>;
}

/** endsStatement: Go inserts a semicolon at a line's end behind these tokens (Go spec, "Semicolons"). */
const endingOperators: ReadonlySet<string> = new Set(["++", "--", ")", "]", "}"]);
const endingKeywords: ReadonlySet<string> = new Set(["break", "continue", "fallthrough", "return"]);

function endsStatement(token: Token | undefined, before: Token | undefined): boolean {
  if (token === undefined) return false;
  // The kernel's fields have names that are Go's words: ctx.map, file.f_op.
  if (token.kind === "keyword" && before?.kind === "operator" && before.text === ".") return true;
  if (token.kind === "operator") return endingOperators.has(token.text);
  if (token.kind === "keyword") return endingKeywords.has(token.text);
  return token.kind !== "end";
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

const numberPattern = /(?=\.\d)|0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*(?![0-9])|[1-9][0-9_]*/y;
const namePattern = /[\p{L}_][\p{L}\p{Nd}_]*/uy;

/** operatorsOf are the operators by their first letter, longest first. */
const operatorsOf = new Map<string, string[]>();
for (const each of operators) {
  const first = each.slice(0, 1);
  const known = operatorsOf.get(first);
  if (known === undefined) operatorsOf.set(first, [each]);
  else known.push(each);
}

const isLetter = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** plainName reads a name of ASCII letters, as nearly all are: several times faster than the pattern for all letters. */
function plainName(text: string, from: number): string | undefined {
  if (!isLetter(text.charCodeAt(from))) return undefined;
  let at = from + 1;
  for (let code = text.charCodeAt(at); isLetter(code) || isDigit(code); code = text.charCodeAt(at)) at++;
  return text.charCodeAt(at) > 127 ? undefined : text.slice(from, at);
}

function parseInteger(text: string): bigint {
  const plain = text.replaceAll("_", "");
  return BigInt(/^0[0-7]+$/.test(plain) ? `0o${plain.slice(1)}` : plain);
}

/** lex turns a file into tokens. Characters it does not know are reported and skipped; it never throws. */
export function lex(file: SourceFile, report: Reporter): Lexed {
  const { text, base } = file;
  const tokens: Token[] = [];
  const attributes: Attribute[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;

  const push = (kind: TokenKind, from: number, value: string, number?: bigint): void => {
    const token: Token = {
      kind,
      text: value,
      start: base + from,
      end: base + at,
      line,
      column: from - lineStart,
      value: number,
    };
    tokens.push(token);
  };
  const newline = (): void => {
    const last = tokens.at(-1);
    if (endsStatement(last, tokens.at(-2))) {
      const column = at - lineStart;
      tokens.push({ kind: "operator", text: ";", start: base + at, end: base + at, line, column });
    }
  };
  const badLines = new Set<number>();
  const fail = (from: number, what: string): void => {
    badLines.add(line);
    report.error("unterminated", { start: base + from, end: base + at }, `${what} is not terminated`);
  };

  const attribute = (content: string, from: number): void => {
    const found = parseAttribute(content, base + from, line);
    if (found !== undefined) attributes.push(found);
  };

  const comment = (): void => {
    const from = at;
    if (text[at + 1] === "/") {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
      attribute(text.slice(from + 2, at), from + 2);
      return;
    }
    const end = text.indexOf("*/", at + 2);
    at = end < 0 ? text.length : end + 2;
    if (end < 0) fail(from, "the comment");
    const lines = text.slice(from, at).split("\n").length - 1;
    if (lines > 0) newline();
    line += lines;
    if (lines > 0) lineStart = text.lastIndexOf("\n", at - 1) + 1;
  };

  /** decodeEscape decodes one escape sequence at `at` (behind the backslash). */
  const decodeEscape = (): string => {
    const letter = text[at] ?? "";
    const digits = /^(?:x([0-9a-fA-F]{2})|([0-7]{3}))/.exec(text.slice(at, at + 3));
    if (digits !== null) {
      at += digits[0].length;
      return String.fromCharCode(
        Number.parseInt(digits[1] ?? digits[2] ?? "0", digits[1] === undefined ? 8 : 16),
      );
    }
    at++;
    const known = escapes[letter];
    if (known === undefined) {
      report.error("bad-character", { start: base + at - 2, end: base + at }, `unknown escape \\${letter}`);
    }
    return known ?? letter;
  };

  /** character is one letter, whose value is its code point. */
  const character = (from: number, value: string): void => {
    const decoded = /^[\x80-\xff]+$/.test(value) ? Buffer.from(value, "latin1").toString("utf8") : value;
    const letters = decoded.includes("\ufffd") ? [value] : [...decoded];
    if (letters.length !== 1) {
      const hint = 'text is written in double quotes: "abc"';
      const range = { start: base + from, end: base + at };
      report.error("bad-character", range, "a character is one letter between quotes", hint);
      badLines.add(line);
    }
    const whole = letters[0] ?? "";
    push(
      "character",
      from,
      value,
      BigInt(whole.length > 1 && whole === value ? value.charCodeAt(0) : (whole.codePointAt(0) ?? 0)),
    );
  };

  const quoted = (quote: string): void => {
    const from = at++;
    let value = "";
    while (at < text.length && text[at] !== quote && text[at] !== "\n") {
      if (text[at] === "\\") {
        at++;
        value += decodeEscape();
      } else {
        // Text is bytes, as in Go: what is not ASCII becomes its UTF-8 bytes, one character per byte.
        const letter = String.fromCodePoint(text.codePointAt(at) ?? 0);
        at += letter.length;
        value += Buffer.from(letter, "utf8").toString("latin1");
      }
    }
    if (text[at] === quote) at++;
    else fail(from, quote === '"' ? "the string" : "the character");
    if (quote === "'") character(from, value);
    else push("string", from, value);
  };

  const raw = (): void => {
    const from = at;
    const end = text.indexOf("`", at + 1);
    at = end < 0 ? text.length : end + 1;
    if (end < 0) fail(from, "the string");
    const content = text.slice(from + 1, end < 0 ? undefined : end);
    push("string", from, Buffer.from(content, "utf8").toString("latin1"));
    line += content.split("\n").length - 1;
    if (content.includes("\n")) lineStart = text.lastIndexOf("\n", at - 1) + 1;
  };

  const matched = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };

  const word = (): boolean => {
    const from = at;
    const name = plainName(text, at) ?? matched(namePattern);
    if (name !== undefined) {
      at += name.length;
      push(keywords.has(name) ? "keyword" : "name", from, name);
      return true;
    }
    const number = matched(numberPattern);
    if (number === undefined) return false;
    at += number.length;
    if (/[\w.]/.test(text[at] ?? "")) {
      const rest = /^[\w.]+/.exec(text.slice(at))?.[0] ?? "";
      at += rest.length;
      const floating = /^\.?\d*([eE]\d*)?i?$/.test(rest);
      report.error(
        floating ? "unsupported" : "bad-character",
        { start: base + from, end: base + at },
        floating ? "BPF has no floating-point numbers" : `${number}${rest} is not a number`,
        floating
          ? "scale to an integer, e.g. microseconds instead of seconds"
          : "numbers are written 10, 0x1f, 0b101, 0o17 or 1_000",
      );
      push("integer", from, number, 0n);
      return true;
    }
    if (/^0[xXbBoO]$/.test(number)) push("integer", from, number, 0n);
    else push("integer", from, number, parseInteger(number));
    return true;
  };

  while (at < text.length) {
    const letter = text[at] ?? "";
    if (letter === "\n") {
      newline();
      at++;
      line++;
      lineStart = at;
    } else if (letter === " " || letter === "\t" || letter === "\r") at++;
    else if (letter === "/" && (text[at + 1] === "/" || text[at + 1] === "*")) comment();
    else if (letter === "@") {
      const from = at;
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
      attribute(text.slice(from, at), from);
    } else if (letter === '"' || letter === "'") quoted(letter);
    else if (letter === "`") raw();
    else if (!word()) {
      const operator = operatorsOf.get(letter)?.find((each) => text.startsWith(each, at));
      const from = at;
      at += operator?.length ?? String.fromCodePoint(text.codePointAt(at) ?? 0).length;
      if (operator !== undefined) push("operator", from, operator);
      else {
        const range = { start: base + from, end: base + at };
        badLines.add(line);
        report.error("bad-character", range, `${JSON.stringify(text.slice(from, at))} starts no token`);
      }
    }
  }
  newline();
  push("end", at, "end of file");
  return { tokens, attributes, badLines };
}
