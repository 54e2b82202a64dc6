import { type Token, tokensOf } from "../engine/guard.js";
import type { QueryLimits } from "../engine/protocol.js";
import { StoreError } from "../errors.js";

/*
 * The embedded engine has a profile whose constraints bind what a query's own SETTINGS may say, and a role that sees only the store's
 * database. A server's user has neither by itself: the first is checked here for every server, the second where the user was
 * not given the role. Both look at the server's own canonical form of the statement, as engine/guard.ts does.
 */

/** BOUNDED are the settings that a limit stands behind, by the limit's name. */
const BOUNDED: Readonly<Record<string, keyof QueryLimits>> = {
  max_memory_usage: "memoryBytes",
  max_execution_time: "time_s",
  max_result_rows: "resultRows",
  max_result_bytes: "resultBytes",
  max_threads: "threads",
};

/** HARMLESS are table functions that make rows of nothing but their arguments. */
const HARMLESS: ReadonlySet<string> = new Set(
  "numbers numbers_mt zeros zeros_mt primes generaterandom generateseries generate_series values view null format".split(
    " ",
  ),
);
/** TELLING are the tables of `system` that tell of the store's own tables and of the language. */
const TELLING: ReadonlySet<string> = new Set(
  "one numbers numbers_mt zeros zeros_mt tables columns databases parts functions formats settings data_type_families".split(
    " ",
  ),
);
/** SHOWN is what SHOW may tell of, with the store's own names. */
const SHOWN: ReadonlySet<string> = new Set(
  "tables columns fields create databases functions index indexes indices keys full extended".split(" "),
);
/** LOOKUPS are functions that read another table by its name. */
const LOOKUPS = /^(?:dict(?:get|has|isin)|joinget|hascolumnintable$)/;

/** settingsOf gives the assignments of all SETTINGS clauses of a statement in canonical form. */
function settingsOf(tokens: readonly Token[]): (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  for (const [start, token] of tokens.entries()) {
    if (token.kind !== "word" || token.value.toUpperCase() !== "SETTINGS") continue;
    let at = start + 1;
    while (tokens[at + 1]?.value === "=" && tokens[at]?.kind !== "sign") {
      found.push([tokens[at]?.value ?? "", valueAt(tokens, at + 2)]);
      at += 3;
      while (tokens[at] !== undefined && tokens[at]?.value !== "," && tokens[at]?.kind === "sign") at++;
      if (tokens[at]?.value !== ",") break;
      at++;
    }
  }
  return found;
}

function valueAt(tokens: readonly Token[], at: number): string {
  const { value = "" } = tokens[at] ?? {};
  return value.startsWith("'") ? value.slice(1, -1) : value;
}

/** checkSettings refuses, as an engine with constraints does, settings that would leave what bounds a query. */
export function checkSettings(settings: Iterable<readonly [string, string]>, max: QueryLimits): void {
  for (const [name, value] of settings) {
    const limit = Object.hasOwn(BOUNDED, name) ? BOUNDED[name] : undefined;
    if (name === "readonly") throw violation("Cannot modify 'readonly' setting in readonly mode");
    if (limit === undefined) continue;
    if (!/^\d{1,19}(?:\.\d+)?$/.test(value) || Number(value) < 1 || Number(value) > max[limit])
      throw violation(`Setting ${name} should be a number from 1 to ${max[limit]}, not ${value}`);
  }
}

function violation(message: string): StoreError {
  return new StoreError("query-forbidden", message, {
    hint: "ask for less, or have the store opened with higher limits",
    clickhouseCode: 452,
    clickhouseName: "SETTING_CONSTRAINT_VIOLATION",
  });
}

/** Surroundings are what a user without the reader's role could see of a server. */
export interface Surroundings {
  readonly database: string;
  readonly databases: readonly string[];
  readonly tableFunctions: ReadonlySet<string>;
}

/** checkStatement refuses what leaves the limits and, where `around` is given, the store's own database. */
export function checkStatement(canonical: string, max: QueryLimits, around: Surroundings | undefined): void {
  const tokens = tokensOf(canonical);
  checkSettings(settingsOf(tokens), max);
  if (around === undefined) return;
  const foreign = new Set(around.databases.filter((name) => name !== around.database));
  if (tokens[0]?.value.toUpperCase() === "SHOW") {
    const what = tokens[1]?.value ?? "";
    const other = tokens.find(({ kind, value }) => kind !== "text" && foreign.has(value));
    if (!SHOWN.has(what.toLowerCase()) || other !== undefined)
      throw forbidden(`show ${other?.value ?? what}`);
  }
  for (const [at, token] of tokens.entries()) {
    if (token.kind === "text" || token.kind === "sign") continue;
    const name = token.value.toLowerCase();
    const next = tokens[at + 1]?.value;
    if (next === "(" && (LOOKUPS.test(name) || (around.tableFunctions.has(name) && !HARMLESS.has(name))))
      throw forbidden(`call ${token.value}()`);
    if (next !== "." || tokens[at - 1]?.value === ".") continue;
    const table = tokens[at + 2]?.value.toLowerCase() ?? "";
    if (
      foreign.has(token.value) &&
      !(name === "system" && TELLING.has(table)) &&
      name !== "information_schema"
    )
      throw forbidden(`read ${token.value}.${table}`);
  }
}

function forbidden(what: string): StoreError {
  return new StoreError("query-forbidden", `the query may not ${what}`, {
    hint: "the user of this server was not given the role go3s_reader, so statements are held to the store's own tables",
    clickhouseCode: 497,
    clickhouseName: "ACCESS_DENIED",
  });
}
