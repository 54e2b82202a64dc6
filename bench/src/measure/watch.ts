import type { Acknowledgements } from "../load/drive.js";
import { costOf } from "./processes.js";

/** Watched is what was seen once a second while a load ran. */
export interface Watched {
  /** peakBytes is the largest sum of the processes' resident memory. */
  readonly peakBytes: number;
  /** slope is how fast that sum grew over the last two thirds of the run, in bytes a minute. */
  readonly slope: number;
  /** oldest_s is the largest age that an acknowledged span had before it could be queried. */
  readonly oldest_s: number;
}

/**
 * watch looks at memory and at what can be queried until stop is called. `countRows` gives how many spans can be; a span counts as
 * one of those when as many can be queried as were acknowledged up to it.
 */
export function watch(
  pids: readonly number[],
  countRows: () => Promise<number>,
  acknowledgements: Acknowledgements,
): { stop(): Promise<Watched> } {
  const samples: { readonly minutes: number; readonly bytes: number }[] = [];
  const start = performance.now();
  let oldest_s = 0;
  let first = 0;
  let asking = Promise.resolve();
  const look = async (): Promise<void> => {
    const rows = await countRows();
    const now = performance.now();
    while ((acknowledgements.totals[first] ?? Number.POSITIVE_INFINITY) <= rows) first++;
    const time_ms = acknowledgements.times_ms[first];
    if (time_ms !== undefined) oldest_s = Math.max(oldest_s, (now - time_ms) / 1000);
  };
  const timer = setInterval(() => {
    const bytes = pids.reduce((sum, pid) => sum + costOf(pid).rssBytes, 0);
    samples.push({ minutes: (performance.now() - start) / 60_000, bytes });
    // An answer that takes longer than a second is waited for, not overtaken.
    asking = asking.then(look);
  }, 1000);
  return {
    async stop() {
      clearInterval(timer);
      await asking;
      return {
        peakBytes: Math.max(0, ...samples.map(({ bytes }) => bytes)),
        slope: slopeOf(samples.slice(Math.floor(samples.length / 3))),
        oldest_s,
      };
    },
  };
}

/** slopeOf fits a line by least squares. */
function slopeOf(samples: readonly { readonly minutes: number; readonly bytes: number }[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(samples.map(({ minutes }) => minutes));
  const y = mean(samples.map(({ bytes }) => bytes));
  let above = 0;
  let below = 0;
  for (const { minutes, bytes } of samples) {
    above += (minutes - x) * (bytes - y);
    below += (minutes - x) ** 2;
  }
  return above / below;
}
