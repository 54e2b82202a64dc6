import { ApiError, apiUrl, send } from "../base/api.js";
import type { Interval } from "../base/range.js";
import { nsOfMs } from "../base/time.js";
import { createRowReader, type Rows } from "./sql-rows.js";

/** Ran is one statement and its answer as far as it is here. */
export interface Ran {
  readonly sql: string;
  readonly rows: Rows;
  /** count of rows, since `rows.lines` grows in place. */
  readonly count: number;
  readonly done: boolean;
  readonly took_ms: number;
  readonly bytes: number;
}

// A million rows of some columns; what is larger belongs into a file.
const mostBytes = 256e6;
const tellMs = 250;

const parameters = (range: Interval) => ({
  param_from_ns: nsOfMs(range.from),
  param_to_ns: nsOfMs(range.to),
});

function ask(sql: string, url: string, signal: AbortSignal): Promise<Response> {
  return send(url, { method: "POST", body: sql, headers: { "content-type": "text/plain" }, signal });
}

/**
 * runSql runs a statement; the page's range is there as {from_ns:Int64} and {to_ns:Int64}. `onRows` is told some times a second
 * what has come so far.
 */
export async function runSql(
  sql: string,
  range: Interval,
  signal: AbortSignal,
  onRows: (ran: Ran) => void = () => undefined,
): Promise<Ran> {
  const started = performance.now();
  const url = apiUrl("query", { format: "JSONCompact", ...parameters(range) });
  const response = await ask(sql, url, signal);
  const source = response.body?.getReader();
  const reader = createRowReader();
  const decoder = new TextDecoder();
  let bytes = 0;
  let told = started;
  const ran = (rows: Rows, done: boolean): Ran => ({
    sql,
    rows,
    count: rows.lines.length,
    done,
    took_ms: performance.now() - started,
    bytes,
  });
  while (source !== undefined) {
    const { done, value } = await source.read();
    if (done) break;
    bytes += value.length;
    reader.feed(decoder.decode(value, { stream: true }));
    if (bytes > mostBytes) {
      await source.cancel();
      throw new ApiError(200, url, {
        code: "result-too-large",
        message: "The result is larger than 256 MB.",
        hint: "Add LIMIT, or take it as a file: CSV and JSON below the editor.",
      });
    }
    if (performance.now() - told < tellMs) continue;
    told = performance.now();
    const rows = reader.rows();
    if (rows.lines.length > 0) onRows(ran(rows, false));
  }
  return ran(reader.finish(), true);
}

const extensions = { CSVWithNames: "csv", JSONEachRow: "ndjson" } as const;

/** downloadSql runs a statement again and hands its answer to the browser as a file. */
export async function downloadSql(
  sql: string,
  range: Interval,
  format: keyof typeof extensions,
  signal: AbortSignal,
): Promise<void> {
  const response = await ask(sql, apiUrl("query", { format, ...parameters(range) }), signal);
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = `go3s.${extensions[format]}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
