/** DerivedColumn is a column of a table that is filled from the signals' tables. */
export interface DerivedColumn {
  readonly name: string;
  readonly type: string;
  readonly holds: string;
}

/** DerivedTable is a table that is filled from the signals' tables as their rows come in. */
export interface DerivedTable {
  readonly name: string;
  readonly about: string;
  readonly columns: readonly DerivedColumn[];
}

const TENANT = { name: "tenant", type: "LowCardinality(String)", holds: "whose data it is" } as const;
const RECEIVED = {
  name: "received_at",
  type: "SimpleAggregateFunction(max, DateTime('UTC'))",
  holds: "when the newest row behind it came; retention counts from here",
} as const;
const SHARED_WORDS = "Array(LowCardinality(String))";
const SPAN_KIND =
  "Enum8('UNSPECIFIED' = 0, 'INTERNAL' = 1, 'SERVER' = 2, 'CLIENT' = 3, 'PRODUCER' = 4, 'CONSUMER' = 5)";

/** DERIVED_TABLES lists them with their columns in order. Rows of one key become one when parts are merged: a query sums them up. */
export const DERIVED_TABLES: readonly DerivedTable[] = [
  {
    name: "resources",
    about:
      "What sends: one row per `resource_id`, with `any(…)`, `min(first_seen_ns)` and `max(last_seen_ns)` by it.",
    columns: [
      TENANT,
      { name: "resource_id", type: "UInt64", holds: "as in the signals' tables" },
      {
        name: "service_name",
        type: "SimpleAggregateFunction(anyLast, String)",
        holds: "`service.name` of the resource",
      },
      {
        name: "attributes",
        type: "SimpleAggregateFunction(anyLast, Map(String, String))",
        holds: "the resource's attributes as text",
      },
      {
        name: "first_seen_ns",
        type: "SimpleAggregateFunction(min, Int64)",
        holds: "time of the oldest row of it, of any signal",
      },
      { name: "last_seen_ns", type: "SimpleAggregateFunction(max, Int64)", holds: "time of the newest" },
      RECEIVED,
    ],
  },
  {
    name: "trace_times",
    about:
      "Where in time a trace's spans and log records lie, so that a trace is found by its id in one seek: " +
      "`WHERE trace_id = X AND timestamp_ns >= (SELECT bitShiftLeft(min(first_slot), 30) FROM trace_times WHERE id = toUInt32(cityHash64(X)))`, and with `max(last_slot) + 1` for its end.",
    columns: [
      { name: "id", type: "UInt32", holds: "`toUInt32(cityHash64(trace_id))`; few traces share one" },
      {
        name: "first_slot",
        type: "SimpleAggregateFunction(min, Int64)",
        holds: "time of the first row, in units of 2^30 ns",
      },
      { name: "last_slot", type: "SimpleAggregateFunction(max, Int64)", holds: "and of the last" },
      RECEIVED,
    ],
  },
  {
    name: "red_minutes",
    about:
      "Requests, errors and durations by operation and minute, kept longer than spans: `sum(spans)`, `sum(errors)`, " +
      "`quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(durations)` (within 1 %). They count what was kept; `red_unseen` has what sampling left out.",
    columns: [
      TENANT,
      { name: "service_name", type: "LowCardinality(String)", holds: "`service.name` of the resource" },
      { name: "minute_ns", type: "Int64", holds: "start of the minute, Unix nanoseconds" },
      { name: "operation", type: "LowCardinality(String)", holds: "the spans' name" },
      { name: "kind", type: SPAN_KIND, holds: "the spans' kind" },
      { name: "is_request", type: "UInt8", holds: "1 for incoming spans and roots" },
      { name: "spans", type: "SimpleAggregateFunction(sum, UInt64)", holds: "how many" },
      { name: "errors", type: "SimpleAggregateFunction(sum, UInt64)", holds: "how many failed" },
      { name: "last_ns", type: "SimpleAggregateFunction(max, Int64)", holds: "start of the newest" },
      {
        name: "durations",
        type: "AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), UInt64)",
        holds: "a sketch of their durations",
      },
      RECEIVED,
    ],
  },
  {
    name: "stacks",
    about:
      "What the samples' stacks consist of, once each: arrays of one length, the innermost frame first. The hottest functions: " +
      "`SELECT functions[1] AS function, sum(value) FROM profiles JOIN stacks USING (tenant, stack_id) WHERE type = 'cpu' GROUP BY function`.",
    columns: [
      TENANT,
      { name: "stack_id", type: "UInt64", holds: "a hash of all below" },
      {
        name: "functions",
        type: SHARED_WORDS,
        holds: "the functions' names; empty where only the address is known",
      },
      { name: "files", type: SHARED_WORDS, holds: "their source files" },
      { name: "lines", type: "Array(UInt32)", holds: "the lines being run; 0 when unknown" },
      { name: "mappings", type: SHARED_WORDS, holds: "the binaries or libraries they are in" },
      { name: "build_ids", type: SHARED_WORDS, holds: "those' build ids, for symbols that are found later" },
      {
        name: "addresses",
        type: "Array(UInt64)",
        holds:
          "offsets in the binary's file, wherever it was loaded; addresses in memory where no mapping is known",
      },
      {
        name: "frame_types",
        type: SHARED_WORDS,
        holds: "`kernel`, `native`, `go`, `jvm` and so on, as the sender says",
      },
      {
        name: "inlined",
        type: "Array(UInt8)",
        holds: "1 for a function that was inlined into the next frame's",
      },
    ],
  },
  {
    name: "red_unseen",
    about:
      "What sampling left out, by operation and minute: a kept span stands for 2^56 / (2^56 - `th`) spans, where its trace state has " +
      "`ot=th:…`, and those but itself are summed up here. Together with `red_minutes` it gives requests, rates and errors as they were.",
    columns: [
      TENANT,
      { name: "service_name", type: "LowCardinality(String)", holds: "`service.name` of the resource" },
      { name: "minute_ns", type: "Int64", holds: "start of the minute, Unix nanoseconds" },
      { name: "operation", type: "LowCardinality(String)", holds: "the spans' name" },
      { name: "kind", type: SPAN_KIND, holds: "the spans' kind" },
      { name: "is_request", type: "UInt8", holds: "1 for incoming spans and roots" },
      { name: "spans", type: "SimpleAggregateFunction(sum, Float64)", holds: "how many more than were kept" },
      { name: "errors", type: "SimpleAggregateFunction(sum, Float64)", holds: "and of those that failed" },
      RECEIVED,
    ],
  },
];
