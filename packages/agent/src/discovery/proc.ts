import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** ProcessFacts is what /proc says about a process at one moment (proc(5)). */
export interface ProcessFacts {
  readonly pid: number;
  /** startTicks is the start in clock ticks after boot: with pid it names a process for ever, pid alone is reused. */
  readonly startTicks: number;
  /** stack is where its program's stack begins, which is elsewhere for the next program; 0 where this user may not know. */
  readonly stack: number;
  /** network is the number of its network namespace; 0 where this user may not know. */
  readonly network: number;
  /** parent is the pid of the parent process. */
  readonly parent: number;
  /** executable is the path as the process's own mount namespace has it, without " (deleted)". */
  readonly executable: string;
  readonly command: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  /** cgroup is the text of /proc/PID/cgroup; container ids are read from it. */
  readonly cgroup: string;
}

/** root is where /proc is mounted; a container's agent has the host's elsewhere. */
export interface ProcSource {
  readonly root: string;
}

/** hostProc is the /proc of this machine. */
export const hostProc: ProcSource = { root: "/proc" };

/** listPids lists the processes that are there now. */
export function listPids(proc: ProcSource = hostProc): number[] {
  return readdirSync(proc.root)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/**
 * readProcess reads a process's facts. It gives undefined for one that ended meanwhile, for a kernel thread
 * (which has no executable), and for one that this user may not look at: none of the three is an error.
 */
export function readProcess(pid: number, proc: ProcSource = hostProc): ProcessFacts | undefined {
  const folder = `${proc.root}/${pid}`;
  try {
    const executable = readlinkSync(`${folder}/exe`).replace(/ \(deleted\)$/, "");
    const { startTicks, stack, parent } = parseStat(readFileSync(`${folder}/stat`, "utf8"));
    return {
      pid,
      startTicks,
      stack,
      network: networkOf(folder),
      parent,
      executable,
      command: zeroSeparated(readFileSync(`${folder}/cmdline`, "utf8")),
      environment: parseEnvironment(readFileSync(`${folder}/environ`, "utf8")),
      cgroup: readFileSync(`${folder}/cgroup`, "utf8"),
    };
  } catch {
    return undefined;
  }
}

function networkOf(folder: string): number {
  try {
    return Number(/^net:\[(\d+)\]$/.exec(readlinkSync(`${folder}/ns/net`))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** ownNetwork is the number of this process's own network namespace. */
export const ownNetwork = (proc: ProcSource = hostProc): number => networkOf(`${proc.root}/self`);

/** parseStat takes parent (field 4), start time (field 22) and stack (field 28) from /proc/PID/stat, whose second field may hold any text. */
export function parseStat(text: string): Pick<ProcessFacts, "startTicks" | "stack" | "parent"> {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { parent: Number(fields[1]), startTicks: Number(fields[19]), stack: Number(fields[25] ?? 0) };
}

function zeroSeparated(text: string): string[] {
  const parts = text.split("\0");
  if (parts.at(-1) === "") parts.pop();
  return parts;
}

function parseEnvironment(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of zeroSeparated(text)) {
    const cut = entry.indexOf("=");
    if (cut > 0) found.set(entry.slice(0, cut), entry.slice(cut + 1));
  }
  return found;
}

/** socketInodes lists the socket inodes that a process holds open, by descriptor. */
export function socketInodes(pid: number, proc: ProcSource = hostProc): Map<number, number> {
  const found = new Map<number, number>();
  const folder = `${proc.root}/${pid}/fd`;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return found;
  }
  for (const name of names) {
    try {
      const match = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${name}`));
      if (match !== null) found.set(Number(name), Number(match[1]));
    } catch {
      // The descriptor was closed between the listing and the look.
    }
  }
  return found;
}
