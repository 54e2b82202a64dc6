import { type Dialect, scanSql } from "./scan.js";
import { summarise } from "./summary.js";

/** Statement is what may be told of a query's text. */
export interface Statement {
  /** text is the query without literals and comments. */
  readonly text: string;
  /** operation is its first command word, "" when there is none that is known. */
  readonly operation: string;
  /** collections are the tables it names, at most a few. */
  readonly collections: readonly string[];
  /** summary is db.query.summary: operations and tables in the order of the text. */
  readonly summary: string;
}

// Programs say the same few hundred things; one that writes literals into its text fills this and starts anew.
const remembered = 2048;
const longest = 4096;
const caches: Record<Dialect, Map<string, Statement>> = {
  postgresql: new Map(),
  mysql: new Map(),
  cql: new Map(),
};

/** readStatement gives a query's text as it may be kept, and what it is about; it remembers recent ones. `cut` says that the text goes on. */
export function readStatement(raw: string, dialect: Dialect, cut = false): Statement {
  const cache = caches[dialect];
  const known = cut ? undefined : cache.get(raw);
  if (known !== undefined) return known;
  // A text that was cut may end within a word, which is then another word.
  const whole = cut || raw.length > longest ? raw.slice(0, longest).replace(/[^\s(),;=]+$/, "") : raw;
  const tokens = scanSql(whole, dialect);
  const { operation, collections, summary } = summarise(tokens.words);
  const statement = { text: tokens.text, operation, collections, summary };
  if (cut) return statement;
  if (cache.size >= remembered) cache.clear();
  cache.set(raw, statement);
  return statement;
}
