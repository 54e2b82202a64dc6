import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { SEGMENT_HEADER_BYTES, segmentNumber } from "./segment.js";
import type { SealedSegment } from "./writer.js";

/** LeftSegment is a segment that an earlier run did not insert any more. */
export interface LeftSegment extends Pick<SealedSegment, "path" | "length" | "since_ms"> {
  readonly number: number;
}

/** leftSegments lists what an earlier run left in the log, oldest first; files without a frame are removed. */
export function leftSegments(directory: string): LeftSegment[] {
  const left: LeftSegment[] = [];
  for (const name of readdirSync(directory).sort()) {
    const number = segmentNumber(name);
    if (number === undefined) continue;
    const path = join(directory, name);
    const { size: length, mtimeMs } = statSync(path);
    if (length <= SEGMENT_HEADER_BYTES) rmSync(path, { force: true });
    else left.push({ path, length, number, since_ms: mtimeMs });
  }
  return left;
}
