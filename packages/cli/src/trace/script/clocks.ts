import { readFileSync } from "node:fs";
import type { Clock } from "@go3s/lang";

/** Clocks turns the kernel's times into the world's. */
export interface Clocks {
  /** wall turns a time of a clock into nanoseconds since 1970. */
  wall(nanoseconds: bigint, clock: Clock): bigint;
  /** boot is now, on the clock that goes on while the machine sleeps. */
  boot(): bigint;
}

/** asleep is how long the machine slept since it was started; uptime counts it, the monotonic clock does not. */
function asleep(): bigint {
  const [text = "0"] = readFileSync("/proc/uptime", "utf8").split(" ");
  const difference = BigInt(Math.round(Number(text) * 1e9)) - process.hrtime.bigint();
  // Uptime has hundredths of a second: what is less is no sleep.
  return difference > 50_000_000n ? difference : 0n;
}

/** openClocks reads all clocks at once, so that what is adjusted later does not matter. */
export function openClocks(): Clocks {
  let slept: bigint | undefined;
  const sleep = (): bigint => {
    slept ??= asleep();
    return slept;
  };
  const started = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  return {
    wall(nanoseconds, clock) {
      if (clock === "tai") return nanoseconds;
      return started + nanoseconds - (clock === "boot" ? sleep() : 0n);
    },
    boot: () => process.hrtime.bigint() + sleep(),
  };
}
