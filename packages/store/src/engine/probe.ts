import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isPlainBlock, receiverOf } from "../schema/row-columns.js";
import { SIGNAL_NAMES } from "../signals.js";
import { realFileSystem } from "../wal/file-system.js";
import { scanSegment } from "../wal/reader.js";
import type { Database } from "./database.js";
import type { InsertRequest } from "./protocol.js";
import { fillIn, quoteText, readSource } from "./sql.js";

/**
 * findBadFrames offers each frame of a segment on its own to a table that keeps nothing, and gives the offsets
 * of those that the engine refuses. It is slow (a statement per frame) and runs only after an insert was refused.
 */
export async function findBadFrames(database: Database, request: InsertRequest): Promise<Set<number>> {
  const bad = new Set<number>();
  const path = join(request.temporaryDirectory, "probe.native");
  const file = await realFileSystem.openRead(request.path);
  try {
    for await (const { frame } of scanSegment(file, request.length)) {
      const signal = frame === undefined ? undefined : SIGNAL_NAMES.get(frame.header.signal);
      if (frame === undefined || signal === undefined) continue;
      await rm(path, { force: true });
      const copy = await realFileSystem.create(path);
      await copy.write([frame.payload], 0);
      await copy.close();
      const { table, columns } = receiverOf(signal, isPlainBlock(frame.payload));
      database.run(fillIn(readSource("engine/probe-table.sql"), { table }));
      const statement = fillIn(readSource("engine/insert.sql"), {
        table: "go3s_probe",
        columns: columns.map(({ name }) => name).join(", "),
        token: "probe",
        path: quoteText(path),
      });
      await database.insert(statement).catch(() => bad.add(frame.offset));
    }
  } finally {
    await file.close();
    await rm(path, { force: true });
    database.run(readSource("engine/drop-probe-table.sql"));
  }
  return bad;
}
