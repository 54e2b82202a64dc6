import { pause } from "../measure/processes.js";
import type { Sender } from "./senders.js";
import type { Supply } from "./supply.js";

/** Load is one way of sending. */
export interface Load {
  /** spans of one request. */
  readonly spans: number;
  /** inFlight requests are under way at once; with a pace it is the most that may be. */
  readonly inFlight: number;
  /** pace_ms is the time between two requests; undefined sends as soon as one is acknowledged. */
  readonly pace_ms: number | undefined;
}

/** Driven is what one run of a load came to. */
export interface Driven {
  readonly acknowledged: number;
  /** elapsed_s ends with the last acknowledgement; it is short when the supply ran out. */
  readonly elapsed_s: number;
  readonly latencies_ms: readonly number[];
  /** late requests were due while inFlight others were still under way. */
  readonly late: number;
}

/** Acknowledgements tells when how many spans in all were acknowledged. */
export interface Acknowledgements {
  total: number;
  readonly times_ms: number[];
  readonly totals: number[];
}

/** drive sends a load for some seconds and waits for the last acknowledgement. */
export async function drive(
  sender: Sender,
  supply: Supply,
  load: Load,
  seconds: number,
  acknowledgements: Acknowledgements,
): Promise<Driven> {
  const start = performance.now();
  const until = start + seconds * 1000;
  const before = acknowledgements.total;
  const latencies_ms: number[] = [];
  let late = 0;
  const sendOne = async (): Promise<boolean> => {
    const ready = supply.take();
    if (ready === undefined) return false;
    const began = performance.now();
    await sender.send(ready.body);
    const now = performance.now();
    latencies_ms.push(now - began);
    acknowledgements.total += load.spans;
    acknowledgements.times_ms.push(now);
    acknowledgements.totals.push(acknowledgements.total);
    supply.giveBack(ready);
    return true;
  };
  if (load.pace_ms === undefined) {
    const worker = async (): Promise<void> => {
      while (performance.now() < until && (await sendOne()));
    };
    await Promise.all(Array.from({ length: load.inFlight }, worker));
  } else {
    const running: Promise<void>[] = [];
    for (let due = start; due < until; due += load.pace_ms) {
      await pause(Math.max(0, due - performance.now()));
      running.push(
        sendOne().then((isSent) => {
          if (!isSent) late++;
        }),
      );
    }
    await Promise.all(running);
  }
  return {
    acknowledged: acknowledgements.total - before,
    elapsed_s: (performance.now() - start) / 1000,
    latencies_ms,
    late,
  };
}
