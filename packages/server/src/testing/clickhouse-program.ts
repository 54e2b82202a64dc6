import { createWriteStream, mkdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { QueryOptions, QueryResult } from "@go3s/store";
import { createClickHousePort } from "../clickhouse/port.js";
import { createCounters } from "../counters.js";
import { type ServerConfig, TestDatabase } from "./clickhouse-database.js";

/*
 * A program for tests: a ClickHouse to write to, made of our own /clickhouse port over chDB. What the port refuses to the world (inserts,
 * tables, a role, a query's own settings of `readonly`) is let through here, before it.
 */

/** Fault is what the next insert meets: the connection breaks while its rows are on their way, or when they are in the tables. */
export type Fault = "body" | "answer";

/** ProgramMessage is what the parent says, and what it hears. */
export type ProgramMessage =
  | { readonly op: "open"; readonly config: ServerConfig; readonly port: number }
  | { readonly op: "fault"; readonly fault: Fault }
  | { readonly op: "listening"; readonly port: number }
  | { readonly op: "failed"; readonly text: string }
  | { readonly op: "fault-set" };

let fault: Fault | undefined;

function open(config: ServerConfig, port: number): void {
  const database = new TestDatabase(config);
  const bodies = join(config.directory, "bodies");
  rmSync(bodies, { recursive: true, force: true });
  mkdirSync(bodies);
  let count = 0;
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const search = url.searchParams;
    if (!isLetIn(request, config)) return refuse(request, response, config.user);
    let asked: IncomingMessage = request;
    const path = join(bodies, `${count++}.native`);
    const query = search.get("query") ?? "";
    const now = fault;
    if (request.method === "POST" && /^\s*INSERT\b/.test(query)) {
      if (now === "body") {
        fault = undefined;
        request.once("data", () => request.socket.destroy());
        return;
      }
      await pipeline(request, createWriteStream(path));
      search.set("query", selectFrom(query, path));
      asked = Object.create(request, { method: { value: "GET" } }) as IncomingMessage;
    }
    const role = search.get("role") ?? undefined;
    const readonly = search.get("readonly");
    const tag = search.get("query_id") ?? `test-${count}`;
    const name = search.get("database") ?? "";
    search.delete("database");
    const backend = {
      async query(sql: string, options: QueryOptions = {}): Promise<QueryResult> {
        const settings = { ...options.settings, ...(readonly === null ? {} : { readonly }) };
        const params = Object.fromEntries(
          Object.entries(options.params ?? {}).map(([key, value]) => [key, String(value)]),
        );
        const format = /\bFORMAT\s+(\w+)\s*$/.exec(sql)?.[1] ?? options.format ?? "TabSeparated";
        const chunks = database.run({ sql, format, params, settings, role, database: name, tag });
        options.signal?.addEventListener("abort", () => database.cancel(tag));
        // The head is sent when there is something behind it, as a server does: until then an error has a status of its own.
        const first = await chunks.next();
        return resultOf(format, first, chunks);
      },
    };
    if (now === "answer" && asked !== request) {
      fault = undefined;
      for await (const _ of (await backend.query(search.get("query") ?? "")).chunks);
      rmSync(path, { force: true });
      request.socket.destroy();
      return;
    }
    await createClickHousePort(backend, createCounters()).answer("/", search, asked, response);
    rmSync(path, { force: true });
  };
  server.listen(port, "127.0.0.1", () => {
    const address = server.address();
    send({ op: "listening", port: typeof address === "object" && address !== null ? address.port : 0 });
  });
}

function resultOf(
  format: string,
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array, void>,
): QueryResult {
  async function* all(): AsyncGenerator<Uint8Array, void> {
    if (first.done === true) return;
    yield first.value;
    yield* rest;
  }
  const chunks = all();
  const bytes = async (): Promise<Uint8Array> => {
    const parts: Uint8Array[] = [];
    for await (const part of chunks) parts.push(part);
    return Buffer.concat(parts);
  };
  const close = (): void => void rest.return();
  return {
    format,
    chunks,
    bytes,
    text: async () => Buffer.from(await bytes()).toString(),
    rows: () => Promise.reject(new TypeError("nobody asks a test's server for rows")),
    close,
    [Symbol.dispose]: close,
  };
}

/** selectFrom lets the rows of an INSERT come from a file, which is how chDB takes them. */
function selectFrom(sql: string, path: string): string {
  const [, columns = ""] = /\(([\w,\s]+)\)\s*(?:SETTINGS[\s\S]*?)?\s*FORMAT Native\s*$/.exec(sql) ?? [];
  return sql
    .replace(/\bSETTINGS\b/, "SETTINGS max_threads = 1,")
    .replace(/FORMAT Native\s*$/, `SELECT ${columns} FROM file('${path}', Native)`);
}

function isLetIn(request: IncomingMessage, { user, password }: ServerConfig): boolean {
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return request.headers.authorization === basic;
}

function refuse(request: IncomingMessage, response: ServerResponse, user: string): void {
  request.resume();
  response.writeHead(403, { "X-ClickHouse-Exception-Code": "516", "Content-Type": "text/plain" });
  response.end(
    `Code: 516. DB::Exception: ${user}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED) (version 26.7.2.1)\n`,
  );
}

function send(message: ProgramMessage): void {
  process.send?.(message);
}

process.on("message", (message: ProgramMessage) => {
  try {
    if (message.op === "open") open(message.config, message.port);
    else if (message.op === "fault") {
      fault = message.fault;
      send({ op: "fault-set" });
    }
  } catch (error) {
    send({ op: "failed", text: String(error) });
  }
});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
