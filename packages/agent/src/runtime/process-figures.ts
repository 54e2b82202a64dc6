import { readdirSync, readFileSync, statSync } from "node:fs";
import { pageSize } from "@go3s/bpf";
import { hostProc, type ProcSource } from "../discovery/proc.js";

/** ProcessFigures is what /proc says of a process's use of the machine. */
export interface ProcessFigures {
  /** userSeconds and systemSeconds of CPU since it began. */
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly threads: number;
  readonly virtualBytes: number;
  readonly residentBytes: number;
  /** descriptors is undefined when they may not be listed. */
  readonly descriptors: number | undefined;
}

// USER_HZ, in which /proc counts on every Linux (include/asm-generic/param.h).
const ticksPerSecond = 100;
// Resident memory is counted in pages.
let pageBytes = 0;

/** readProcessFigures reads a process's figures; undefined when it is gone. */
export function readProcessFigures(pid: number, proc: ProcSource = hostProc): ProcessFigures | undefined {
  if (pageBytes === 0) pageBytes = pageSize();
  try {
    const text = readFileSync(`${proc.root}/${pid}/stat`, "latin1");
    // The name may hold anything, so fields count from behind its last bracket: field 3 is the first (proc_pid_stat(5)).
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const field = (number: number): number => Number(fields[number - 3]);
    return {
      userSeconds: field(14) / ticksPerSecond,
      systemSeconds: field(15) / ticksPerSecond,
      threads: field(20),
      virtualBytes: field(23),
      residentBytes: field(24) * pageBytes,
      descriptors: descriptorsOf(`${proc.root}/${pid}/fd`),
    };
  } catch {
    return undefined;
  }
}

/** descriptorsOf counts open descriptors: from 6.2 on the folder's size says it, before its entries are counted. */
function descriptorsOf(folder: string): number | undefined {
  try {
    const { size } = statSync(folder);
    return size > 0 ? size : readdirSync(folder).length;
  } catch {
    return undefined;
  }
}
