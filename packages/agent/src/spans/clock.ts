/** Nanos is a 64-bit count of nanoseconds as two unsigned halves; one is made once and filled again and again. */
export interface Nanos {
  lo: number;
  hi: number;
}

/** WallClock turns the kernel's CLOCK_MONOTONIC into Unix time. */
export interface WallClock {
  /** toUnix fills `out` with the Unix nanoseconds of a kernel time. */
  toUnix(monotonicNs: number, out: Nanos): void;
  /** adjust measures the offset between the clocks again: wall clocks are stepped and slewed. */
  adjust(): void;
}

/** monotonicNs is CLOCK_MONOTONIC, as the kernel's records have it. */
export const monotonicNs = (): number => Number(process.hrtime.bigint());

const second = 1_000_000_000;

/** openWallClock measures the offset once; adjust() does it again. */
export function openWallClock(measure: () => bigint = measureOffset): WallClock {
  let offsetSeconds = 0;
  let offsetRest = 0;
  const adjust = (): void => {
    const offset = measure();
    offsetSeconds = Number(offset / BigInt(second));
    offsetRest = Number(offset % BigInt(second));
  };
  adjust();
  return {
    adjust,
    toUnix(monotonicNs, out) {
      const whole = Math.floor(monotonicNs / second);
      let seconds = whole + offsetSeconds;
      let rest = monotonicNs - whole * second + offsetRest;
      if (rest >= second) {
        rest -= second;
        seconds++;
      }
      join(seconds, rest, out);
    },
  };
}

/** join computes seconds * 10^9 + rest in doubles that stay exact: the upper and lower 16 bits of the seconds apart. */
function join(seconds: number, rest: number, out: Nanos): void {
  const upper = Math.floor(seconds / 65536) * second;
  const low = (upper % 65536) * 65536 + (seconds % 65536) * second + rest;
  out.lo = low >>> 0;
  out.hi = (Math.floor(upper / 65536) + Math.floor(low / 4294967296)) >>> 0;
}

/**
 * measureOffset gives Unix time minus CLOCK_MONOTONIC in nanoseconds. Date.now() counts whole milliseconds, so it
 * waits for the next one to begin (1 ms at most) and reads the monotonic clock there: good to a few microseconds.
 */
function measureOffset(): bigint {
  const before = Date.now();
  let now = before;
  while (now === before) now = Date.now();
  return BigInt(now) * 1_000_000n - process.hrtime.bigint();
}
