import { readFileSync } from "node:fs";
import { BinaryError } from "../errors.js";

/** MemoryMapping is one line of /proc/PID/maps. */
export interface MemoryMapping {
  readonly start: number;
  readonly end: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  /** fileOffset is where in the file the mapping begins. */
  readonly fileOffset: number;
  /** device is major:minor in hexadecimal, as the kernel writes it. */
  readonly device: string;
  /** inode is 0 for memory that is no file's. */
  readonly inode: number;
  /** path as the process's mount namespace has it, "[stack]" and its like, or "" for anonymous memory. */
  readonly path: string;
  /** deleted tells that the file has no name any more: it was replaced, removed, or never had one (memfd). */
  readonly deleted: boolean;
}

const line =
  /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-])([w-])([x-])[sp] ([0-9a-f]{1,16}) ([0-9a-f]+:[0-9a-f]+) (\d+)\s*(.*)$/;

/** parseMaps reads the text of /proc/PID/maps. Lines of another form, and the kernel's own page (vsyscall), are passed over. */
export function parseMaps(text: string): MemoryMapping[] {
  const rows: MemoryMapping[] = [];
  for (const row of text.split("\n")) {
    const found = line.exec(row);
    if (found === null) continue;
    const [, start = "", end = "", r, w, x, offset = "", device = "", inode = "", written = ""] = found;
    const from = Number.parseInt(start, 16);
    const to = Number.parseInt(end, 16);
    if (!Number.isSafeInteger(to) || from >= to) continue;
    // The kernel writes a newline in a name as \012 (fs/proc/task_mmu.c), and nothing else so.
    const name = written.replaceAll("\\012", "\n");
    const deleted = name.endsWith(" (deleted)");
    rows.push({
      start: from,
      end: to,
      readable: r === "r",
      writable: w === "w",
      executable: x === "x",
      fileOffset: Number.parseInt(offset, 16),
      device,
      inode: Number(inode),
      path: deleted ? name.slice(0, -" (deleted)".length) : name,
      deleted,
    });
  }
  return rows;
}

/** readMaps reads a process's mappings, in the order of their addresses. Throws BinaryError "no-process". */
export function readMaps(pid: number): MemoryMapping[] {
  try {
    return parseMaps(readFileSync(`/proc/${pid}/maps`, "utf8"));
  } catch (cause) {
    throw new BinaryError("no-process", `cannot read the memory map of process ${pid}`, {
      hint: "it has ended, or belongs to another user: run as root or with CAP_SYS_PTRACE",
      cause,
    });
  }
}

/** mappingAt returns the mapping that holds an address, by binary search. */
export function mappingAt(maps: readonly MemoryMapping[], address: number): MemoryMapping | undefined {
  let low = 0;
  let high = maps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((maps[middle]?.start ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  const row = maps[low - 1];
  return row !== undefined && address < row.end ? row : undefined;
}
