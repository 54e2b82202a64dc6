import type { RingBufferReader } from "@go3s/bpf";
import type { Courtesy } from "./courtesy.js";

/** DrainTiming says how often the ring buffer is looked at. */
export interface DrainTiming {
  /**
   * Milliseconds between two looks; 100 when absent. Each costs a third of a millisecond of an idle virtual machine's processor, and
   * 20 ms between them were half of what an agent took that had nothing to tell. What can't wait wakes it.
   */
  readonly every?: number;
  /** Milliseconds until the look behind one that a program asked for; 40 when absent: programs that start come in flocks. */
  readonly everyWhenWoken?: number;
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

/**
 * startDrainLoop begins to look. `setAsleep` tells the programs whether an event that can't wait shall wake it; once they have, it looks by
 * itself for a moment. A sink that throws ends the process's turn, not the loop.
 */
export function startDrainLoop(
  reader: Pick<RingBufferReader, "size" | "waiting" | "drain" | "watchWakeups">,
  courtesy: Pick<Courtesy, "looked">,
  setAsleep: (asleep: boolean) => void,
  timing: DrainTiming = {},
): DrainLoop {
  const every = timing.every ?? 100;
  const everyWhenWoken = timing.everyWhenWoken ?? 40;
  const everyWhenBusy = timing.everyWhenBusy ?? 60;
  const busyAt = timing.busyAt ?? 400;
  const atOnce = timing.atOnce ?? 4096;
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;
  let isStopped = false;
  let isAsleep = false;
  let isWoken = false;

  const sleep = (asleep: boolean): void => {
    if (asleep === isAsleep) return;
    isAsleep = asleep;
    setAsleep(asleep);
  };

  // Records since the timer went off: a look at a full buffer takes several turns.
  let inThisLook = 0;
  const look = (): void => {
    timer = undefined;
    soon = undefined;
    const fill = reader.waiting() / reader.size;
    let records = 0;
    try {
      records = reader.drain(atOnce);
      inThisLook += records;
      courtesy.looked(fill, inThisLook);
    } finally {
      if (!isStopped) {
        if (records >= atOnce) soon = setImmediate(look);
        else next();
      }
    }
  };
  const next = (): void => {
    const isBusy = inThisLook >= busyAt;
    inThisLook = 0;
    sleep(!isBusy && !isWoken);
    timer = setTimeout(look, isBusy ? everyWhenBusy : isWoken ? everyWhenWoken : every);
    isWoken = false;
  };
  const watch = reader.watchWakeups(() => {
    // One that was on its way when the programs were told not to.
    if (!isAsleep || isStopped) return;
    isWoken = true;
    // A look that goes on in the next turn is this one: two would each begin the next, and stop() ends one.
    clearTimeout(timer);
    clearImmediate(soon);
    look();
  });
  watch.arm();
  timer = setTimeout(look, everyWhenWoken);

  return {
    drainNow: () => reader.drain(),
    stop() {
      isStopped = true;
      clearTimeout(timer);
      clearImmediate(soon);
      watch.close();
    },
  };
}
