import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../errors.js";

/*
 * ClickHouse's own list of inserted blocks, one text file or more beside the parts of a table:
 *
 *     <1 added, 2 dropped> TAB <part> TAB <hash of the token> LF
 *
 * MergeTreeSink::finishDelayedChunk (ClickHouse 26.7) writes the line before it gives the part its name. A process that
 * is killed between the two leaves a line that says "is there" of rows that are not, and the repeated insert of that
 * segment would be taken for a repeat: rows that were acknowledged would be lost. So the lines are compared with the
 * parts before the engine opens the tables. A line without its part is never of use: the rows are not there.
 */

const LOG_FOLDER = "deduplication_logs";
const ADDED = "1";

/** PartName is `PARTITION_MIN_MAX_LEVEL[_MUTATION]`: a part holds the blocks from min to max of its partition. */
interface PartName {
  readonly partition: string;
  readonly min: number;
  readonly max: number;
}

function parsePartName(name: string): PartName | undefined {
  const match = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/.exec(name);
  const [, partition, min, max] = match ?? [];
  return partition === undefined ? undefined : { partition, min: Number(min), max: Number(max) };
}

/** logFolders lists the folders that hold such files: `store/PREFIX/UUID/deduplication_logs`. */
function logFolders(databaseDirectory: string): string[] {
  const root = join(databaseDirectory, "store");
  const folders: string[] = [];
  for (const prefix of namesIn(root)) {
    for (const table of namesIn(join(root, prefix))) {
      if (namesIn(join(root, prefix, table)).includes(LOG_FOLDER)) {
        folders.push(join(root, prefix, table, LOG_FOLDER));
      }
    }
  }
  return folders;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return [];
    throw error;
  }
}

function logFiles(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => /^deduplication_log_\d+\.txt$/.test(name))
    .map((name) => join(folder, name));
}

/** replaceFile puts `text` in the place of a file, whole or not at all. */
function replaceFile(path: string, text: string): void {
  const own = `${path}.go3s`;
  const file = openSync(own, "w", 0o640);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(own, path);
}

/**
 * mendDeduplicationLogs removes the lines whose rows are not in the tables, and gives how many there were. The engine
 * must not be running.
 */
export function mendDeduplicationLogs(databaseDirectory: string): number {
  let removed = 0;
  for (const folder of logFolders(databaseDirectory)) {
    const parts = namesIn(join(folder, "..")).flatMap((name) => parsePartName(name) ?? []);
    const isThere = (name: string): boolean => {
      const wanted = parsePartName(name);
      if (wanted === undefined) return false;
      const { partition, min, max } = wanted;
      return parts.some((part) => part.partition === partition && part.min <= min && part.max >= max);
    };
    for (const path of logFiles(folder)) {
      const text = readFileSync(path, "utf8");
      const lines = text.split("\n").filter((line) => line !== "");
      const kept = lines.filter((line) => {
        const [operation, part = "", block] = line.split("\t");
        return operation !== ADDED || (block !== undefined && isThere(part));
      });
      const mended = kept.map((line) => `${line}\n`).join("");
      if (mended === text) continue;
      replaceFile(path, mended);
      removed += lines.length - kept.length;
    }
  }
  return removed;
}

/**
 * syncDeduplicationLogs makes the lines durable. ClickHouse syncs the parts and not these, so that after a power
 * failure a segment that came back would be inserted twice.
 */
export function syncDeduplicationLogs(databaseDirectory: string): void {
  for (const folder of logFolders(databaseDirectory)) {
    for (const path of logFiles(folder)) {
      const file = openSync(path, "r");
      try {
        fdatasyncSync(file);
      } finally {
        closeSync(file);
      }
    }
  }
}
