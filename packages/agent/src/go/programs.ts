import { BinaryError } from "@go3s/binary";
import { isStaleProcess, withFile } from "@go3s/bpf";
import type { Executable } from "../discovery/executable.js";
import { keptPrograms, newKept } from "../discovery/kept.js";
import { hostProc, type ProcSource } from "../discovery/proc.js";
import { type GoFacts, readGoFacts } from "./facts.js";

/** GoProgram is what was found out about a Go executable; a problem costs fields, not the process. */
export interface GoProgram {
  readonly facts: GoFacts | undefined;
  readonly problem: string;
}

/** GoPrograms analyses each Go executable once, however many processes run it. */
export interface GoPrograms {
  of(pid: number, executable: Executable): GoProgram;
}

/** newGoPrograms makes an empty cache. */
export function newGoPrograms(proc: ProcSource = hostProc): GoPrograms {
  const known = newKept<GoProgram>(keptPrograms);
  return {
    of(pid, executable) {
      const found = known.get(executable.key);
      if (found !== undefined) return found;
      let made: GoProgram;
      try {
        // What the process has executed meanwhile is another program, with other places.
        made = withFile(`${proc.root}/${pid}/exe`, executable.key, analyse);
      } catch (error) {
        if (!isStaleProcess(error)) throw error;
        return { facts: undefined, problem: "" };
      }
      known.set(executable.key, made);
      return made;
    },
  };
}

function analyse(path: string): GoProgram {
  try {
    return { facts: readGoFacts(path), problem: "" };
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return { facts: undefined, problem: `routes and goroutines: ${error.message}` };
  }
}
