import { scanSegment } from "../wal/reader.js";
import type { Damage } from "../wal/recover.js";
import { segmentNumber } from "../wal/segment.js";
import type { FaultyFileSystem } from "./faulty-file-system.js";

/** readLog gives every payload, as text, that a reader finds in the segments of `directory`, and what it cannot use. */
export async function readLog(
  fileSystem: FaultyFileSystem,
  directory: string,
): Promise<{ readonly payloads: string[]; readonly damages: Damage[] }> {
  const payloads: string[] = [];
  const damages: Damage[] = [];
  for (const name of await fileSystem.list(directory)) {
    if (segmentNumber(name) === undefined) continue;
    const path = `${directory}/${name}`;
    const file = await fileSystem.openRead(path);
    for await (const step of scanSegment(file, await fileSystem.size(path))) {
      if (step.frame === undefined) damages.push(step.damage);
      else payloads.push(Buffer.from(step.frame.payload).toString());
    }
  }
  return { payloads, damages };
}
