import type { RingBufferReader } from "@go3s/bpf";
import type { Courtesy } from "./courtesy.js";

/** DrainTiming says how often the ring buffer is looked at. */
export interface DrainTiming {
  /**
   * Milliseconds between two looks; 20 when absent. On two busy cores 5 ms cost the watched service 2-4 % of its speed,
   * 20 ms nothing that could be measured (timers and wake-ups are dear in virtual machines).
   */
  readonly every?: number;
  /**
   * Milliseconds until the next look after one that found `busyAt` records or more; 60 when absent. A busy machine's
   * cycles are dearest, and at 100,000 requests/s that is a fifth of the buffer.
   */
  readonly everyWhenBusy?: number;
  readonly busyAt?: number;
  /**
   * Records read in one turn of the event loop; 4096 when absent. What is left is read in the next turn, so that timers
   * and sockets get theirs even when records come faster than they are read.
   */
  readonly atOnce?: number;
}

/** DrainLoop reads a ring buffer by a timer until it is stopped. */
export interface DrainLoop {
  /** drainNow reads what is there, in the caller's turn. Returns the number of records. */
  drainNow(): number;
  stop(): void;
}

/** startDrainLoop begins to look. A sink that throws ends the process's turn, not the loop. */
export function startDrainLoop(
  reader: RingBufferReader,
  courtesy: Courtesy,
  timing: DrainTiming = {},
): DrainLoop {
  const every = timing.every ?? 20;
  const everyWhenBusy = timing.everyWhenBusy ?? 60;
  const busyAt = timing.busyAt ?? 400;
  const atOnce = timing.atOnce ?? 4096;
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;
  let isStopped = false;

  // Records since the timer went off: a look at a full buffer takes several turns.
  let inThisLook = 0;
  const look = (): void => {
    const fill = reader.waiting() / reader.size;
    let records = 0;
    try {
      records = reader.drain(atOnce);
      inThisLook += records;
      courtesy.looked(fill, inThisLook);
    } finally {
      if (!isStopped) {
        if (records >= atOnce) soon = setImmediate(look);
        else {
          timer = setTimeout(look, inThisLook >= busyAt ? everyWhenBusy : every);
          inThisLook = 0;
        }
      }
    }
  };
  timer = setTimeout(look, every);

  return {
    drainNow: () => reader.drain(),
    stop() {
      isStopped = true;
      clearTimeout(timer);
      clearImmediate(soon);
    },
  };
}
