import type { Session } from "chdb";
import { messageOf, StoreError } from "../errors.js";
import { internalErrorOf, queryErrorOf, wireErrorOf } from "./clickhouse-error.js";
import type { Database } from "./database.js";
import { insertSegment } from "./insert-segment.js";
import { openDatabase } from "./open-database.js";
import { giveWay } from "./priority.js";
import type { EngineAnswer, EngineRequest, WireError } from "./protocol.js";
import { runQuery } from "./run-query.js";
import { fillIn, quoteText, readSource } from "./sql.js";
import { TenantSweep } from "./tenant-sweep.js";

/*
 * The engine's own process. It is started by process.ts and by nobody else, does what it is asked over IPC, and
 * ends at once when its parent does: an insert that is cut off is repeated by the next one with the same token.
 */

/** QUERIES_AT_ONCE leaves threads of libuv's pool (environment.ts) to the insert and its files. */
const QUERIES_AT_ONCE = 4;

interface RunningQuery {
  /** more is called when the parent has room for another part. */
  more: () => void;
  cancelled: boolean;
}

let database: Database | undefined;
let sweep: TenantSweep | undefined;
let running = 0;
const waiting: (() => void)[] = [];
const queries = new Map<number, RunningQuery>();

function answer(message: EngineAnswer): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}

function opened(): Database {
  if (database === undefined) throw new StoreError("engine-error", "the database is not open");
  return database;
}

async function takeTurn(): Promise<void> {
  if (running >= QUERIES_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
}

function giveTurn(): void {
  running--;
  waiting.shift()?.();
}

function tagOf(id: number): string {
  return `go3s-query-${process.pid}-${id}`;
}

async function query(request: Extract<EngineRequest, { op: "query" }>): Promise<void> {
  const { id, sql, format, params, settings, limits } = request;
  const state: RunningQuery = { more: () => undefined, cancelled: false };
  queries.set(id, state);
  await takeTurn();
  try {
    if (state.cancelled) throw new StoreError("query-cancelled", "the query was cancelled");
    const asked = { sql, format, params, settings, limits, tag: tagOf(id) };
    for await (const part of runQuery(opened(), asked)) {
      if (state.cancelled) throw new StoreError("query-cancelled", "the query was cancelled");
      const wanted = new Promise<void>((resolve) => {
        state.more = resolve;
      });
      await answer({ type: "chunk", id, bytes: part.bytes, format: part.format });
      await wanted;
    }
    await answer({ type: "done", id, value: undefined });
  } catch (error) {
    await answer({ type: "error", id, error: queryErrorOf(error) });
  } finally {
    queries.delete(id);
    giveTurn();
  }
}

function cancel(id: number): void {
  const state = queries.get(id);
  if (state === undefined) return;
  state.cancelled = true;
  state.more();
  // The statement itself is stopped by the engine; one that has not started yet finds the mark above.
  const session: Session = opened().session();
  void session
    .queryAsync(fillIn(readSource("engine/cancel.sql"), { tag: quoteText(tagOf(id)) }), { format: "TSVRaw" })
    .catch(() => undefined)
    .finally(() => session.close());
}

async function work(request: EngineRequest): Promise<unknown> {
  switch (request.op) {
    case "open":
      // Threads inherit it from the thread that makes them, so it is set before the engine makes its own.
      giveWay(request.settings.nice);
      database ??= await openDatabase(request.settings);
      sweep ??= new TenantSweep(database);
      return undefined;
    case "insert":
      return insertSegment(opened(), request.request);
    case "sizes":
      return opened().sizes();
    case "close":
      await sweep?.close();
      sweep = undefined;
      database?.close();
      database = undefined;
      return undefined;
    default:
      throw new TypeError(`no work is called ${request.op}`);
  }
}

function errorOf(request: EngineRequest, error: unknown): WireError {
  if (error instanceof StoreError) {
    const { cause, message } = error;
    return {
      ...wireErrorOf(error),
      message: cause === undefined ? message : `${message}: ${messageOf(cause)}`,
    };
  }
  return internalErrorOf(request.op, error);
}

function receive(request: EngineRequest): void {
  if (request.op === "query") {
    void query(request);
  } else if (request.op === "more") {
    queries.get(request.id)?.more();
  } else if (request.op === "cancel") {
    cancel(request.id);
  } else {
    work(request)
      .then((value) => answer({ type: "done", id: request.id, value }))
      .catch((error: unknown) => answer({ type: "error", id: request.id, error: errorOf(request, error) }))
      .then(() => {
        if (request.op === "close") process.disconnect();
      });
  }
}

process.on("message", (message) => receive(message as EngineRequest));
// A database that is open dies with its parent at once: exit handlers would wait for threads that are in an insert.
// After `close` nothing keeps the process alive, so it ends by itself.
process.on("disconnect", () => {
  if (database !== undefined) process.kill(process.pid, "SIGKILL");
});
// Ctrl-C reaches the whole process group; the parent decides when its engine ends.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
