import { rm } from "node:fs/promises";
import { messageOf, StoreError } from "../errors.js";
import { type Receiver, receiverOf } from "../schema/row-columns.js";
import { SIGNAL_NAMES, signalName } from "../signals.js";
import { convertSegment, type PayloadFile } from "../wal/convert.js";
import { realFileSystem } from "../wal/file-system.js";
import { cleanClickHouseError, internalErrorOf, storeErrorOf } from "./clickhouse-error.js";
import type { Database } from "./database.js";
import { findBadFrames } from "./probe.js";
import type { InsertRequest, InsertResult } from "./protocol.js";
import { fillIn, quoteText, readSource } from "./sql.js";

/**
 * WORLD_CODES are ClickHouse's errors that do not speak of the rows but of the machine (src/Common/ErrorCodes.cpp):
 * files that cannot be read or written, no memory, no space, too many parts, being cancelled or shut down.
 */
export const WORLD_CODES: ReadonlySet<number> = new Set([
  74, 75, 76, 77, 159, 160, 173, 203, 209, 210, 236, 241, 243, 252, 274, 394, 424, 425, 439, 473, 481, 1001,
]);

/** insertStatement gives the statement that inserts a file of blocks into what receives them. */
export function insertStatement({ table, columns }: Receiver, token: string, path: string): string {
  const names = columns.map(({ name }) => name).join(", ");
  return fillIn(readSource("engine/insert.sql"), { table, columns: names, token, path: quoteText(path) });
}

/** insertToken is the token of a payload file's rows. */
export function insertToken(segment: string, { signal, plain }: PayloadFile): string {
  const name = signalName(signal);
  // Profiles have one form; two forms of a signal in one segment are two inserts.
  return `${segment}-${name}${plain && name !== "profiles" ? "-plain" : ""}`;
}

/** Into says where a payload file of a segment goes, and under which token. */
export type Into = (
  segment: string,
  file: PayloadFile,
) => { readonly receiver: Receiver; readonly token: string };

const intoRows: Into = (segment, file) => ({
  receiver: receiverOf(signalName(file.signal), file.plain),
  token: insertToken(segment, file),
});

async function attempt(
  database: Database,
  request: InsertRequest,
  excluded: ReadonlySet<number>,
  into: Into,
): Promise<{ readonly result: InsertResult; readonly refused?: unknown }> {
  const converted = await convertSegment({
    fileSystem: realFileSystem,
    path: request.path,
    length: request.length,
    signals: new Set(SIGNAL_NAMES.keys()),
    outDirectory: request.temporaryDirectory,
    damagedDirectory: request.damagedDirectory,
    excluded,
  });
  const result = {
    rows: converted.files.map(({ signal, rows, bytes }) => ({ signal, rows, bytes })),
    damages: converted.damages,
  };
  try {
    for (const file of database.isSettled(converted.token) ? [] : converted.files) {
      const { receiver, token } = into(converted.token, file);
      await database.insert(insertStatement(receiver, token, file.path));
    }
    database.settle();
    return { result };
  } catch (refused) {
    return { result, refused };
  } finally {
    for (const file of converted.files) await rm(file.path, { force: true });
  }
}

/**
 * insertSegment puts the rows of a segment into the tables. It may be repeated after any failure, also of the
 * process: rows that are there already are not inserted again. Frames that the engine cannot take are found one
 * by one and set aside, so that one bad block never holds up the log.
 */
export async function insertSegment(
  database: Database,
  request: InsertRequest,
  into: Into = intoRows,
): Promise<InsertResult> {
  const first = await attempt(database, request, new Set(), into);
  if (first.refused === undefined) return first.result;
  const code = cleanClickHouseError(messageOf(first.refused)).code;
  const refusal = () => storeErrorOf(internalErrorOf(`insert ${request.path}`, first.refused));
  if (first.refused instanceof StoreError || (code !== undefined && WORLD_CODES.has(code))) throw refusal();
  const bad = await findBadFrames(database, request);
  // Every frame is fine alone: it was the machine after all, and the same insert is tried again later.
  if (bad.size === 0) throw refusal();
  const second = await attempt(database, request, bad, into);
  if (second.refused !== undefined)
    throw storeErrorOf(internalErrorOf(`insert ${request.path}`, second.refused));
  return second.result;
}
