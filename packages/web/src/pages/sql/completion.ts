import { apiUrl, send } from "../../base/api.js";
import type { Completions, Option } from "../../widgets/editor/editor.js";
import { sqlWords } from "../../widgets/editor/tokens.js";

/** Schema is what a statement can name. */
export interface Schema {
  readonly tables: ReadonlyMap<string, readonly Option[]>;
  readonly functions: readonly Option[];
}

const columnsSql =
  "SELECT table, name, type, comment FROM system.columns WHERE database = currentDatabase() AND table NOT LIKE '.%' ORDER BY table, position";
const functionsSql =
  "SELECT name, is_aggregate, case_insensitive FROM system.functions WHERE alias_to = '' ORDER BY name";

let known: Promise<Schema> | undefined;

/** schemaOf asks for tables, columns and functions once; where that fails it is asked for again. */
export function schemaOf(): Promise<Schema> {
  known ??= load().catch(() => {
    known = undefined;
    return { tables: new Map(), functions: [] };
  });
  return known;
}

async function rowsOf(sql: string): Promise<readonly (readonly unknown[])[]> {
  const response = await send(apiUrl("query", { format: "JSONCompact" }), { method: "POST", body: sql });
  const answer: { readonly data: readonly (readonly unknown[])[] } = await response.json();
  return answer.data;
}

async function load(): Promise<Schema> {
  const [columns, functions] = await Promise.all([rowsOf(columnsSql), rowsOf(functionsSql)]);
  const tables = new Map<string, Option[]>();
  for (const [table, name, type, comment] of columns) {
    const list = tables.get(String(table)) ?? [];
    tables.set(String(table), list);
    list.push({
      label: String(name),
      detail: String(type).replace(/LowCardinality\((\w+)\)/, "$1"),
      ...(comment === "" ? {} : { info: String(comment) }),
    });
  }
  return {
    tables,
    functions: functions.map(([name, aggregate]) => ({
      label: String(name),
      detail: Number(aggregate) === 1 ? "aggregate" : "function",
      apply: `${String(name)}(`,
      boost: Number(aggregate) === 1 ? 0 : -1,
    })),
  };
}

/** views are what statements are mostly about; the tables below them have the same names and more. */
const views = new Set(["traces", "logs", "metrics", "profiles", "stacks"]);

const words: readonly Option[] = [...sqlWords].map((word) => ({
  label: word.toUpperCase(),
  detail: "keyword",
}));

/** inText tells whether the cursor stands in a quoted text or a comment. */
function inText(before: string): boolean {
  const bare = before.replace(/\\./g, "").replace(/'[^']*'|--[^\n]*\n|\/\*[\s\S]*?\*\//g, "");
  return bare.includes("'") || /--[^\n]*$/.test(bare) || bare.includes("/*");
}

/** namedTables are the tables of a statement, with the names it gives them: `FROM traces AS t`. */
export function namedTables(text: string, tables: ReadonlyMap<string, unknown>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, table, alias] of text.matchAll(/\b(?:from|join)\s+(\w+)(?=(?:\s+(?:as\s+)?(\w+))?)/gi)) {
    if (table === undefined || !tables.has(table)) continue;
    found.set(table, table);
    if (alias !== undefined && !sqlWords.has(alias.toLowerCase())) found.set(alias, table);
  }
  return found;
}

/** completeSql offers columns of the statement's tables first, then tables, functions and words. */
export function completeSql(
  text: string,
  at: number,
  explicit: boolean,
  schema: Schema,
): Completions | undefined {
  const before = text.slice(0, at);
  if (inText(before)) return undefined;
  const [, owner, word = ""] = /(?:(\w+)\.)?(\w*)$/.exec(before) ?? [];
  const from = at - word.length;
  const named = namedTables(text, schema.tables);
  if (owner !== undefined) {
    const columns = schema.tables.get(named.get(owner) ?? owner);
    return columns === undefined ? undefined : { from, options: columns };
  }
  const tables = [...schema.tables.keys()].map((label) => ({
    label,
    detail: "table",
    boost: views.has(label) ? 3 : 1,
  }));
  if (/\b(from|join)\s+\w*$/i.test(before)) return { from, options: tables };
  if (word === "" && !explicit) return undefined;
  const seen = new Set<string>();
  const columns = [...new Set(named.values())].flatMap((table) =>
    (schema.tables.get(table) ?? []).flatMap((column) => {
      if (seen.has(column.label)) return [];
      seen.add(column.label);
      return [{ ...column, boost: 2 }];
    }),
  );
  return { from, options: [...columns, ...tables, ...words, ...schema.functions] };
}
