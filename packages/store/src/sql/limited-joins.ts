import { type JoinedTable, OTHER_JOINS } from "./bounds.js";
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
import { isWord, nameOf, type SqlToken } from "./tokens.js";

/** Clauses that make every row matter: then a LIMIT says nothing about what may be left out. */
const ORDERED = [
  "ORDER",
  "GROUP",
  "HAVING",
  "WINDOW",
  "QUALIFY",
  "OFFSET",
  "UNION",
  "EXCEPT",
  "INTERSECT",
  "PREWHERE",
];
/** LIMIT_MAX is the largest LIMIT for which rows of a service are cut; beyond it the cut would save nothing. */
const LIMIT_MAX = 10_000;
const SPANS = new Set(["traces", "spans"]);

/** Joined is a table as it stands in FROM: its own tokens, and those of the condition behind ON. */
interface Joined {
  readonly table: JoinedTable;
  readonly name: Part;
  readonly on: Part | undefined;
}

/**
 * limitedJoins gives what a statement that wants any n rows of inner joins is better written as, as texts for tokens: a table of points that is
 * joined by service alone gives n of each service, and no more are needed; slow spans, which are few, are looked up by the others' rows instead of
 * the other way round; and joined rows go on at once instead of being gathered by 65,409. Nothing is given where the statement is not plainly of that form.
 */
export function limitedJoins(
  all: readonly SqlToken[],
  tables: (called: string) => JoinedTable | undefined,
): Map<number, string> {
  const solid = solidOf(all);
  const [select, more] = selects(solid);
  if (select === undefined || more !== undefined || select.start !== 0) return new Map();
  const limit = limitOf(solid, select);
  const from = clause(solid, select, "FROM");
  if (limit === undefined || from === undefined || hasWord(solid, select, ORDERED)) return new Map();
  if (hasWord(solid, from, OTHER_JOINS) || !hasWord(solid, from, ["JOIN"])) return new Map();
  const columns: Part = { start: select.start + 1, end: from.start - 1 };
  // A call may be of an aggregate function, a star gives the tables' columns in the tables' order.
  const chosen = topLevel(solid, columns).map((i) => solid.tokens[i]);
  if (chosen.some((token) => isSign(token, "(") || isSign(token, "*") || isWord(token, "DISTINCT")))
    return new Map();
  const joined = joinedTables(solid, from, tables);
  if (joined === undefined) return new Map();
  const where = clause(solid, select, "WHERE");
  const changes = new Map<number, string>();
  const put = (part: Part, text: string): void => {
    for (let i = part.start; i < part.end; i++)
      changes.set(solid.places[i] ?? 0, i === part.start ? text : "");
  };
  for (const each of joined) {
    if (each.table.table === "metrics" && isByService(solid, each, where)) {
      put(
        each.name,
        `(SELECT ${columnsOf(solid, columns, each.table.called)} FROM metrics LIMIT ${limit} BY service_name) AS ${each.table.written}`,
      );
    }
  }
  const [first, second] = joined;
  if (
    first !== undefined &&
    second !== undefined &&
    SPANS.has(first.table.table) &&
    second.table.table === "logs" &&
    wantsSlow(solid, first, where)
  ) {
    const [a, b] = [textOf(all, solid, first.name), textOf(all, solid, second.name)];
    put(first.name, b);
    put(second.name, a);
  }
  const last = lastOf(solid, select);
  if (last !== undefined && !hasWord(solid, select, ["SETTINGS", "FORMAT", "INTO"])) {
    const before = changes.get(last) ?? all[last]?.text ?? "";
    changes.set(last, `${before} SETTINGS min_joined_block_size_rows = 0, min_joined_block_size_bytes = 0`);
  }
  return changes;
}

function lastOf(solid: Solid, select: Part): number | undefined {
  const end = isSign(solid.tokens[select.end - 1], ";") ? select.end - 2 : select.end - 1;
  return solid.places[end];
}

function limitOf(solid: Solid, select: Part): number | undefined {
  const limit = clause(solid, select, "LIMIT");
  if (limit === undefined || limit.end - limit.start !== 1) return undefined;
  const count = Number(solid.tokens[limit.start]?.text);
  return Number.isInteger(count) && count > 0 && count <= LIMIT_MAX ? count : undefined;
}

/** joinedTables reads `a [AS x] JOIN b [AS y] ON … JOIN …`; undefined for any other form. */
function joinedTables(
  solid: Solid,
  from: Part,
  tables: (called: string) => JoinedTable | undefined,
): Joined[] | undefined {
  const { tokens } = solid;
  const joins = topLevel(solid, from).filter((i) => isWord(tokens[i], "JOIN"));
  const found: Joined[] = [];
  const starts = [from.start, ...joins.map((i) => i + 1)];
  for (const [n, start] of starts.entries()) {
    const next = joins[n] ?? from.end;
    const end = isWord(tokens[next - 1], "INNER") ? next - 1 : next;
    const on = topLevel(solid, { start, end }).find((i) => isWord(tokens[i], "ON"));
    if ((n === 0) !== (on === undefined)) return undefined;
    const name: Part = { start, end: on ?? end };
    const isNamed =
      name.end - name.start === 1 || (name.end - name.start <= 3 && !isSign(tokens[start], "("));
    const called = nameOf(tokens[name.end - 1]);
    const table = isNamed ? tables(called) : undefined;
    if (table === undefined || nameOf(tokens[start]) !== table.table) return undefined;
    found.push({ table, name, on: on === undefined ? undefined : { start: on + 1, end } });
  }
  return found;
}

/** columnsOf lists what a statement reads of a table, which is much cheaper than all of it where every column names its table. */
function columnsOf({ tokens }: Solid, { start, end }: Part, called: string): string {
  const found = new Set(["service_name"]);
  for (let i = start; i < end; i++) {
    const isBare = nameOf(tokens[i]) !== "" && !isSign(tokens[i - 1], ".") && !isSign(tokens[i + 1], ".");
    if (isBare && !isWord(tokens[i], "AS") && !isWord(tokens[i - 1], "AS")) return "*, timestamp";
    const column = columnAt(tokens, i);
    if (column?.table === called) found.add(tokens[i + 2]?.text ?? "");
  }
  return [...found].join(", ");
}

function isByService(solid: Solid, { table, on }: Joined, where: Part | undefined): boolean {
  if (on === undefined || on.end - on.start !== 7) return false;
  const [left, right] = [columnAt(solid.tokens, on.start), columnAt(solid.tokens, on.start + 4)];
  const isEqual =
    isSign(solid.tokens[on.start + 3], "=") &&
    left?.column === "service_name" &&
    right?.column === "service_name";
  return isEqual && [left?.table, right?.table].includes(table.called) && !names(solid, where, table.called);
}

/** names tells whether a condition names a table, or a column without one, which may be that table's. */
function names({ tokens }: Solid, where: Part | undefined, called: string): boolean {
  if (where === undefined) return false;
  for (let i = where.start; i < where.end; i++) {
    const isColumn = isSign(tokens[i - 1], ".");
    const isTable = isSign(tokens[i + 1], ".");
    if (isTable && nameOf(tokens[i]) === called) return true;
    const isBare = !isColumn && !isTable && !isSign(tokens[i + 1], "(") && nameOf(tokens[i]) !== "";
    if (
      isBare &&
      !isWord(tokens[i], "AND", "OR", "NOT", "IN", "LIKE", "ILIKE", "BETWEEN", "IS", "NULL", "INTERVAL")
    )
      return true;
  }
  return false;
}

/** wantsSlow tells whether only spans above a duration are wanted: `duration_ns > …` among the conditions. */
function wantsSlow(solid: Solid, { table }: Joined, where: Part | undefined): boolean {
  const conditions = where === undefined ? undefined : conjuncts(solid, where);
  return (conditions ?? []).some(({ start }) => {
    const column = columnAt(solid.tokens, start);
    return (
      column?.table === table.called &&
      column.column === "duration_ns" &&
      isSign(solid.tokens[start + 3], ">")
    );
  });
}

function textOf(all: readonly SqlToken[], solid: Solid, { start, end }: Part): string {
  const [first = 0, last = 0] = [solid.places[start], solid.places[end - 1]];
  return all
    .slice(first, last + 1)
    .map((token) => token.text)
    .join("");
}
