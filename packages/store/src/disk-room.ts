import { statfsSync, statSync } from "node:fs";
import { StoreError } from "./errors.js";

/** DiskRoom keeps log and engine from running into a full disk at the same time. */
export interface DiskRoom {
  /** requireForAppend throws `disk-full` when the log would take what the engine needs to insert. */
  requireForAppend(bytes: number): void;
  /** requireForInsert throws `disk-full` when a segment of this size could not be inserted whole. */
  requireForInsert(bytes: number): void;
}

/** RESERVE is what the log leaves free: a tenth of a small disk, 64 MiB of any other. */
const RESERVE = { bytes: 64 << 20, share: 0.1 } as const;
/** DiskDirectories are where log and engine write; they may be mounts of their own. */
export interface DiskDirectories {
  readonly log: string;
  /** temporary gets a segment converted to Native files, of its own size. */
  readonly temporary: string;
  /** database gets the parts, which are smaller than the segment. */
  readonly database: string;
}

/** LOOK_MS: the log asks once in this time, not at each commit. */
const LOOK_MS = 50;

/**
 * newDiskRoom watches the file systems of the store. The engine must not meet a full disk in the middle of an insert:
 * ClickHouse 26.7 was seen to keep a part there whose marks file had become empty, and every query of the table failed.
 */
export function newDiskRoom(directories: DiskDirectories): DiskRoom {
  const { log, temporary, database } = directories;
  let free = 0;
  let total = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const look = (): void => {
    const { bavail, blocks, bsize } = statfsSync(log);
    free = bavail * bsize;
    total = blocks * bsize;
    lookedAt = performance.now();
  };
  return {
    requireForAppend(bytes) {
      if (performance.now() - lookedAt > LOOK_MS) look();
      const reserve = Math.min(RESERVE.bytes, total * RESERVE.share);
      // Room may have been made since the last look: nothing is refused on old news.
      if (free - bytes < reserve) look();
      if (free - bytes < reserve) throw full("to keep what arrives", free, bytes + reserve);
      free -= bytes;
    },
    requireForInsert(bytes) {
      const isShared = statSync(temporary).dev === statSync(database).dev;
      requireFree(temporary, isShared ? 2 * bytes : bytes);
      if (!isShared) requireFree(database, bytes);
    },
  };
}

function requireFree(directory: string, needed: number): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < needed)
    throw full(`in ${directory} to insert a segment of the log`, bavail * bsize, needed);
}

function full(purpose: string, free: number, needed: number): StoreError {
  const mib = (bytes: number): string => (bytes / 1048576).toFixed(1);
  return new StoreError(
    "disk-full",
    `the disk has no room ${purpose}: ${mib(free)} MiB are free, ${mib(needed)} are needed`,
    {
      hint: "make room: it goes on by itself, and nothing that was acknowledged is lost",
    },
  );
}
