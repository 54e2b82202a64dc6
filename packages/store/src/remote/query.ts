import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { queryErrorOf, storeErrorOf } from "../engine/clickhouse-error.js";
import type { AnswerHandler, EngineQuery, RunningQuery } from "../engine/engine.js";
import { checkCanonicalQuery } from "../engine/guard.js";
import type { QueryLimits } from "../engine/protocol.js";
import { escapeParameter, fillIn, quoteText, readSource } from "../engine/sql.js";
import { StoreError } from "../errors.js";
import { fusedSql } from "../sql/fused.js";
import type { RemoteAnswer, RemoteClient, RemoteSettings } from "./client.js";
import { engineWordsOf, isFromEngine, lostError } from "./client.js";
import { checkSettings, checkStatement, type Surroundings } from "./guard.js";

/** RemoteReader is what queries need of a server. */
export interface RemoteReader {
  readonly client: RemoteClient;
  /** role that queries run in; undefined where the user has none, and `around` then holds what they may not touch. */
  readonly role: string | undefined;
  readonly around: Omit<Surroundings, "databases"> | undefined;
  readonly max: QueryLimits;
  /** extra are settings that this server has and older ones have not. */
  readonly extra: RemoteSettings;
  /** kill ends a query in the server. */
  readonly kill: (queryId: string) => void;
  /** lost is told when the server does not answer. */
  readonly lost: (error: unknown) => void;
}

/** SPILL_SHARE is that of the embedded engine (engine/run-query.ts). */
const SPILL_SHARE = 0.5;
/** TAIL_BYTES of an answer that breaks off are searched for the server's reason. */
const TAIL_BYTES = 16 << 10;

function settingsOf(
  { limits, format, params, settings }: EngineQuery,
  extra: RemoteSettings,
): RemoteSettings {
  const bound: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name))
      throw new StoreError("query-failed", `the parameter name ${JSON.stringify(name)} is not a plain word`);
    bound[`param_${name}`] = escapeParameter(value);
  }
  for (const name of Object.keys(settings))
    if (!/^[a-z][a-z0-9_]{0,127}$/.test(name) || name === "readonly")
      throw new StoreError("query-failed", `${JSON.stringify(name)} is no setting that a query may have`);
  return {
    max_execution_time: limits.time_s,
    max_memory_usage: limits.memoryBytes,
    max_bytes_before_external_group_by: Math.floor(limits.memoryBytes * SPILL_SHARE),
    max_bytes_before_external_sort: Math.floor(limits.memoryBytes * SPILL_SHARE),
    max_result_rows: limits.resultRows,
    max_result_bytes: limits.resultBytes,
    result_overflow_mode: "throw",
    max_threads: limits.threads,
    allow_introspection_functions: 0,
    optimize_functions_to_subcolumns: 0,
    output_format_json_quote_64bit_integers: 0,
    output_format_write_statistics: 1,
    ...extra,
    ...settings,
    ...bound,
    default_format: format,
    readonly: 2,
  };
}

/** startRemoteQuery runs a user's statement and hands on its result part by part. */
export function startRemoteQuery(
  reader: RemoteReader,
  query: EngineQuery,
  handler: AnswerHandler,
): RunningQuery {
  const cancelled = new AbortController();
  const queryId = randomUUID();
  let wake: () => void = () => undefined;
  let wanted = 1;
  const turn = async (): Promise<void> => {
    while (wanted === 0 && !cancelled.signal.aborted)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    wanted--;
  };
  read(reader, query, queryId, cancelled.signal, turn, handler).then(
    () => handler.done(undefined),
    (error: unknown) => {
      if (cancelled.signal.aborted)
        handler.failed(new StoreError("query-cancelled", "the query was cancelled"));
      else handler.failed(failureOf(reader, error));
    },
  );
  return {
    more() {
      wanted++;
      wake();
    },
    cancel() {
      if (cancelled.signal.aborted) return;
      cancelled.abort();
      wake();
      reader.kill(queryId);
    },
  };
}

function failureOf(reader: RemoteReader, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (isFromEngine(error)) return storeErrorOf(queryErrorOf(engineWordsOf(error)));
  reader.lost(error);
  return lostError(error);
}

async function read(
  reader: RemoteReader,
  query: EngineQuery,
  queryId: string,
  signal: AbortSignal,
  turn: () => Promise<void>,
  handler: AnswerHandler,
): Promise<void> {
  const sql = fusedSql(query.sql);
  const { canonical, databases } = await canonicalOf(reader.client, sql, signal);
  const { format = query.format } = checkCanonicalQuery(canonical);
  const around = reader.around === undefined ? undefined : { ...reader.around, databases };
  checkStatement(canonical, reader.max, around);
  checkSettings(Object.entries(query.settings), reader.max);
  const { role, client, extra } = reader;
  const settings = settingsOf(query, extra);
  checkSettings(boundedOf(settings), reader.max);
  const answer = await client.ask({ sql, queryId, role, settings, signal });
  const words = new Ending(answer);
  // The client ends a request by its signal only until the head of the answer is there.
  const end = (): void => void answer.stream.destroy();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    for await (const chunk of answer.stream) {
      const bytes: Uint8Array = chunk;
      await turn();
      if (signal.aborted) throw new StoreError("query-cancelled", "the query was cancelled");
      handler.chunk?.(words.pass(bytes), format);
    }
  } catch (error) {
    throw words.error(true) ?? error;
  } finally {
    signal.removeEventListener("abort", end);
    answer.stream.destroy();
  }
  const late = words.error(false);
  if (late !== undefined) throw late;
}

function boundedOf(settings: RemoteSettings): (readonly [string, string])[] {
  return Object.entries(settings).flatMap(([name, value]) =>
    name === "readonly" ? [] : [[name, String(value)] as const],
  );
}

/** canonicalOf gives the server's own form of a statement, and the databases that it has now. */
async function canonicalOf(client: RemoteClient, sql: string, signal: AbortSignal) {
  try {
    const asked = fillIn(readSource("remote/canonical.sql"), { sql: quoteText(sql) });
    const { stream } = await client.ask({ sql: asked, settings: { max_query_size: 1 << 20 }, signal });
    const [canonical, databases]: [string, string[]] = JSON.parse(await text(stream));
    return { canonical, databases };
  } catch (error) {
    if (!isFromEngine(error)) throw error;
    const { message, clickhouseCode, clickhouseName } = queryErrorOf(engineWordsOf(error));
    // The statement that asks is ours: the user is told of the statement that was asked about.
    throw new StoreError("query-failed", message.replace(/: In scope SELECT formatQuery[\s\S]*$/, ""), {
      clickhouseCode,
      clickhouseName,
    });
  }
}

/**
 * Ending watches for an error that a server writes into an answer it has begun: since 25.11 behind a mark that the head names
 * (X-ClickHouse-Exception-Tag), before that as text before the connection breaks.
 */
class Ending {
  readonly #mark: Buffer | undefined;
  #tail: Buffer = Buffer.alloc(0);
  #said: string | undefined;

  constructor({ headers }: RemoteAnswer) {
    const tag = headers["x-clickhouse-exception-tag"];
    this.#mark = typeof tag === "string" ? Buffer.from(`__exception__\r\n${tag}`) : undefined;
  }

  /** pass gives what of a part belongs to the result. */
  pass(bytes: Uint8Array): Uint8Array {
    const part = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#said !== undefined) {
      this.#said += part.toString();
      return new Uint8Array(0);
    }
    this.#tail = part.length >= TAIL_BYTES ? part.subarray(-TAIL_BYTES) : part;
    const at = this.#mark === undefined ? -1 : part.indexOf(this.#mark);
    if (at < 0) return bytes;
    this.#said = part.subarray(at).toString();
    return bytes.subarray(0, at);
  }

  /** error is what the server said in the end, if it did; `isBroken` says that the connection broke then. */
  error(isBroken: boolean): Error | undefined {
    const found = /Code: \d+\. DB::[\s\S]*/.exec(this.#said ?? (isBroken ? this.#broken() : ""));
    return found === null
      ? undefined
      : new Error(found[0].replace(/\r?\n\d* ?\w*\r?\n__exception__\s*$/, "").trim());
  }

  #broken(): string {
    if (this.#mark !== undefined) return "";
    // A result may hold such words too; only what ends the answer counts.
    const text = this.#tail.toString();
    return /Code: \d+\. DB::Exception: [\s\S]*\(version [^\n]*\)\s*$/.exec(text)?.[0] ?? "";
  }
}
