import { ServerError } from "../errors.js";
import type { FilterPattern } from "./ast.js";

/** Cursor walks a filter's text. */
export interface Cursor {
  readonly text: string;
  at: number;
}

/** Scanned is a piece of text with its wildcards and what its first unescaped ".." split off. */
export interface Scanned {
  readonly pattern: FilterPattern;
  readonly quoted: boolean;
  readonly start: number;
  readonly end: number;
}

/** fail throws the mistake at start…end with what was expected there. */
export function fail(message: string, start: number, end: number, expected: readonly string[]): never {
  const wanted = expected.length > 0 ? `expected ${expected.join(" or ")}` : "";
  throw new ServerError("bad-filter", message, { position: start, end, expected, hint: wanted });
}

const space = /\s/;

/** isBoundary says whether a term ends at the position: the end, a space or a closing parenthesis. */
export function isBoundary(text: string, at: number): boolean {
  return at >= text.length || space.test(text.charAt(at)) || text.charAt(at) === ")";
}

/** skipSpace moves to the next character that is no white space. */
export function skipSpace(cursor: Cursor): void {
  while (cursor.at < cursor.text.length && space.test(cursor.text.charAt(cursor.at))) cursor.at++;
}

/** collapse joins what stands around doubled wildcards: "a**b" asks the same as "a*b". */
function collapse(parts: readonly string[]): FilterPattern {
  return parts.filter((part, i) => part !== "" || i === 0 || i === parts.length - 1);
}

/** scanQuoted reads "…": backslash takes the next character as it is, an unescaped * is a wildcard. */
function scanQuoted(cursor: Cursor): Scanned {
  const start = cursor.at;
  const parts = [""];
  for (let i = start + 1; i < cursor.text.length; i++) {
    const c = cursor.text.charAt(i);
    if (c === '"') {
      cursor.at = i + 1;
      return { pattern: collapse(parts), quoted: true, start, end: i + 1 };
    }
    if (c === "*") parts.push("");
    else parts[parts.length - 1] += c === "\\" && i + 1 < cursor.text.length ? cursor.text.charAt(++i) : c;
  }
  return fail("the quotation mark is never closed", start, cursor.text.length, ['a closing "']);
}

/** scanText reads a quoted or bare text; a bare one ends at a space, parenthesis, quote, ".." (in a value) or ":" (in a key). */
export function scanText(cursor: Cursor, place: "key" | "value" | "end-of-range"): Scanned {
  if (cursor.text.charAt(cursor.at) === '"') return scanQuoted(cursor);
  const { text } = cursor;
  const start = cursor.at;
  const parts = [""];
  let i = start;
  for (; i < text.length; i++) {
    const c = text.charAt(i);
    if (space.test(c) || c === "(" || c === ")" || c === '"') break;
    if (c === ":" && place === "key") break;
    if (place === "value" && i > start && text.startsWith("..", i)) break;
    if (c === "*") parts.push("");
    else parts[parts.length - 1] += c === "\\" && i + 1 < text.length ? text.charAt(++i) : c;
  }
  cursor.at = i;
  return { pattern: collapse(parts), quoted: false, start, end: i };
}

/**
 * scanRegex reads /source/ when a regular expression stands here, else nothing. The closing slash must end the word, so that the
 * path /cart/items and /cart/* stay plain text; "\/" is a slash inside.
 */
export function scanRegex(cursor: Cursor): { readonly source: string; readonly end: number } | undefined {
  const { text, at } = cursor;
  if (text.charAt(at) !== "/") return undefined;
  for (let i = at + 1; i < text.length && !space.test(text.charAt(i)); i++) {
    if (text.charAt(i) === "\\") i++;
    else if (text.charAt(i) === "/") {
      if (i === at + 1 || !isBoundary(text, i + 1)) return undefined;
      cursor.at = i + 1;
      return { source: text.slice(at + 1, i).replaceAll("\\/", "/"), end: i + 1 };
    }
  }
  const spaced = /^\/[^/\s:"]*\s[^/:"]*\/(?=[\s)]|$)/.exec(text.slice(at));
  if (spaced) fail("a regular expression has no spaces here", at, at + spaced[0].length, ["\\s for a space"]);
  return undefined;
}
