import type { Engine } from "../api/context.js";
import { listOf, number, type Row, rowsOf, text, textMap } from "../query/rows.js";
import { statement } from "../query/statements.js";

/** WholeEvent is an event of a span. */
export interface WholeEvent {
  readonly time_ns: bigint;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** WholeLink is a link of a span to another one. */
export interface WholeLink {
  readonly trace_id: string;
  readonly span_id: string;
  readonly trace_state: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** WholeSpan is a span with everything it holds, for those who take traces away. */
export interface WholeSpan {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly trace_state: string;
  readonly flags: number;
  readonly service_name: string;
  readonly operation: string;
  /** kind and status are OTLP's numbers. */
  readonly kind: number;
  readonly status: number;
  readonly status_message: string;
  readonly start_ns: bigint;
  readonly duration_ns: bigint;
  readonly scope_name: string;
  readonly scope_version: string;
  /** resource tells resources apart. */
  readonly resource: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource_attributes: Readonly<Record<string, string>>;
  /** Types of attributes that were not sent as strings; those of events and links are not kept. */
  readonly attribute_types: Readonly<Record<string, string>>;
  readonly resource_attribute_types: Readonly<Record<string, string>>;
  readonly events: readonly WholeEvent[];
  readonly links: readonly WholeLink[];
}

/** SPANS_MAX bounds what one question takes away: 200,000 spans are some 100 MB of JSON. */
export const SPANS_MAX = 200_000;

/** isCut tells whether there may be more spans than were read. */
export function isCut(spans: readonly WholeSpan[]): boolean {
  return spans.length >= SPANS_MAX;
}

/** wholeSpans reads all spans of some traces, by start. Ids are hexadecimal digits, lower case. */
export async function wholeSpans(
  engine: Engine,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<WholeSpan[]> {
  if (ids.length === 0) return [];
  const list = `[${ids.map((id) => `'${id.replaceAll(/[^0-9a-f]/g, "")}'`).join(",")}]`;
  const rows = rowsOf(
    await engine(statement("whole-spans"), "JSONCompact", { ids: list, limit: SPANS_MAX }, signal),
  );
  return rows.map(wholeSpanOf);
}

/** wholeSpanOf reads a row of whole-spans.sql or whole-span.sql. */
export function wholeSpanOf(row: Row): WholeSpan {
  return {
    trace_id: text(row, "trace_id"),
    span_id: text(row, "span_id"),
    parent_span_id: text(row, "parent_span_id"),
    trace_state: text(row, "trace_state"),
    flags: number(row, "flags"),
    service_name: text(row, "service_name"),
    operation: text(row, "operation"),
    kind: number(row, "kind"),
    status: number(row, "status"),
    status_message: text(row, "status_message"),
    start_ns: BigInt(text(row, "start_ns")),
    duration_ns: BigInt(text(row, "length_ns")),
    scope_name: text(row, "scope_name"),
    scope_version: text(row, "scope_version"),
    resource: text(row, "resource"),
    attributes: textMap(row["attributes"]),
    resource_attributes: textMap(row["resource_attributes"]),
    attribute_types: textMap(row["span_types"]),
    resource_attribute_types: textMap(row["resource_types"]),
    events: listOf(row["span_events"]).map((each) => {
      const [time, name, attributes] = listOf(each);
      return { time_ns: BigInt(String(time)), name: String(name), attributes: textMap(attributes) };
    }),
    links: listOf(row["span_links"]).map((each) => {
      const [trace_id, span_id, trace_state, attributes] = listOf(each).map((cell) => cell ?? "");
      return {
        trace_id: String(trace_id),
        span_id: String(span_id),
        trace_state: String(trace_state),
        attributes: textMap(attributes),
      };
    }),
  };
}

/** byTrace groups spans, in the order in which traces are named. */
export function byTrace(spans: readonly WholeSpan[], ids: readonly string[]): WholeSpan[][] {
  const found = new Map<string, WholeSpan[]>(ids.map((id) => [id, []]));
  for (const span of spans) found.get(span.trace_id)?.push(span);
  return [...found.values()].filter((list) => list.length > 0);
}
