import type { Session } from "chdb";
import { StoreError } from "../errors.js";
import { fusedSql } from "../sql/fused.js";
import type { Database } from "./database.js";
import { isStreamed } from "./formats.js";
import { checkCanonicalQuery } from "./guard.js";
import type { QueryLimits } from "./protocol.js";
import { escapeParameter, fillIn, quoteText, readSource } from "./sql.js";

/** UserQuery is a statement that came from outside. */
export interface UserQuery {
  readonly sql: string;
  readonly format: string;
  readonly params: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly limits: QueryLimits;
  /** tag marks the query in the engine's process list so that it can be killed. */
  readonly tag: string;
}

/** QueryPart is a piece of the result in the format that it says. */
export interface QueryPart {
  readonly bytes: Uint8Array;
  readonly format: string;
}

/** SPILL_SHARE of a query's memory may hold one sort or aggregation before it goes to disk. */
const SPILL_SHARE = 0.5;

function prepare(session: Session, query: UserQuery): void {
  const { limits, params, tag } = query;
  const setUp = fillIn(readSource("engine/session.sql"), {
    time_s: limits.time_s,
    memory_bytes: limits.memoryBytes,
    spill_bytes: Math.floor(limits.memoryBytes * SPILL_SHARE),
    result_rows: limits.resultRows,
    result_bytes: limits.resultBytes,
    threads: limits.threads,
    quote_integers: 0,
    tag: quoteText(tag),
  });
  const bindings = Object.entries(params).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) {
      throw new StoreError("query-failed", `the parameter name ${JSON.stringify(name)} is not a plain word`);
    }
    return `SET param_${name} = ${quoteText(escapeParameter(value))};`;
  });
  const settings = Object.entries(query.settings).map(([name, value]) => {
    // A name is no place for a statement; `readonly` is ours to set.
    if (!/^[a-z][a-z0-9_]{0,127}$/.test(name) || name === "readonly") {
      throw new StoreError("query-failed", `${JSON.stringify(name)} is no setting that a query may have`);
    }
    return `SET ${name} = ${quoteText(value)};`;
  });
  session.query(`${setUp}\n${[...bindings, ...settings].join("\n")}\nSET readonly = 2`, "TSVRaw");
}

/**
 * runQuery runs one statement of a user in a session of its own, which has the reader's role, the limits as
 * settings and is read-only. It yields the result: in parts while the query runs where the format allows it.
 */
export async function* runQuery(database: Database, query: UserQuery): AsyncGenerator<QueryPart, void> {
  const sql = fusedSql(query.sql);
  const checked = checkCanonicalQuery(database.canonical(sql));
  const format = checked.format ?? query.format;
  const session = database.session();
  try {
    prepare(session, query);
    if (checked.rows && isStreamed(format)) {
      for await (const part of session.queryStream(sql, { format })) yield { bytes: part.raw(), format };
    } else {
      const result = await session.queryAsync(sql, { format });
      yield { bytes: result.bytes(), format };
    }
  } finally {
    session.close();
  }
}
