import { existsSync, readFileSync } from "node:fs";
import type { RemoteOptions } from "@go3s/store";
import { clickhouseOption, clickhouseRows } from "../clickhouse-option.js";
import type { Command, Context } from "../command.js";
import { dataDirectory } from "../data-directory.js";
import { CliError, exitCodes } from "../failure.js";
import type { Parsed } from "../options.js";
import { type AskedServer, foundServer, refusalOf } from "../server-api.js";
import { drawTable } from "../table.js";

// What the contract calls a format and what the engine calls it; a table is drawn here from compact rows.
const formats: Readonly<Record<string, string>> = {
  table: "JSONCompact",
  json: "JSONEachRow",
  csv: "CSVWithNames",
  native: "Native",
};

export const command: Command = {
  name: "query",
  summary:
    "Runs one SQL statement over spans, logs and metrics of the running server, or of a data directory.",
  usage: "query 'SELECT …' [options]",
  options: [
    { name: "server", value: "URL", help: "the web address of a server (default: the running one)" },
    { name: "data", value: "DIR", help: "the data directory, opened read-only when no server runs" },
    ...clickhouseRows,
    { name: "format", value: "F", help: "table (default), json, csv or native" },
    { name: "param", value: "K=V", multiple: true, help: "a value for {K:Type} in the statement" },
  ],
  examples: [
    "go3s query 'SELECT service_name, count() FROM traces GROUP BY 1 ORDER BY 2 DESC'",
    "go3s query --format csv \"SELECT operation, duration_ns FROM traces WHERE status_code = 'ERROR'\"",
    "go3s query --param s=shop 'SELECT count() FROM traces WHERE service_name = {s:String}'",
  ],
  run,
};

async function run(parsed: Parsed, context: Context): Promise<number> {
  const { output, interrupted } = context;
  const sql = statementOf(parsed);
  const format = parsed.text("format") ?? (output.json ? "json" : "table");
  const engineFormat = Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (engineFormat === undefined)
    throw new CliError(
      "usage",
      `--format ${format}: not a format`,
      `one of ${Object.keys(formats).join(", ")}`,
    );
  const params = parsed.list("param").map(paramOf);
  const body = await answer(parsed, sql, engineFormat, params, interrupted);
  try {
    if (format === "table") await printTable(body, context);
    else for await (const chunk of body) await output.bytes(chunk);
  } catch (error) {
    if (interrupted.aborted) return exitCodes.interrupted;
    throw error;
  }
  return exitCodes.done;
}

function statementOf(parsed: Parsed): string {
  const [sql, more] = parsed.positionals;
  if (sql === undefined)
    throw new CliError("usage", "no statement given", "go3s query 'SELECT …' (- reads it from stdin)");
  if (more !== undefined)
    throw new CliError("usage", `a second statement "${more}"`, "quote the statement as one argument");
  return sql === "-" ? readFileSync(0, "utf8") : sql;
}

function paramOf(text: string): readonly [name: string, value: string] {
  const cut = text.indexOf("=");
  if (cut < 1) throw new CliError("usage", `--param ${text}: not NAME=VALUE`);
  return [text.slice(0, cut), text.slice(cut + 1)];
}

/** answer runs the statement where it can be run: a server named, the running one, else the directory itself. */
async function answer(
  parsed: Parsed,
  sql: string,
  format: string,
  params: readonly (readonly [string, string])[],
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const clickhouse = clickhouseOption(parsed);
  if (clickhouse !== undefined) return askClickHouse(clickhouse, sql, format, Object.fromEntries(params));
  const directory = dataDirectory(parsed.text("data"));
  const server = foundServer(parsed);
  if (server !== undefined) return askServer(server, sql, format, params, signal);
  if (!existsSync(directory)) {
    throw new CliError(
      "no-server",
      `no server runs on ${directory} and the directory is not there`,
      "start one with go3s up, or name one with --server URL or a directory with --data DIR",
    );
  }
  return askDirectory(directory, sql, format, Object.fromEntries(params));
}

async function askServer(
  { web, headers }: AskedServer,
  sql: string,
  format: string,
  params: readonly (readonly [string, string])[],
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const url = new URL("/api/v1/query", web);
  url.searchParams.set("format", format);
  for (const [name, value] of params) url.searchParams.set(`param_${name}`, value);
  const response = await fetch(url, { method: "POST", body: sql, headers, signal }).catch(
    (error: unknown) => {
      const cause =
        error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new CliError("no-server", `cannot reach ${web}: ${cause}`, "is go3s up running there?");
    },
  );
  if (!response.ok || response.body === null) throw refusalOf(response.status, await response.text());
  return response.body;
}

async function* askDirectory(
  directory: string,
  sql: string,
  format: string,
  params: Readonly<Record<string, string>>,
): AsyncIterable<Uint8Array> {
  const { openStoreReader } = await import("@go3s/store");
  const store = await openStoreReader({ dir: directory });
  try {
    const result = await store.query(sql, { format, params });
    yield* result.chunks;
  } finally {
    await store.close();
  }
}

async function* askClickHouse(
  clickhouse: RemoteOptions,
  sql: string,
  format: string,
  params: Readonly<Record<string, string>>,
): AsyncIterable<Uint8Array> {
  const { openRemoteReader } = await import("@go3s/store");
  const store = await openRemoteReader(clickhouse);
  try {
    yield* (await store.query(sql, { format, params })).chunks;
  } finally {
    await store.close();
  }
}

async function printTable(body: AsyncIterable<Uint8Array>, { output }: Context): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  // A statement that answers nothing (SET, for one) has no body.
  if (text.trim() === "") return;
  const result = JSON.parse(text) as {
    meta: { name: string }[];
    data: unknown[][];
    statistics?: { elapsed: number; rows_read: number; bytes_read: number };
  };
  const headings = result.meta.map((column) => column.name);
  for (const line of drawTable({ headings, rows: result.data }, output.columns, output.paint.bold))
    output.line(line);
  const { statistics } = result;
  const cost =
    statistics === undefined
      ? ""
      : `, ${(statistics.elapsed * 1000).toFixed(1)} ms, ${statistics.rows_read} rows read`;
  output.note(`${result.data.length} row${result.data.length === 1 ? "" : "s"}${cost}`);
}
