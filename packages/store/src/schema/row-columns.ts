import { COLUMNS, type Column, FRAMES, type Signal } from "./columns.js";

/** FIRST_OF_ROWS is the first column of every block that is inserted into the tables of rows.sql: by it a block's form is known. */
export const FIRST_OF_ROWS = "resource_keys";

const WORD = "LowCardinality(String)";
const PACKED: Readonly<Record<string, readonly Column[]>> = {
  attributes: [
    { name: "attribute_keys", type: WORD },
    { name: "attribute_values", type: "String" },
  ],
  resource_attributes: [
    { name: FIRST_OF_ROWS, type: WORD },
    { name: "resource_values", type: WORD },
  ],
};
/** OTHERS are kept in another form than they are asked; ids that may be absent among them. */
const OTHERS: Readonly<Record<string, readonly Column[]>> = {
  observed_timestamp_ns: [{ name: "observed_after_ns", type: "Int64" }],
  trace_id: [{ name: "trace", type: "String" }],
  span_id: [{ name: "span", type: "String" }],
  parent_span_id: [{ name: "parent", type: "String" }],
};
const SPAN_IDS: Readonly<Record<string, readonly Column[]>> = {
  ...OTHERS,
  trace_id: [{ name: "trace", type: "FixedString(16)" }],
  span_id: [{ name: "span", type: "FixedString(8)" }],
};

function rowColumns(signal: Signal, ids: Readonly<Record<string, readonly Column[]>>): readonly Column[] {
  return COLUMNS[signal].flatMap((column) => PACKED[column.name] ?? ids[column.name] ?? [column]);
}

/** Receiver is the table that blocks are inserted into, and the columns they have. */
export interface Receiver {
  readonly table: string;
  readonly columns: readonly Column[];
}

/** RECEIVERS lists, by signal, where blocks of ingest go: the tables that keep rows, but for profiles one that parts samples from stacks. */
export const RECEIVERS: Readonly<Record<Signal, Receiver>> = {
  traces: { table: "span_rows", columns: rowColumns("traces", SPAN_IDS) },
  logs: { table: "log_rows", columns: rowColumns("logs", OTHERS) },
  metrics: { table: "metric_rows", columns: rowColumns("metrics", {}) },
  profiles: { table: "profiles_received", columns: [...COLUMNS.profiles, FRAMES] },
};

/** PLAIN_RECEIVERS is where blocks with the columns that are asked go (received.sql). */
export const PLAIN_RECEIVERS: Readonly<Record<Signal, Receiver>> = {
  traces: { table: "traces_received", columns: COLUMNS.traces },
  logs: { table: "logs_received", columns: COLUMNS.logs },
  metrics: { table: "metrics_received", columns: COLUMNS.metrics },
  profiles: RECEIVERS.profiles,
};

/** askedAs gives the name by which rows of a table are asked for. */
export function askedAs(table: string): string {
  for (const signal of ["traces", "logs", "metrics"] as const)
    if (RECEIVERS[signal].table === table) return signal;
  return table;
}

/** receiverOf says where a block goes, whose form is `plain` or that of the rows. */
export function receiverOf(signal: Signal, plain: boolean): Receiver {
  return (plain ? PLAIN_RECEIVERS : RECEIVERS)[signal];
}

/** isPlainBlock says which form a Native block has, by the name of its first column. */
export function isPlainBlock(block: Uint8Array): boolean {
  let at = 0;
  for (let number = 0; number < 2; number++) {
    while ((block[at] ?? 0) >= 0x80) at++;
    at++;
  }
  const length = block[at++];
  const name = Buffer.from(
    block.buffer,
    block.byteOffset + at,
    Math.min(FIRST_OF_ROWS.length, Math.max(0, block.length - at)),
  );
  return length !== FIRST_OF_ROWS.length || name.toString("latin1") !== FIRST_OF_ROWS;
}
