import { internalErrorOf, storeErrorOf } from "../engine/clickhouse-error.js";
import type { AnswerHandler, Engine, EngineQuery, EngineState, RunningQuery } from "../engine/engine.js";
import type { InsertRequest, InsertResult, QueryLimits, TableSize } from "../engine/protocol.js";
import { Readiness } from "../engine/readiness.js";
import { messageOf, StoreError } from "../errors.js";
import type { Retention } from "../schema/retention.js";
import { lostError, type RemoteOptions } from "./client.js";
import { insertRemote } from "./insert-segment.js";
import { type RemoteReader, startRemoteQuery } from "./query.js";
import { openServer, type RemoteServer } from "./server.js";

/** RemoteEngineOptions are what a remote engine is given. */
export interface RemoteEngineOptions {
  readonly remote: RemoteOptions;
  readonly retention: Partial<Retention>;
  /** queryMax bounds what a query may ask for. */
  readonly queryMax: QueryLimits;
  /** mayWait lets start() resolve without a server: what arrives is kept in the log until it is there. */
  readonly mayWait: boolean;
  /** readOnly leaves the schema as it is: only queries are to be asked. */
  readonly readOnly?: boolean;
  readonly onNotice: (text: string) => void;
  /** onUp is told each time the server has the schema and takes work. */
  readonly onUp?: () => void;
}

/** BACKOFF_MIN_MS to BACKOFF_MAX_MS is waited before a server that was lost is asked again, doubled each time. */
const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 10_000;
/** NOT_THERE says that a table or the database is gone (src/Common/ErrorCodes.cpp: UNKNOWN_TABLE, UNKNOWN_DATABASE). */
const NOT_THERE: ReadonlySet<number | undefined> = new Set([60, 81]);
/** START_TRIES is how often a server that does not answer is asked before start() fails. */
const START_TRIES = 3;

/**
 * RemoteEngine is a ClickHouse that somebody else runs, one server or a cluster. It is watched by what is asked of it: a request
 * that gets no answer makes it `waiting`, and it is asked with back-off until it answers again.
 */
export class RemoteEngine implements Engine {
  readonly pid = undefined;
  readonly #options: RemoteEngineOptions;
  readonly #server: RemoteServer;
  readonly #ready = new Readiness();
  readonly #ended = new AbortController();
  #reader: RemoteReader | undefined;
  #state: EngineState = "starting";
  #restarts = 0;
  #failures = 0;
  #lastFailure: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RemoteEngineOptions) {
    this.#options = options;
    this.#server = openServer(options.remote, options.onNotice, this.#ended.signal);
  }

  get state(): EngineState {
    return this.#state;
  }

  get restarts(): number {
    return this.#restarts;
  }

  async start(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#open();
        return;
      } catch (error) {
        const isLost = error instanceof StoreError && error.code === "engine-lost";
        if (!isLost) throw error;
        this.#lastFailure = error.message;
        if (this.#options.mayWait) {
          this.#wait(error);
          return;
        }
        if (tries >= START_TRIES) throw unreachable(this.#options.remote.url, error);
        await new Promise((resolve) => setTimeout(resolve, BACKOFF_MIN_MS * 2 ** tries));
      }
    }
  }

  async ready(timeout_ms: number): Promise<void> {
    if (this.#state === "ready") return;
    if (this.#state === "closed") throw new StoreError("closed", "the store is closed");
    await this.#ready.wait(timeout_ms, () => this.#lastFailure);
  }

  async insert(request: InsertRequest): Promise<InsertResult> {
    const { client, target } = this.#server;
    try {
      return await insertRemote({ client, target, signal: this.#ended.signal }, request);
    } catch (error) {
      // Opening it anew also makes tables that somebody took away: what arrives is not to wait for ever.
      const isGone = error instanceof StoreError && NOT_THERE.has(error.clickhouseCode);
      if (isGone || (error instanceof StoreError && error.code === "engine-lost")) this.#lost(error);
      throw error;
    }
  }

  query(query: EngineQuery, handler: AnswerHandler): RunningQuery {
    const reader = this.#reader;
    if (reader !== undefined && this.#state === "ready") return startRemoteQuery(reader, query, handler);
    handler.failed(new StoreError("engine-lost", "the engine is not up"));
    return { more: () => undefined, cancel: () => undefined };
  }

  sizes(): Promise<readonly TableSize[]> {
    return this.#server.sizes();
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#timer);
    this.#ready.reject(new StoreError("closed", "the store is closed"));
    this.#ended.abort();
    await this.#server.close();
  }

  async #open(): Promise<void> {
    const { retention, queryMax, readOnly = false, onUp } = this.#options;
    const opened = await this.#server.open(readOnly ? undefined : retention);
    if (this.#state === "closed") return;
    this.#reader = {
      ...opened,
      max: queryMax,
      kill: (id) => void this.#server.kill(id).catch(() => undefined),
      lost: (error) => this.#lost(error),
    };
    this.#state = "ready";
    this.#failures = 0;
    this.#ready.resolve();
    onUp?.();
  }

  /** lost looks whether the server is there at all: a connection alone may have broken. */
  #lost(error: unknown): void {
    if (this.#state !== "ready") return;
    this.#ready.renew();
    this.#wait(error instanceof StoreError ? error : lostError(error));
  }

  #wait(error: StoreError): void {
    const wasReady = this.#state === "ready";
    this.#state = "waiting";
    this.#lastFailure = error.message;
    if (wasReady || this.#failures === 0) this.#options.onNotice(error.message);
    const delay = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures++);
    this.#timer = setTimeout(() => void this.#again(), delay);
  }

  async #again(): Promise<void> {
    try {
      await this.#open();
      this.#restarts++;
      this.#options.onNotice("the ClickHouse server answers again");
    } catch (error) {
      if (this.#state === "closed") return;
      // A server that came back otherwise than it was (an older one, without our rights) is told and asked again, too.
      const why =
        error instanceof StoreError ? error : storeErrorOf(internalErrorOf("open the server", error));
      if (why.message !== this.#lastFailure) this.#options.onNotice(why.message);
      this.#wait(why);
    }
  }
}

function unreachable(url: string, error: StoreError): StoreError {
  const { origin } = new URL(url);
  return new StoreError(
    "engine-start",
    `cannot reach the ClickHouse server at ${origin}: ${messageOf(error.cause)}`,
    {
      hint: "is it up, and is this the port of its HTTP interface (8123, or 8443 with TLS)? 9000 is another one's",
      cause: error,
    },
  );
}
