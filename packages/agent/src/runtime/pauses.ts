import { processMemory } from "@go3s/bpf";
import type { GoLayout } from "./go-layout.js";
import { addressOfField, numberAt } from "./go-plan.js";

/** Pause is how long one garbage collection stopped the program, its phases together. */
export interface Pause {
  /** cycle counts collections from 1. */
  readonly cycle: number;
  readonly nanoseconds: number;
  /** end is when the last phase was over, in nanoseconds of Unix time. */
  readonly end: bigint;
}

/** Pauses reads the ring in which the runtime keeps the last 256. */
export interface Pauses {
  /** since gives the pauses that came after those of the last call; none on the first. `cycles` is the runtime's own count. */
  since(cycles: number): Pause[];
}

// mstats.go: pause_ns and pause_end, both [256]uint64.
const ring = 256;

/** newPauses makes a reader for one process. */
export function newPauses(pid: number, layout: GoLayout, bias: number): Pauses {
  const times = addressOfField(layout, bias, "runtime.memstats", "runtime.mstats", "pause_ns");
  const ends = addressOfField(layout, bias, "runtime.memstats", "runtime.mstats", "pause_end");
  let seen = -1;
  return {
    since(cycles) {
      const first = seen < 0 ? cycles : Math.max(seen, cycles - ring);
      seen = cycles;
      if (first >= cycles || times === undefined || ends === undefined) return [];
      const memory = processMemory(pid, [
        { address: times, length: ring * 8 },
        { address: ends, length: ring * 8 },
      ]);
      if (!memory.read()) return [];
      const found: Pause[] = [];
      for (let number = first; number < cycles; number++) {
        const at = (number % ring) * 8;
        found.push({
          cycle: number + 1,
          nanoseconds: numberAt(memory.view, at, "u64"),
          end: memory.view.getBigUint64(memory.offsetOf(1) + at, true),
        });
      }
      return found;
    },
  };
}
