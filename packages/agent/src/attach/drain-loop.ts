import type { RingBufferReader } from "@go3s/bpf";

/** DrainTiming says how often the ring buffer is looked at. */
export interface DrainTiming {
  /**
   * Milliseconds between two looks; 20 when absent. On two busy cores 5 ms cost the watched service 2-4 % of its speed,
   * 20 ms nothing that could be measured (timers and wake-ups are dear in virtual machines).
   */
  readonly every?: number;
  /** Share of the buffer that, when it is found full, makes the next look come at once; 1/8 when absent. */
  readonly hurryAt?: number;
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
  const hurry = reader.size * (timing.hurryAt ?? 1 / 8);
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const look = (): void => {
    let delay = every;
    try {
      // Records come in while others are read: what counts is how much had gathered.
      if (reader.waiting() > hurry) delay = 1;
      reader.drain();
    } finally {
      if (!isStopped) timer = setTimeout(look, delay);
    }
  };
  timer = setTimeout(look, every);

  return {
    drainNow: () => reader.drain(),
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
