import type { RingBufferReader } from "@go3s/bpf";

/** DrainTiming says how often the ring buffer is looked at. */
export interface DrainTiming {
  /**
   * Milliseconds between two looks; 20 when absent. On two busy cores 5 ms cost the watched service 2-4 % of its speed,
   * 20 ms nothing that could be measured (timers and wake-ups are dear in virtual machines).
   */
  readonly every?: number;
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
export function startDrainLoop(reader: RingBufferReader, timing: DrainTiming = {}): DrainLoop {
  const every = timing.every ?? 20;
  const atOnce = timing.atOnce ?? 4096;
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;
  let isStopped = false;

  const look = (): void => {
    let isLeft = false;
    try {
      isLeft = reader.drain(atOnce) >= atOnce;
    } finally {
      if (!isStopped) {
        if (isLeft) soon = setImmediate(look);
        else timer = setTimeout(look, every);
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
