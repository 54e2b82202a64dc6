import type { Counters } from "../counters.js";
import type { FilterNode } from "../filter/ast.js";
import { compileFilter, type FilterSignal } from "../filter/compile.js";
import { columnsOf, type Row, rowsOf } from "../query/rows.js";
import { statement, withFilter } from "../query/statements.js";
import type { Buckets, HistoryAnswer, Range, ScrapeTargetsAnswer, StatusAnswer } from "./types.js";

/** Parameters are bound by the engine to {name:Type}. */
export type Parameters = Readonly<Record<string, string | number>>;

/** Engine answers one read-only statement with its whole result as text. Rejects with ServerError. */
export type Engine = (
  sql: string,
  format: string,
  parameters: Parameters,
  signal: AbortSignal,
) => Promise<string>;

/** ApiContext is what the endpoints work with. */
export interface ApiContext {
  readonly engine: Engine;
  readonly counters: Counters;
  readonly status: () => StatusAnswer;
  readonly history: () => HistoryAnswer;
  readonly scrape: () => ScrapeTargetsAnswer;
}

/** ApiRequest is one request: its address' variable parts, its parameters and when to stop. */
export interface ApiRequest {
  readonly names: readonly string[];
  readonly search: URLSearchParams;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Ask names a statement of src/query and what it needs. */
export interface Ask {
  readonly statement: string;
  readonly range?: Range;
  readonly buckets?: Buckets;
  readonly filter?: FilterNode;
  readonly on?: FilterSignal;
  readonly parameters?: Parameters;
  /** inserted are parts that statements share, by the place they stand at; one may hold the place of a later one. */
  readonly inserted?: ReadonlyMap<string, string>;
}

const all: FilterNode = { kind: "all", place: { start: 0, end: 0 } };

function prepared(ask: Ask): { readonly sql: string; readonly parameters: Parameters } {
  let text = statement(ask.statement);
  for (const [place, part] of ask.inserted ?? []) text = text.replaceAll(place, () => part);
  const condition = compileFilter(ask.filter ?? all, ask.on ?? "traces");
  return {
    sql: withFilter(text, condition.sql),
    parameters: {
      ...condition.parameters,
      ...(ask.range ? { from_ns: `${ask.range.from_ms}000000`, to_ns: `${ask.range.to_ms}000000` } : {}),
      ...(ask.buckets
        ? { start_ns: `${ask.buckets.start_ms}000000`, step_ns: `${ask.buckets.step_ms}000000` }
        : {}),
      ...ask.parameters,
    },
  };
}

/** rows runs a statement and gives its rows. */
export async function rows(context: ApiContext, request: ApiRequest, ask: Ask): Promise<Row[]> {
  const { sql, parameters } = prepared(ask);
  return rowsOf(await context.engine(sql, "JSONCompact", parameters, request.signal));
}

/** columns runs a statement and gives its columns; cheaper than rows for many of them. */
export async function columns(
  context: ApiContext,
  request: ApiRequest,
  ask: Ask,
): Promise<(readonly unknown[])[]> {
  const { sql, parameters } = prepared(ask);
  return columnsOf(await context.engine(sql, "JSONCompactColumns", parameters, request.signal));
}

/** nanosToMs cuts nanosecond text to milliseconds. */
export function nanosToMs(nanos: string): number {
  return nanos.length > 6 ? Number(nanos.slice(0, -6)) : 0;
}

/** lastSeen gives when a signal was last seen before the range's end, or null when never. */
export async function lastSeen(
  context: ApiContext,
  request: ApiRequest,
  signal: FilterSignal,
  range: Range,
): Promise<number | null> {
  const [row] = await rows(context, request, { statement: `${signal}-last`, range });
  return row && Number(row["rows_before"]) > 0 ? nanosToMs(String(row["last_ns"])) : null;
}
