import type { FilterCompare, FilterNode, FilterTest } from "./ast.js";
import { checkTerm } from "./fields.js";
import { type Cursor, fail, isBoundary, type Scanned, scanRegex, scanText, skipSpace } from "./scan.js";
import { regexProblem } from "./values.js";

// A filter lives in an address: browsers and proxies take about 8 KB. Each level of nesting is a few frames of our stack.
const maxLength = 4096;
const maxDepth = 50;
const term = "a term such as service:checkout";

/**
 * parseFilter reads a filter (spec/web.md "Filter language") to its tree.
 * Throws ServerError "bad-filter" with position, end and what was expected.
 */
export function parseFilter(text: string): FilterNode {
  if (text.length > maxLength)
    fail(`a filter has at most ${maxLength} characters`, maxLength, text.length, []);
  const cursor: Cursor = { text, at: 0 };
  skipSpace(cursor);
  if (cursor.at >= text.length) return { kind: "all", place: { start: 0, end: text.length } };
  const node = parseOr(cursor, 0);
  if (cursor.at < text.length)
    fail("this parenthesis closes nothing", cursor.at, cursor.at + 1, [term, "the end"]);
  return node;
}

function keyword(cursor: Cursor): "OR" | "AND" | "NOT" | undefined {
  const found = /^(OR|AND|NOT)(?=[\s()]|$)/.exec(cursor.text.slice(cursor.at, cursor.at + 4));
  const word = found?.[1];
  return word === "OR" || word === "AND" || word === "NOT" ? word : undefined;
}

function parseOr(cursor: Cursor, depth: number): FilterNode {
  if (depth > maxDepth) fail(`more than ${maxDepth} levels of nesting`, cursor.at, cursor.at + 1, []);
  const items = [parseAnd(cursor, depth)];
  while (keyword(cursor) === "OR") {
    cursor.at += 2;
    items.push(parseAnd(cursor, depth));
  }
  return group("or", items);
}

function group(kind: "and" | "or", items: readonly FilterNode[]): FilterNode {
  const first = items[0];
  const last = items[items.length - 1];
  if (first === undefined || last === undefined || items.length === 1)
    return first ?? fail(term, 0, 0, [term]);
  return { kind, items, place: { start: first.place.start, end: last.place.end } };
}

function parseAnd(cursor: Cursor, depth: number): FilterNode {
  const items: FilterNode[] = [];
  for (;;) {
    skipSpace(cursor);
    const word = keyword(cursor);
    const atEnd = cursor.at >= cursor.text.length || cursor.text.charAt(cursor.at) === ")" || word === "OR";
    if (atEnd && items.length > 0) return group("and", items);
    if (atEnd || (word === "AND" && items.length === 0)) expectTerm(cursor);
    if (word === "AND") {
      cursor.at += 3;
      skipSpace(cursor);
      if (isBoundary(cursor.text, cursor.at) || keyword(cursor) === "OR") expectTerm(cursor);
    }
    items.push(parseUnary(cursor, depth));
  }
}

function expectTerm(cursor: Cursor): never {
  const end = Math.min(cursor.text.length, cursor.at + 1);
  return fail("something to look for is missing here", cursor.at, end, [term, "a word", "("]);
}

function parseUnary(cursor: Cursor, depth: number): FilterNode {
  const start = cursor.at;
  const minus = cursor.text.charAt(start) === "-";
  if (!minus && keyword(cursor) !== "NOT") return parsePrimary(cursor, depth);
  if (depth > maxDepth) fail(`more than ${maxDepth} levels of nesting`, start, start + 1, []);
  cursor.at += minus ? 1 : 3;
  if (!minus) skipSpace(cursor);
  if (isBoundary(cursor.text, cursor.at)) expectTerm(cursor);
  const item = parseUnary(cursor, depth + 1);
  return { kind: "not", item, place: { start, end: cursor.at } };
}

function parsePrimary(cursor: Cursor, depth: number): FilterNode {
  const start = cursor.at;
  if (cursor.text.charAt(start) === "(") {
    cursor.at++;
    const node = parseOr(cursor, depth + 1);
    if (cursor.text.charAt(cursor.at) !== ")")
      fail("the parenthesis is never closed", start, start + 1, [") further on"]);
    cursor.at++;
    expectBoundary(cursor);
    return node;
  }
  const regex = scanRegex(cursor);
  if (regex) return word(cursor, start, regexTest(regex.source, start, regex.end));
  const scanned = scanText(cursor, "key");
  if (cursor.text.charAt(cursor.at) === ":") {
    cursor.at++;
    return parseTerm(cursor, scanned);
  }
  if (scanned.end === scanned.start) expectTerm(cursor);
  return word(cursor, start, patternTest(scanned));
}

function word(cursor: Cursor, start: number, test: FilterTest): FilterNode {
  expectBoundary(cursor);
  if (test.op === "present")
    fail("a word of wildcards only says nothing", start, cursor.at, [
      "a word",
      "key:* for a key that is present",
    ]);
  return { kind: "word", test, place: { start, end: cursor.at } };
}

function parseTerm(cursor: Cursor, keyText: Scanned): FilterNode {
  const key = literal(keyText, "a key without *");
  if (key === "")
    fail("the key before the colon is missing", keyText.start, cursor.at, ["a key such as service"]);
  const place = { start: keyText.start, end: cursor.at };
  const test = parseTest(cursor, key);
  expectBoundary(cursor);
  const node: FilterNode = { kind: "term", key, test, place: { start: place.start, end: cursor.at } };
  checkTerm(key, test, { start: place.end, end: cursor.at });
  return node;
}

function parseTest(cursor: Cursor, key: string): FilterTest {
  const start = cursor.at;
  if (isBoundary(cursor.text, start))
    fail(`the value of ${key} is missing`, start, start, [
      "a value",
      "* for any value",
      ">, <, a..b or /re/",
    ]);
  const regex = scanRegex(cursor);
  if (regex) return regexTest(regex.source, start, regex.end);
  const sign = /^[<>]=?/.exec(cursor.text.slice(start, start + 2))?.[0];
  if (sign !== undefined) {
    cursor.at += sign.length;
    return { op: "compare", sign: signOf(sign), text: rangeEnd(cursor, `a value after ${sign}`) };
  }
  const scanned = scanText(cursor, "value");
  if (!cursor.text.startsWith("..", cursor.at)) return patternTest(scanned);
  const low = literal(scanned, "a number or duration without *");
  cursor.at += 2;
  return { op: "range", low, high: rangeEnd(cursor, "the upper end of the range after ..") };
}

function signOf(text: string): FilterCompare {
  return text === ">" || text === ">=" || text === "<" ? text : "<=";
}

function rangeEnd(cursor: Cursor, wanted: string): string {
  const start = cursor.at;
  if (isBoundary(cursor.text, start)) fail("a value is missing here", start, start, [wanted]);
  return literal(scanText(cursor, "end-of-range"), "a number or duration without *");
}

function literal(scanned: Scanned, wanted: string): string {
  if (scanned.pattern.length > 1) fail("a wildcard cannot stand here", scanned.start, scanned.end, [wanted]);
  return scanned.pattern[0] ?? "";
}

function patternTest(scanned: Scanned): FilterTest {
  const { pattern } = scanned;
  if (pattern.length > 1 && pattern.every((part) => part === "")) return { op: "present" };
  return { op: "is", pattern };
}

function regexTest(source: string, start: number, end: number): FilterTest {
  const problem = regexProblem(source);
  if (problem !== "") fail(`the regular expression is wrong: ${problem}`, start, end, ["RE2 syntax"]);
  return { op: "regex", source };
}

function expectBoundary(cursor: Cursor): void {
  if (isBoundary(cursor.text, cursor.at)) return;
  fail("the term goes on where it should end", cursor.at, cursor.at + 1, [
    "a space",
    ")",
    "quotes around the whole value",
  ]);
}
