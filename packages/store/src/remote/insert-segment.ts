import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { cleanClickHouseError, internalErrorOf, storeErrorOf } from "../engine/clickhouse-error.js";
import { insertToken, WORLD_CODES } from "../engine/insert-segment.js";
import type { InsertRequest, InsertResult } from "../engine/protocol.js";
import { fillIn, quoteText, readSource, statementsOf } from "../engine/sql.js";
import { StoreError } from "../errors.js";
import { isPlainBlock, type Receiver, receiverOf } from "../schema/row-columns.js";
import { SIGNAL_NAMES, signalName } from "../signals.js";
import type { PayloadFile } from "../wal/convert.js";
import { convertSegment } from "../wal/convert.js";
import { realFileSystem } from "../wal/file-system.js";
import { scanSegment } from "../wal/reader.js";
import type { RemoteClient } from "./client.js";
import { engineWordsOf, isFromEngine, lostError } from "./client.js";
import type { RemoteTarget } from "./target.js";
import { statementsFor } from "./target.js";

/**
 * SERVER_CODES are errors beside WORLD_CODES that speak of a server or its cluster and not of the rows (src/Common/ErrorCodes.cpp):
 * tables, databases or columns that are not there, missing rights, a wrong password, no Keeper, no replica, too many at once.
 */
const SERVER_CODES: ReadonlySet<number> = new Set([
  16, 60, 81, 164, 192, 193, 194, 195, 202, 225, 242, 253, 254, 265, 279, 285, 286, 289, 319, 341, 359, 373,
  392, 396, 415, 452, 497, 499, 516, 519, 571, 668, 700, 701, 999,
]);
/** AT_ONCE bytes of a slice are read ahead of the network. */
const AT_ONCE = 1 << 20;

/** RemoteInsert is what an insert needs besides its segment. */
export interface RemoteInsert {
  readonly client: RemoteClient;
  readonly target: RemoteTarget;
  /** signal ends it when the engine is closed. */
  readonly signal: AbortSignal;
}

/** insertStatement gives the statement of one slice. */
export function insertStatement({ table, columns }: Receiver, token: string, target: RemoteTarget): string {
  const names = columns.map(({ name }) => name).join(", ");
  const [sql = ""] = statementsOf(readSource("remote/insert.sql"));
  return statementsFor(fillIn(sql, { table, token, columns: names }), target).join("");
}

/**
 * insertRemote puts the rows of a segment into a server's tables, slice by slice. As engine/insert-segment.ts it may be repeated
 * after any failure, of the server or of the way to it: each slice is one request, one block, and one token.
 */
export async function insertRemote(how: RemoteInsert, request: InsertRequest): Promise<InsertResult> {
  const first = await attempt(how, request, new Set());
  if (first.refused === undefined) return first.result;
  if (isOfTheWorld(first.refused)) throw refusalOf(request, first.refused);
  const bad = await findBadFrames(how, request);
  if (bad.size === 0) throw refusalOf(request, first.refused);
  const second = await attempt(how, request, bad);
  if (second.refused !== undefined) throw refusalOf(request, second.refused);
  return second.result;
}

function isOfTheWorld(error: unknown): boolean {
  if (error instanceof StoreError || !isFromEngine(error)) return true;
  const code = codeOf(error);
  return code === undefined || WORLD_CODES.has(code) || SERVER_CODES.has(code);
}

function codeOf(error: unknown): number | undefined {
  return cleanClickHouseError(engineWordsOf(error).message).code;
}

function refusalOf({ path }: InsertRequest, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (!isFromEngine(error)) return lostError(error);
  return storeErrorOf(internalErrorOf(`insert ${path}`, engineWordsOf(error)));
}

async function attempt(
  how: RemoteInsert,
  request: InsertRequest,
  excluded: ReadonlySet<number>,
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
    for (const file of converted.files) await sendFile(how, file, converted.token);
    return { result };
  } catch (refused) {
    return { result, refused };
  } finally {
    for (const file of converted.files) await rm(file.path, { force: true });
  }
}

async function sendFile({ client, target, signal: ended }: RemoteInsert, file: PayloadFile, token: string) {
  const receiver = receiverOf(signalName(file.signal), file.plain);
  let start = 0;
  for (const [number, { bytes }] of file.slices.entries()) {
    const body = createReadStream(file.path, { start, end: start + bytes - 1, highWaterMark: AT_ONCE });
    const sql = insertStatement(receiver, `${insertToken(token, file)}-${number}`, target);
    await client.insert(sql, body, {}, ended);
    start += bytes;
  }
}

/** findBadFrames offers each frame on its own to a table that keeps nothing; errors that are not the frame's are thrown. */
async function findBadFrames({ client, signal: ended }: RemoteInsert, request: InsertRequest) {
  const bad = new Set<number>();
  const file = await realFileSystem.openRead(request.path);
  try {
    for await (const { frame } of scanSegment(file, request.length)) {
      const signal = frame === undefined ? undefined : SIGNAL_NAMES.get(frame.header.signal);
      if (frame === undefined || signal === undefined) continue;
      const { columns } = receiverOf(signal, isPlainBlock(frame.payload));
      const sql = fillIn(readSource("remote/probe.sql"), {
        structure: quoteText(columns.map(({ name, type }) => `${name} ${type}`).join(", ")),
        columns: columns.map(({ name }) => name).join(", "),
      });
      try {
        const settings = { input_format_native_allow_types_conversion: 1 };
        await client.insert(sql.trim(), Readable.from([Buffer.from(frame.payload)]), settings, ended);
      } catch (error) {
        if (isOfTheWorld(error)) throw refusalOf(request, error);
        bad.add(frame.offset);
      }
    }
  } finally {
    await file.close();
  }
  return bad;
}
