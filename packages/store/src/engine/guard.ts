import { StoreError } from "../errors.js";

/*
 * What a user's SQL may be is decided in three places, each of which would do for most cases:
 * the role of the session has SELECT and SHOW on the store's own database and no right to any source (file, url, …);
 * the session is read-only with settings that it cannot raise; and this file, for what the embedded engine does
 * not ask a right for: several statements at once, KILL, SET ROLE, INTO OUTFILE and the scalar function file().
 * It never looks at the user's text, but at the engine's own canonical form of the one statement in it.
 */

/** READING lists the first words of the canonical form of statements that only read. */
const READING: ReadonlySet<string> = new Set(["SELECT", "WITH", "EXPLAIN", "SHOW", "DESCRIBE", "EXISTS"]);

/** FORBIDDEN_FUNCTIONS are functions that reach outside of the tables without asking for a right. */
const FORBIDDEN_FUNCTIONS: ReadonlySet<string> = new Set(["file", "catboostevaluate"]);

/** CheckedQuery is what the check learned. */
export interface CheckedQuery {
  /** format is that of the statement's own FORMAT clause, or undefined. */
  readonly format: string | undefined;
  /** rows is true for a statement that reads rows, the only kind whose result the engine can stream. */
  readonly rows: boolean;
}

/** Token is a piece of canonical SQL. */
export interface Token {
  readonly kind: "word" | "name" | "text" | "sign";
  readonly value: string;
}

/** tokensOf splits canonical SQL: no comments, one way to quote text (') and names (`), backslash escapes. */
export function tokensOf(canonical: string): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /'(?:[^'\\]|\\.|'')*'|`((?:[^`\\]|\\.|``)*)`|"((?:[^"\\]|\\.|"")*)"|([A-Za-z_][A-Za-z0-9_]*)|[0-9][0-9A-Za-z_.]*|\S/gs;
  for (const match of canonical.matchAll(pattern)) {
    const name = match[1] ?? match[2];
    if (name !== undefined) tokens.push({ kind: "name", value: name });
    else if (match[3] !== undefined) tokens.push({ kind: "word", value: match[3] });
    else if (match[0].startsWith("'")) tokens.push({ kind: "text", value: match[0] });
    else tokens.push({ kind: "sign", value: match[0] });
  }
  return tokens;
}

function forbidden(what: string): StoreError {
  return new StoreError("query-forbidden", `the query may not ${what}`, {
    hint: "one SELECT, WITH, EXPLAIN, SHOW, DESCRIBE or EXISTS over the store's tables and views",
  });
}

/**
 * checkCanonicalQuery refuses, with `query-forbidden`, a statement that does more than read the store's tables.
 * @param canonical the statement as the engine's formatQuerySingleLine() gives it
 */
export function checkCanonicalQuery(canonical: string): CheckedQuery {
  const tokens = tokensOf(canonical);
  const first = tokens.find((token) => token.value !== "(")?.value.toUpperCase() ?? "";
  if (!READING.has(first)) throw forbidden(`be a ${first || "empty"} statement`);
  let depth = 0;
  let format: string | undefined;
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "sign") {
      if (token.value === "(") depth++;
      else if (token.value === ")") depth--;
      continue;
    }
    if (token.kind === "text") continue;
    const next = tokens[index + 1];
    const before = tokens[index - 1];
    if (FORBIDDEN_FUNCTIONS.has(token.value.toLowerCase())) {
      // `APPLY(file)` and `APPLY file` call a function without parentheses behind its name.
      const applied = [before, tokens[index - 2]].some((near) => near?.value.toUpperCase() === "APPLY");
      if (next?.value === "(" || applied) throw forbidden(`call ${token.value}()`);
    }
    if (token.kind !== "word") continue;
    const word = token.value.toUpperCase();
    if (word === "INTO" && next?.kind === "word" && next.value.toUpperCase() === "OUTFILE") {
      throw forbidden("write INTO OUTFILE");
    }
    if (word === "FORMAT" && depth === 0 && next?.kind === "word" && index >= tokens.length - 2)
      format = next.value;
  }
  return { format, rows: first === "SELECT" || first === "WITH" };
}
