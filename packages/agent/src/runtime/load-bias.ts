import { readMaps } from "@go3s/binary";
import type { GoLayout } from "./go-layout.js";

/**
 * loadBias is how far above its link-time addresses a process's program is loaded: 0 unless it was built to be movable.
 * Undefined when the process is gone or its program is mapped nowhere. `inode` is the executable's.
 */
export function loadBias(pid: number, layout: GoLayout, inode: number): number | undefined {
  if (!layout.movable) return 0;
  for (const mapping of readMaps(pid)) {
    if (mapping.inode !== inode || mapping.fileOffset !== 0) continue;
    // The first segment begins the file, and whole pages are mapped.
    return mapping.start - Math.floor(layout.lowest / 4096) * 4096;
  }
  return undefined;
}
