import { statSync } from "node:fs";
import { type ElfFile, openElf } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import type { MemoryMapping } from "./maps.js";

/** mapFilesPath is the kernel's own handle on a mapping's file: it works for deleted files, memfds and other namespaces. */
function mapFilesPath(pid: number, mapping: MemoryMapping): string {
  return `/proc/${pid}/map_files/${mapping.start.toString(16)}-${mapping.end.toString(16)}`;
}

/** inRoot is a path of the process's mount namespace as this process can open it. */
export function inRoot(pid: number, path: string): string {
  return `/proc/${pid}/root${path}`;
}

function isSameFile(path: string, mapping: MemoryMapping): boolean {
  // Stacked file systems (overlayfs) may give the mapping the device of the layer below: the inode has to do.
  return statSync(path, { throwIfNoEntry: false })?.ino === mapping.inode;
}

/** isFile tells mappings of files from the stack, the heap and anonymous memory. */
export function isFile(mapping: MemoryMapping): boolean {
  return mapping.inode !== 0 && mapping.path.startsWith("/");
}

/**
 * openMapped opens the file of a mapping as the process has it, not what lies at its path by now: by /proc/PID/map_files
 * (needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE), else by the process's root when the file there is the same one. The
 * caller closes it. Throws BinaryError "unreadable-file", and what readElf throws for a file that is no ELF.
 */
export function openMapped(pid: number, mapping: MemoryMapping): ElfFile {
  let cause: unknown;
  try {
    return openElf(mapFilesPath(pid, mapping));
  } catch (error) {
    if (!(error instanceof BinaryError) || error.code !== "unreadable-file") throw error;
    cause = error;
  }
  const path = inRoot(pid, mapping.path);
  if (!mapping.deleted && isSameFile(path, mapping)) return openElf(path);
  throw new BinaryError("unreadable-file", `cannot open ${mapping.path} of process ${pid}`, {
    cause,
    hint: mapping.deleted
      ? "the file was replaced or removed while it ran: CAP_SYS_ADMIN opens it all the same"
      : "it lies in a file system that this process cannot see",
  });
}
