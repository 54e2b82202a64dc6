// SQL and CQL text without its literals and comments, in one pass; and its words, for the summary.

/** Dialect says what is a literal, a comment, an identifier. */
export type Dialect = "postgresql" | "mysql" | "cql";

/** Scanned is a text's safe form. */
export interface Scanned {
  readonly text: string;
  /** words are its words, identifiers without quotes (marked by a leading zero character), and the signs ( ) , . ; */
  readonly words: readonly string[];
}

const tab = 9;
const lineFeed = 10;
const carriageReturn = 13;
const space = 32;
const doubleQuote = 34;
const hash = 35;
const dollar = 36;
const quote = 39;
const open = 40;
const close = 41;
const star = 42;
const comma = 44;
const minus = 45;
const dot = 46;
const slash = 47;
const semicolon = 59;
const backslash = 92;
const backtick = 96;

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isHex = (c: number): boolean => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102);
const isWordStart = (c: number): boolean =>
  (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c > 127;
const isWord = (c: number): boolean => isWordStart(c) || isDigit(c) || c === dollar;
const isSpace = (c: number): boolean =>
  c === space || c === lineFeed || c === tab || c === carriageReturn || c === 12;

// What summarise looks at; a text of thousands of rows says nothing new after that.
const wordLimit = 256;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/iy;
const number = /\d*\.?\d+(?:[eE][+-]?\d+)?\.?/y;

/** scanSql reads a text, which may be cut anywhere: a literal without its end is a literal to the end. */
export function scanSql(sql: string, dialect: Dialect): Scanned {
  const words: string[] = [];
  let text = "";
  let at = 0;
  let pendingSpace = false;
  const end = sql.length;

  const put = (piece: string): void => {
    if (pendingSpace && text !== "") text += " ";
    pendingSpace = false;
    text += piece;
  };
  const word = (piece: string): void => {
    if (words.length < wordLimit) words.push(piece);
  };
  /** literal writes one question mark for a literal, and one for a list of them. */
  const literal = (): void => {
    const tail = text.slice(-6).replaceAll(" ", "");
    if (tail.endsWith("(?,")) {
      text = `${text.slice(0, text.lastIndexOf("(?"))}(?`;
      pendingSpace = false;
    } else put("?");
  };
  /** quoted passes over a quoted piece and gives where it ends; doubled quotes and, where they count, backslashes are in it. */
  const quoted = (from: number, mark: number, backslashes: boolean): number => {
    let i = from + 1;
    while (i < end) {
      const c = sql.charCodeAt(i);
      if (c === backslash && backslashes) i += 2;
      else if (c !== mark) i++;
      else if (sql.charCodeAt(i + 1) === mark) i += 2;
      else return i + 1;
    }
    return end;
  };

  while (at < end) {
    const c = sql.charCodeAt(at);
    if (isSpace(c)) {
      pendingSpace = true;
      at++;
    } else if (
      (c === minus && sql.charCodeAt(at + 1) === minus) ||
      (c === slash && sql.charCodeAt(at + 1) === slash && dialect === "cql") ||
      (c === hash && dialect === "mysql")
    ) {
      const newline = sql.indexOf("\n", at);
      at = newline < 0 ? end : newline + 1;
      pendingSpace = true;
    } else if (c === slash && sql.charCodeAt(at + 1) === star) {
      at = afterComment(sql, at, dialect === "postgresql");
      pendingSpace = true;
    } else if (c === quote) {
      literal();
      at = quoted(at, quote, dialect === "mysql");
    } else if (c === doubleQuote || c === backtick) {
      // MySQL's double quotes hold a string unless ANSI_QUOTES is set, which the text does not say.
      const next = quoted(at, c, dialect === "mysql");
      const isClosed = next - at > 1 && sql.charCodeAt(next - 1) === c;
      if (!isClosed || (c === doubleQuote && dialect === "mysql")) literal();
      else {
        const whole = sql.slice(at, next);
        put(whole);
        word(`\0${whole.slice(1, -1)}`);
      }
      at = next;
    } else if (c === dollar && dialect !== "mysql") {
      at = afterDollar(at);
    } else if (isDigit(c) || (c === dot && isDigit(sql.charCodeAt(at + 1)) && !text.endsWith("]"))) {
      literal();
      at = afterNumber(sql, at, dialect);
    } else if (isWordStart(c)) {
      at = afterWord(at);
    } else {
      put(sql[at]);
      if (c === open || c === close || c === comma || c === dot || c === semicolon) word(sql[at]);
      at++;
    }
  }
  return { text, words };

  function afterWord(from: number): number {
    let to = from + 1;
    while (to < end && isWord(sql.charCodeAt(to))) to++;
    const next = sql.charCodeAt(to);
    const size = to - from;
    // Prefixed strings: E'', B'', X'', N'', U&'' and MySQL's _utf8mb4''.
    if (next === quote && (size === 1 || (dialect === "mysql" && sql[from] === "_"))) {
      literal();
      return quoted(to, quote, dialect === "mysql" || /e/i.test(sql[from]));
    }
    if (size === 1 && sql.startsWith("&'", to) && /u/i.test(sql[from])) {
      literal();
      return quoted(to + 1, quote, false);
    }
    if (dialect === "cql" && next === minus && size === 8) {
      uuid.lastIndex = from;
      if (uuid.test(sql)) {
        literal();
        return uuid.lastIndex;
      }
    }
    const piece = sql.slice(from, to);
    put(piece);
    word(piece);
    return to;
  }

  /** afterDollar takes a parameter ($1) as it is and a dollar-quoted string ($$ $$, $tag$ $tag$) as a literal. */
  function afterDollar(from: number): number {
    let to = from + 1;
    if (isDigit(sql.charCodeAt(to))) {
      while (to < end && isDigit(sql.charCodeAt(to))) to++;
      put(sql.slice(from, to));
      return to;
    }
    while (to < end && isWord(sql.charCodeAt(to)) && sql.charCodeAt(to) !== dollar) to++;
    literal();
    if (sql.charCodeAt(to) !== dollar) return to;
    const tag = sql.slice(from, to + 1);
    const closing = sql.indexOf(tag, to + 1);
    return closing < 0 ? end : closing + tag.length;
  }
}

/** afterComment passes over a comment; PostgreSQL's nest. */
function afterComment(sql: string, from: number, nests: boolean): number {
  let depth = 0;
  let at = from;
  while (at < sql.length) {
    if (sql.startsWith("/*", at)) {
      depth = nests ? depth + 1 : 1;
      at += 2;
    } else if (sql.startsWith("*/", at)) {
      at += 2;
      if (--depth <= 0) return at;
    } else at++;
  }
  return sql.length;
}

function afterNumber(sql: string, from: number, dialect: Dialect): number {
  if (dialect === "cql") {
    uuid.lastIndex = from;
    if (uuid.test(sql)) return uuid.lastIndex;
  }
  if (sql[from] === "0" && (sql[from + 1] === "x" || sql[from + 1] === "X")) {
    let to = from + 2;
    while (to < sql.length && isHex(sql.charCodeAt(to))) to++;
    return to;
  }
  number.lastIndex = from;
  let to = number.test(sql) ? number.lastIndex : from + 1;
  // 1h30m (CQL durations), 0b101, 1_000: what hangs on a number is part of it.
  while (to < sql.length && isWord(sql.charCodeAt(to))) to++;
  return to;
}
