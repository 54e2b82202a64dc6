import { RECEIVERS, type Receiver } from "../schema/row-columns.js";
import { MOVED } from "../schema/to-rows.js";
import { signalName } from "../signals.js";
import { tokenOf } from "../wal/convert.js";
import { realFileSystem } from "../wal/file-system.js";
import { leftSegments } from "../wal/left-segments.js";
import { Database } from "./database.js";
import { type Into, insertSegment } from "./insert-segment.js";
import type { EngineSettings } from "./protocol.js";
import { fillIn, quoteText, readSource } from "./sql.js";

/**
 * openDatabase opens the database of a directory with the schema of this release. What a release before schema 4 left in the
 * log goes into its own tables first: only those know which of it they have already. The log's segments stay, marked as settled.
 */
export async function openDatabase(settings: EngineSettings): Promise<Database> {
  const database = new Database(settings, { migrate: false });
  try {
    if (settings.log !== undefined && hasEarlierTables(database)) await finishLog(database, settings.log);
    database.migrate();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** hasEarlierTables tells whether rows are still where releases before schema 4 kept them, all of them. */
function hasEarlierTables(database: Database): boolean {
  const lines = database.run(readSource("schema/engines.sql")).split("\n");
  return MOVED.every((table) => lines.includes(`${table}\tMergeTree`));
}

async function finishLog(database: Database, log: NonNullable<EngineSettings["log"]>): Promise<void> {
  const receivers = new Map<string, Receiver>();
  const into: Into = (segment, file) => {
    const signal = signalName(file.signal);
    let receiver = signal === "profiles" ? RECEIVERS.profiles : receivers.get(signal);
    if (receiver === undefined) {
      receiver = { table: signal, columns: columnsOf(database, signal) };
      receivers.set(signal, receiver);
    }
    return { receiver, token: `${segment}-${signal}` };
  };
  const { directory, ...directories } = log;
  const tokens: string[] = [];
  for (const { path, length } of leftSegments(directory)) {
    await insertSegment(database, { path, length, ...directories }, into);
    const file = await realFileSystem.openRead(path);
    tokens.push(await tokenOf(file, path, length).finally(() => file.close()));
  }
  if (tokens.length > 0) database.markSettled(tokens);
}

function columnsOf(database: Database, table: string): Receiver["columns"] {
  const lines = database
    .run(fillIn(readSource("engine/columns.sql"), { table: quoteText(table) }))
    .split("\n");
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", type = ""] = line.split("\t");
      return { name, type };
    });
}
