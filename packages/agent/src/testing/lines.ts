import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** Lines are what a program writes to its standard output. */
export interface Lines {
  /** next waits for the next one; fails when there is none any more. */
  next(): Promise<string>;
}

/** linesOf reads them from now on; once for a program. */
export function linesOf(program: ChildProcess | undefined): Lines {
  if (!program?.stdout) throw new Error("a program whose output is not read");
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  return {
    async next() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("the program writes no more lines");
      return value;
    },
  };
}
