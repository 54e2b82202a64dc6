import type { StoreError } from "../errors.js";
import type { InsertRequest, InsertResult, QueryLimits, TableSize } from "./protocol.js";

/** EngineState is what an engine is doing; in `waiting` it is not there, and is tried again by itself. */
export type EngineState = "starting" | "ready" | "waiting" | "closed";

/** EngineQuery is a user's statement, with everything that the engine needs to run it. */
export interface EngineQuery {
  readonly sql: string;
  readonly format: string;
  readonly params: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly limits: QueryLimits;
}

/** AnswerHandler gets what comes back for one request; exactly one of `done` and `failed` is called, once. */
export interface AnswerHandler {
  chunk?(bytes: Uint8Array, format: string): void;
  done(value: unknown): void;
  failed(error: StoreError): void;
}

/** RunningQuery is a query that the engine has taken. */
export interface RunningQuery {
  /** more lets the next part come; each part but the first has to be asked for. */
  more(): void;
  /** cancel ends the statement in the engine too; its handler then hears `query-cancelled`. */
  cancel(): void;
}

/**
 * Engine is ClickHouse as the store sees it: a process of ours (EngineProcess) or a server elsewhere (RemoteEngine).
 * It may go and come back at any time; what is under way then fails with `engine-lost`, and the log keeps the rest.
 */
export interface Engine {
  readonly state: EngineState;
  /** restarts counts how often it came back after it was gone. */
  readonly restarts: number;
  /** pid of a process of ours, undefined for any other. */
  readonly pid: number | undefined;
  /** start brings it up, with the schema of this release; rejects with `engine-start`, `schema-too-new` or `migration-failed`. */
  start(): Promise<void>;
  /** ready resolves when it takes work, or rejects with `engine-lost` after `timeout_ms`. */
  ready(timeout_ms: number): Promise<void>;
  /** insert puts the rows of a segment into the tables, once, however often it is repeated. */
  insert(request: InsertRequest): Promise<InsertResult>;
  query(query: EngineQuery, handler: AnswerHandler): RunningQuery;
  sizes(): Promise<readonly TableSize[]>;
  /** close ends it in order: what is under way fails. */
  close(): Promise<void>;
}
