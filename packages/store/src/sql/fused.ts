import { timeBounds } from "./bounds.js";
import { intervals } from "./interval.js";
import { limitedJoins } from "./limited-joins.js";
import { isWord, nameOf, type SqlToken, sqlTokens } from "./tokens.js";

// What one row of a table is called: `span.duration_ns` is a column of the statement's traces.
const rowNames: Readonly<Record<string, readonly string[]>> = {
  span: ["traces", "spans"],
  log: ["logs"],
  metric: ["metrics"],
  profile: ["profiles"],
};

const database = "go3s";

/** Table is one of a SELECT's tables: the table's own name, and how the statement calls it. */
interface Table {
  readonly table: string;
  readonly called: string;
  /** written is `called` as it stands in the text, quoted where it must be. */
  readonly written: string;
}

interface Scope {
  readonly tables: Table[];
  readonly parent: Scope | undefined;
}

/** Use is a `span.` in the text, with the SELECT it stands in. */
interface Use {
  readonly token: number;
  readonly scope: Scope;
}

const endsFrom = [
  ..."WHERE PREWHERE GROUP ORDER LIMIT HAVING WINDOW QUALIFY UNION EXCEPT INTERSECT SETTINGS FORMAT INTO OFFSET".split(
    " ",
  ),
];

/**
 * fusedSql writes a statement as the engine reads it: `span.`, `log.`, `metric.` and `profile.` become the tables that the
 * SELECT around them reads, and `INTERVAL '200ms'` the engine's spelling. All else stays as it is, also where it is wrong:
 * the engine tells.
 */
export function fusedSql(sql: string): string {
  const tokens = sqlTokens(sql);
  const replaced = intervals(tokens);
  const { uses, scopes } = rowUses(tokens);
  for (const { token, scope } of uses) {
    const table = tableOf(nameOf(tokens[token]), scope);
    if (table !== undefined) replaced.set(token, table.written);
  }
  if (!/\bJOIN\b/i.test(sql)) return written(tokens, replaced);
  // A name that two SELECTs of the statement give to different tables says nothing for sure.
  const named = (called: string): Table | undefined => {
    const found = scopes.flatMap((scope) => scope.tables.filter((each) => each.called === called));
    return found.every((each) => each.table === found[0]?.table) ? found[0] : undefined;
  };
  const bounded = rewritten(written(tokens, replaced), (all) => {
    const added = timeBounds(all, named);
    return new Map([...added].map(([place, more]) => [place, (all[place]?.text ?? "") + more]));
  });
  return rewritten(bounded, (all) => limitedJoins(all, named));
}

function written(tokens: readonly SqlToken[], replaced: ReadonlyMap<number, string>): string {
  return tokens.map((each, i) => replaced.get(i) ?? each.text).join("");
}

/** rewritten puts texts in the place of tokens. */
function rewritten(sql: string, changes: (all: readonly SqlToken[]) => ReadonlyMap<number, string>): string {
  const all = sqlTokens(sql);
  const changed = changes(all);
  return changed.size === 0 ? sql : all.map((each, i) => changed.get(i) ?? each.text).join("");
}

/** tableOf finds the table whose row is called so; a table that the statement itself calls so comes first. */
function tableOf(name: string, scope: Scope | undefined): Table | undefined {
  if (scope === undefined) return undefined;
  if (scope.tables.some((each) => each.called === name)) return undefined;
  const found = scope.tables.find((each) => rowNames[name]?.includes(each.table));
  return found ?? tableOf(name, scope.parent);
}

/** rowUses reads the statement once: the tables of each SELECT, and the places with a row's name. */
function rowUses(all: readonly SqlToken[]): { readonly uses: Use[]; readonly scopes: Scope[] } {
  // Numbers of the tokens that are no space.
  const solid = all.flatMap((token, i) => (token.kind === "space" ? [] : [i]));
  const token = (at: number): SqlToken | undefined => all[solid[at] ?? -1];
  const uses: Use[] = [];
  const outer: Scope = { tables: [], parent: undefined };
  const scopes: Scope[] = [outer];
  const newScope = (parent: Scope | undefined): Scope => {
    const scope: Scope = { tables: [], parent };
    scopes.push(scope);
    return scope;
  };
  const open: { scope: Scope; inFrom: boolean; parenthesis: boolean }[] = [
    { scope: outer, inFrom: false, parenthesis: true },
  ];
  for (let i = 0; i < solid.length; i++) {
    const here = token(i);
    const level = open.at(-1);
    if (here === undefined || level === undefined) break;
    if (here.text === "(" && here.kind === "sign") {
      const isQuery = isWord(token(i + 1), "SELECT", "WITH", "FROM");
      const scope = isQuery ? newScope(level.scope) : level.scope;
      open.push({ scope, inFrom: false, parenthesis: true });
    } else if (here.text === ")" && here.kind === "sign") {
      if (open.length > 1) open.pop();
    } else if (
      isWord(here, "SELECT") &&
      isWord(token(i - 1), "ALL", "DISTINCT", "UNION", "EXCEPT", "INTERSECT")
    ) {
      // The next SELECT of a UNION has tables of its own.
      open[open.length - 1] = { ...level, scope: newScope(level.scope.parent), inFrom: false };
    } else if (isWord(here, "FROM", "JOIN")) {
      level.inFrom = true;
      i = readTable(token, i + 1, level.scope);
    } else if (level.inFrom && here.text === ",") i = readTable(token, i + 1, level.scope);
    else if (isWord(here, ...endsFrom)) level.inFrom = false;
    else if (isRowName(token, i)) uses.push({ token: solid[i] ?? 0, scope: level.scope });
  }
  return { uses, scopes };
}

function isRowName(token: (at: number) => SqlToken | undefined, i: number): boolean {
  const isOpen = token(i + 1)?.text === "." && token(i - 1)?.text !== ".";
  return isOpen && token(i)?.kind === "word" && Object.hasOwn(rowNames, nameOf(token(i)));
}

// Words that follow a table without being its other name.
const noAlias = new Set(
  (
    "ON USING FINAL SAMPLE ARRAY LEFT RIGHT INNER OUTER FULL CROSS SEMI ANTI ANY ALL ASOF GLOBAL LOCAL JOIN PASTE POSITIONAL NATURAL " +
    endsFrom.join(" ")
  ).split(" "),
);

/** readTable takes a table and its other name; it gives the number of the last token it took. */
function readTable(token: (at: number) => SqlToken | undefined, start: number, scope: Scope): number {
  let at = start;
  if (nameOf(token(at)) === database && token(at + 1)?.text === ".") at += 2;
  const table = nameOf(token(at));
  if (table === "") return start - 1;
  let alias = at + 1;
  if (isWord(token(alias), "AS")) alias++;
  const named = token(alias);
  const isAlias =
    nameOf(named) !== "" &&
    !(named?.kind === "word" && noAlias.has(named.text.toUpperCase())) &&
    token(at + 1)?.text !== "(";
  const by = isAlias ? token(alias) : token(at);
  scope.tables.push({ table, called: nameOf(by), written: by?.text ?? "" });
  return isAlias ? alias : at;
}
