import { readFileSync } from "node:fs";

/** ProcessCost is what a process of this machine uses: CPU as a share of one processor, memory in bytes. */
export interface ProcessCost {
  readonly cpu: number | undefined;
  readonly memory: number;
}

/** CLOCK_TICKS is how many parts of a second /proc counts in (USER_HZ, 100 on every Linux that Node runs on). */
const CLOCK_TICKS = 100;
const PAGE = 4096;

interface Reading {
  readonly ticks: number;
  readonly at_ms: number;
}

/** ProcessCosts reads /proc; a share of CPU is known from the second reading on. */
export class ProcessCosts {
  readonly #before = new Map<number, Reading>();

  /** read gives a process' cost; undefined when it is not there. */
  read(pid: number): ProcessCost | undefined {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The name stands in parentheses and may hold anything; user and system time are the 12th and 13th field behind it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticks = Number(fields[11]) + Number(fields[12]);
      const now: Reading = { ticks, at_ms: performance.now() };
      const before = this.#before.get(pid);
      this.#before.set(pid, now);
      const seconds = before === undefined ? 0 : (now.at_ms - before.at_ms) / 1000;
      const cpu =
        before === undefined || seconds <= 0 ? undefined : (now.ticks - before.ticks) / CLOCK_TICKS / seconds;
      return { cpu, memory: Number(fields[21]) * PAGE };
    } catch {
      this.#before.delete(pid);
      return undefined;
    }
  }
}
