import {
  clause,
  columnAt,
  conjuncts,
  hasWord,
  isSign,
  type Part,
  type Solid,
  selects,
  solidOf,
  topLevel,
} from "./clauses.js";
import { isWord, type SqlToken } from "./tokens.js";

/** JoinedTable is a table of a SELECT: its own name, and how the statement calls it. */
export interface JoinedTable {
  readonly table: string;
  readonly called: string;
  readonly written: string;
}

/** OTHER_JOINS are those that keep rows without a partner, or choose among partners: a condition added on one side would change what comes. */
export const OTHER_JOINS = [
  "LEFT",
  "RIGHT",
  "FULL",
  "OUTER",
  "SEMI",
  "ANTI",
  "ASOF",
  "ANY",
  "CROSS",
  "PASTE",
  "ARRAY",
  "GLOBAL",
];
const SPANS = new Set(["traces", "spans"]);

/**
 * timeBounds gives conditions that a join within a span's time implies and the engine does not see: with
 * `logs.timestamp BETWEEN traces.start_time AND traces.end_time`, a lower bound of the span's start is one of the record's time, and an upper bound of
 * the record's time is one of the span's start. Each is put behind the token whose number it is given under; nothing is added where the
 * statement is not plainly of that form.
 */
export function timeBounds(
  all: readonly SqlToken[],
  tables: (called: string) => JoinedTable | undefined,
): Map<number, string> {
  const solid = solidOf(all);
  const added = new Map<number, string>();
  for (const select of selects(solid)) {
    const where = clause(solid, select, "WHERE");
    const from = clause(solid, select, "FROM");
    if (where === undefined || from === undefined || hasWord(solid, from, OTHER_JOINS)) continue;
    const conditions = conjuncts(solid, where);
    if (conditions === undefined) continue;
    const windows = windowsIn(solid, from, tables);
    const implied = windows.flatMap((window) => conditions.flatMap((each) => impliedBy(solid, each, window)));
    const last = solid.places[where.end - 1];
    if (implied.length > 0 && last !== undefined)
      added.set(last, implied.map((each) => ` AND ${each}`).join(""));
  }
  return added;
}

/** Window is `row.timestamp BETWEEN span.start_time AND span.end_time`: `row` and `span` as they are written. */
interface Window {
  readonly row: JoinedTable;
  readonly span: JoinedTable;
}

function windowsIn(solid: Solid, from: Part, tables: (called: string) => JoinedTable | undefined): Window[] {
  const { tokens } = solid;
  return topLevel(solid, from).flatMap((i): Window[] => {
    if (!isWord(tokens[i], "BETWEEN")) return [];
    const row = columnBefore(tokens, i);
    const low = columnAt(tokens, i + 1);
    const high = columnAt(tokens, i + 5);
    if (row?.column !== "timestamp" || low?.column !== "start_time" || high?.column !== "end_time") return [];
    if (!isWord(tokens[i + 4], "AND") || low.table !== high.table || isWord(tokens[i - 4], "OR", "NOT"))
      return [];
    const [rows, spans] = [tables(row.table), tables(low.table)];
    if (rows === undefined || spans === undefined || !SPANS.has(spans.table) || SPANS.has(rows.table))
      return [];
    // Behind the window an OR would make it no condition of the join at all.
    const rest = topLevel(solid, { start: i, end: from.end }).map((place) => tokens[place]);
    const next = rest.findIndex((token) => isWord(token, "JOIN"));
    if (rest.slice(0, next < 0 ? undefined : next).some((token) => isWord(token, "OR", "XOR"))) return [];
    return [{ row: rows, span: spans }];
  });
}

function columnBefore(tokens: readonly SqlToken[], i: number): { table: string; column: string } | undefined {
  return isSign(tokens[i - 4], ".") ? undefined : columnAt(tokens, i - 3);
}

const LOWER = [">", ">="];
const UPPER = ["<", "<="];

/** impliedBy gives what one condition says of the other table through the window. */
function impliedBy(solid: Solid, { start, end }: Part, { row, span }: Window): string[] {
  const { tokens } = solid;
  const column = columnAt(tokens, start);
  if (column === undefined) return [];
  const sign = `${isSign(tokens[start + 3], "<") ? "<" : isSign(tokens[start + 3], ">") ? ">" : ""}${isSign(tokens[start + 4], "=") ? "=" : ""}`;
  const isBetween = isWord(tokens[start + 3], "BETWEEN");
  const text = (part: Part): string | undefined => constantText(solid, part);
  if (isBetween) {
    const and = topLevel(solid, { start: start + 4, end }).find((i) => isWord(tokens[i], "AND"));
    if (and === undefined) return [];
    return [
      ...bound(column, ">=", text({ start: start + 4, end: and }), row, span),
      ...bound(column, "<=", text({ start: and + 1, end }), row, span),
    ];
  }
  return bound(column, sign, text({ start: start + 3 + sign.length, end }), row, span);
}

function bound(
  column: { readonly table: string; readonly column: string },
  sign: string,
  value: string | undefined,
  row: JoinedTable,
  span: JoinedTable,
): string[] {
  if (value === undefined) return [];
  if (column.table === span.called && LOWER.includes(sign)) {
    if (column.column === "start_time") return [`${row.written}.timestamp >= ${value}`];
    if (column.column === "timestamp_ns") return [`${row.written}.timestamp_ns >= ${value}`];
  }
  if (column.table === row.called && UPPER.includes(sign)) {
    if (column.column === "timestamp") return [`${span.written}.start_time <= ${value}`];
    if (column.column === "timestamp_ns") return [`${span.written}.timestamp_ns <= ${value}`];
  }
  return [];
}

/** constantText gives an expression's text when it names no column: numbers, texts, functions of them, intervals, parameters. */
function constantText(solid: Solid, { start, end }: Part): string | undefined {
  if (end <= start) return undefined;
  const { tokens } = solid;
  const pieces: string[] = [];
  for (let i = start; i < end; i++) {
    const token = tokens[i];
    if (token === undefined || token.kind === "name") return undefined;
    const isCall = isSign(tokens[i + 1], "(");
    const isUnit = isWord(
      token,
      "INTERVAL",
      "NANOSECOND",
      "MICROSECOND",
      "MILLISECOND",
      "SECOND",
      "MINUTE",
      "HOUR",
      "DAY",
      "WEEK",
      "MONTH",
      "YEAR",
    );
    const inParameter =
      isSign(tokens[i - 1], "{") || isSign(tokens[i - 1], ":") || isSign(tokens[i + 1], "}");
    if (token.kind === "word" && !isCall && !isUnit && !inParameter) return undefined;
    if (isWord(token, "SELECT")) return undefined;
    pieces.push(token.text);
  }
  return pieces.join(" ");
}
