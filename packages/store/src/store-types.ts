import type { QueryLimits } from "./engine/protocol.js";
import type { QueryOptions, QueryResult } from "./query.js";
import type { RemoteOptions } from "./remote/client.js";
import type { Signal } from "./schema/columns.js";
import type { Retention } from "./schema/retention.js";
import type { StoreStats } from "./stats.js";
import type { WalFileSystem } from "./wal/file-system.js";
import type { UndecidedLog } from "./wal/undecided.js";

/** StoreBlock is one ClickHouse Native block of one signal; its bytes must not change until append() has settled. */
export interface StoreBlock {
  readonly signal: Signal;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** StoreOptions are what a store is opened with; only the directory is needed. */
export interface StoreOptions {
  /** dir is the data directory; it is made when it does not exist. */
  readonly dir: string;
  /**
   * clickhouse names a server or cluster that keeps the tables; without it an embedded one does, in `dir`. The log is in `dir`
   * either way: what it has acknowledged waits there while the server is away.
   */
  readonly clickhouse?: RemoteOptions;
  /**
   * retention is how many seconds rows are kept after they were received, 0 for ever. It stays with the directory until it
   * is named anew; a new one has 7 days, rollups 90. Tenants may have shorter times; not on a server elsewhere.
   */
  readonly retention?: Partial<Retention>;
  /** segmentBytesMax seals a log segment of this size at the latest; default 128 MiB. */
  readonly segmentBytesMax?: number;
  /** waitingBytesMax bounds what is acknowledged and not inserted yet; beyond it append() says `store-busy`. Default 4 GiB. */
  readonly waitingBytesMax?: number;
  /**
   * waitingSecondsMax bounds how long it may wait: beyond it append() says `store-busy` too. Default 0: as long as
   * there is room. Nothing that was acknowledged is ever dropped for its size or age.
   */
  readonly waitingSecondsMax?: number;
  /** undecidedBytesMax bounds what waits for a decision; beyond it UndecidedLog.append() says `store-busy`. Default 6 GiB. */
  readonly undecidedBytesMax?: number;
  /**
   * asideAfter_ms is how long a segment is tried at least that the engine refuses again and again while it takes others; then
   * it is set aside in `wal/damaged`, told, and offered again at the next open. Default a minute.
   */
  readonly asideAfter_ms?: number;
  /** memoryBytes bounds the engine's memory; default a quarter of the machine's, 768 MiB to 2 GiB. */
  readonly memoryBytes?: number;
  /** engineNice is the engine's scheduling priority, 0 to 19; default 5; 19 while nobody asks and little waits. */
  readonly engineNice?: number;
  /** queryLimits are the defaults of a query. */
  readonly queryLimits?: Partial<QueryLimits>;
  /** queryMaxima bound what a query may ask for; default four times the defaults, and no more memory than half of the engine's. */
  readonly queryMaxima?: Partial<QueryLimits>;
  /** onNotice gets a line of text for everything an operator should know: damage, restarts, full disks. */
  readonly onNotice?: (text: string) => void;
  /** fileSystem is the log's; tests put a faulty one here. */
  readonly fileSystem?: WalFileSystem;
}

/** StoreReader answers queries over a data directory. */
export interface StoreReader {
  /**
   * query runs one read-only statement over the store's tables. It rejects with `query-failed` (the engine's own
   * code and text), `query-forbidden`, `query-limit`, `query-cancelled` or `engine-lost` (retryable).
   */
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  stats(): StoreStats;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Store keeps telemetry durably and answers queries over it. */
export interface Store extends StoreReader {
  /**
   * append resolves after the blocks' group commit was synced to disk: then they survive any crash. All blocks of a
   * call are acknowledged together. It rejects with `disk-full`, `store-busy` or `log-failed` (all retryable).
   */
  append(blocks: readonly StoreBlock[]): Promise<void>;
  /** flush resolves when all that was acknowledged before the call, and is decided, can be queried. */
  flush(): Promise<void>;
  /** undecided is the log of what is acknowledged before it is known whether it is to be kept. */
  readonly undecided: UndecidedLog;
}
