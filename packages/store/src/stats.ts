import type { EngineState } from "./engine/engine.js";
import type { InsertResult, TableSize } from "./engine/protocol.js";
import { messageOf } from "./errors.js";
import type { Signal } from "./schema/columns.js";
import { SIGNAL_NUMBERS, signalName } from "./signals.js";
import { type Damage, RECOVERY_CASES } from "./wal/recover.js";
import type { LogFault } from "./wal/writer.js";

/** StoreStats is what the store knows about itself at one moment. Counters begin at 0 with each open. */
export interface StoreStats {
  readonly engine: {
    readonly state: EngineState;
    readonly restarts: number;
    readonly pid: number | undefined;
    /** failure is why the last insert failed, or undefined since one went through. */
    readonly failure: string | undefined;
  };
  readonly waiting: {
    /** bytes that are acknowledged and not in the tables yet. */
    readonly bytes: number;
    readonly segments: number;
    /** rows of this run that wait; those that an earlier run left are not known before they are read. */
    readonly rows: number;
    /** oldest_ms is how long the oldest of it has waited. */
    readonly oldest_ms: number;
    /** unacknowledgedBytes are held in memory for the next group commit. */
    readonly unacknowledgedBytes: number;
  };
  /** log counts what the disk did wrong under the log; a failed sync ends its segment, and a new one takes over. */
  readonly log: {
    readonly failedWrites: number;
    readonly failedSyncs: number;
    readonly segmentsEnded: number;
  };
  /** rowsAcknowledged and rowsInserted count per signal. */
  readonly rowsAcknowledged: Readonly<Record<Signal, number>>;
  readonly rowsInserted: Readonly<Record<Signal, number>>;
  readonly segmentsInserted: number;
  /** lastInsert_ms is the Unix time of the last insert, 0 for none. */
  readonly lastInsert_ms: number;
  readonly lastInsertTook_ms: number;
  /** tables tells disk use; it is read again after inserts, at most every two seconds. */
  readonly tables: readonly TableSize[];
  /** refused counts append() calls per error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** dropped counts rows that were in the log and could not be used, per reason; their bytes are set aside. */
  readonly dropped: Readonly<Record<string, { readonly frames: number; readonly rows: number }>>;
}

/** Counters are the numbers behind StoreStats that only grow. */
export class Counters {
  readonly acknowledged: Record<Signal, number> = { traces: 0, logs: 0, metrics: 0, profiles: 0 };
  readonly inserted: Record<Signal, number> = { traces: 0, logs: 0, metrics: 0, profiles: 0 };
  readonly refused: Record<string, number> = {};
  readonly dropped: Record<string, { frames: number; rows: number }> = {};
  readonly log = { failedWrites: 0, failedSyncs: 0, segmentsEnded: 0 };
  /** settled counts rows of this run that are in the tables or set aside. */
  settled = 0;
  segmentsInserted = 0;
  lastInsert_ms = 0;
  lastInsertTook_ms = 0;
  failure: string | undefined;

  /** insertedSegment counts one inserted segment (`isOwn`: of this run) and gives a line for each stretch of it that was not used. */
  insertedSegment(path: string, result: InsertResult, took_ms: number, isOwn = true): string[] {
    this.failure = undefined;
    this.segmentsInserted++;
    this.lastInsert_ms = Date.now();
    this.lastInsertTook_ms = took_ms;
    for (const { signal, rows } of result.rows) this.inserted[signalName(signal)] += rows;
    if (isOwn) {
      for (const { rows } of result.rows) this.settled += rows;
      for (const { rows } of result.damages) this.settled += rows;
    }
    return this.damaged(path, result.damages);
  }

  /** damaged counts stretches that were set aside, and gives a line for each. */
  damaged(path: string, damages: readonly Damage[]): string[] {
    return damages.map((damage) => {
      const { letter, when, decision, cause } = RECOVERY_CASES[damage.letter];
      const reason = decision === "cut" ? "torn" : letter === "J" ? "refused-by-engine" : "damaged";
      const dropped = this.dropped[reason] ?? { frames: 0, rows: 0 };
      this.dropped[reason] = { frames: dropped.frames + 1, rows: dropped.rows + damage.rows };
      return `${path}: ${damage.length} bytes at ${damage.offset} are set aside (${letter}: ${when}; ${cause})`;
    });
  }

  /** setAside counts a whole segment that was set aside (`rows` 0: unknown), and gives a line that tells it. */
  setAside(path: string, aside: string, rows: number, cause: unknown): string {
    const dropped = this.dropped["not-taken"] ?? { frames: 0, rows: 0 };
    this.dropped["not-taken"] = { frames: dropped.frames + 1, rows: dropped.rows + rows };
    this.settled += rows;
    return `${path} was refused again and again while others were taken: it lies in ${aside}, and is offered again at the next start (${messageOf(cause)})`;
  }

  /** waitingRows counts rows that were acknowledged and are neither in the tables nor set aside. */
  get waitingRows(): number {
    const acknowledged = Object.values(this.acknowledged).reduce((sum, rows) => sum + rows, 0);
    return Math.max(0, acknowledged - this.settled);
  }

  /** fault counts what the disk did wrong under the log, and gives a line that tells it. */
  fault({ path, during, ended, cause }: LogFault): string {
    if (during === "sync") this.log.failedSyncs++;
    else this.log.failedWrites++;
    if (ended) this.log.segmentsEnded++;
    const next = ended ? "the segment is ended, a new one takes over" : "the segment goes on";
    return `a ${during} of the log failed, nothing of it was acknowledged: ${messageOf(cause)} (${path}; ${next})`;
  }

  /** refuse counts one append() that was rejected. */
  refuse(code: string): void {
    this.refused[code] = (this.refused[code] ?? 0) + 1;
  }
}

/** isSignal says whether a text names a signal. */
export function isSignal(text: string): text is Signal {
  return Object.hasOwn(SIGNAL_NUMBERS, text);
}
