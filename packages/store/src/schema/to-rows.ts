import { fillIn, readSource } from "../engine/sql.js";
import { StoreError } from "../errors.js";
import { keepFor, retentionLines } from "./retention.js";
import { RECEIVERS } from "./row-columns.js";
import { runFiles, type Steps } from "./steps.js";

/** MOVED are the tables whose rows go into those of rows.sql, and whose names become views. */
export const MOVED = ["traces", "logs", "metrics"] as const;
const beforeOf = (table: string): string => `${table}_before`;

/**
 * rowSteps brings rows that are kept in the tables of schema 1 to 3 into those of rows.sql. They are copied, all of them, before
 * anything else changes: a view over old and new rows together would have made each query slower for as long as old rows are kept.
 * Then names are changed in a few milliseconds. What fails before the last statement is undone; a process that is killed between
 * two names finds them as they are and goes on.
 */
export function* rowSteps(record: string): Steps<void> {
  const engines = yield* enginesOf();
  const old = MOVED.filter((table) => engines.get(table) === "MergeTree");
  const strange = MOVED.find((table) => !["MergeTree", "View", undefined].includes(engines.get(table)));
  if (strange !== undefined) {
    throw new StoreError(
      "migration-failed",
      `the table ${strange} is ${engines.get(strange)}: only rows of one server are moved`,
      {
        hint: "name another database; rows of this one stay",
      },
    );
  }
  if (old.length === MOVED.length) yield* copySteps();
  try {
    yield* runFiles(["rows.sql", "drop-feeds.sql"]);
    yield dropView("spans");
    for (const table of old) yield rename(table, beforeOf(table));
    yield* runFiles(["views.sql", "received.sql", "row-feeds.sql"]);
    yield record;
  } catch (error) {
    yield* undoSteps();
    throw error;
  }
}

/** cleanUpSteps drops what was moved. */
export function* cleanUpSteps(): Steps<void> {
  const engines = yield* enginesOf();
  if (MOVED.some((table) => engines.has(beforeOf(table)))) yield* runFiles(["drop-before.sql"]);
}

function* copySteps(): Steps<void> {
  yield* runFiles(["rows.sql", "drop-row-feeds.sql"]);
  for (const [table = "", , seconds] of yield* retentionLines()) {
    const signal = MOVED.find((each) => each === table);
    if (signal !== undefined && Number(seconds) > 0) yield* keepFor(RECEIVERS[signal].table, Number(seconds));
  }
  yield* runFiles(["copy-rows.sql"]);
}

function* undoSteps(): Steps<void> {
  const engines = yield* enginesOf();
  const moved = MOVED.filter((table) => engines.has(beforeOf(table)));
  yield* runFiles(["drop-row-feeds.sql"]);
  yield dropView("spans");
  for (const table of moved) {
    yield dropView(table);
    yield rename(beforeOf(table), table);
  }
  yield* runFiles(["traces.sql", "feeds.sql"]);
}

function* enginesOf(): Steps<ReadonlyMap<string, string>> {
  const lines = (yield readSource("schema/engines.sql")).split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line): [string, string] => {
      const [name = "", engine = ""] = line.split("\t");
      return [name, engine];
    }),
  );
}

function rename(from: string, to: string): string {
  return fillIn(readSource("schema/rename.sql"), { from, to });
}

function dropView(view: string): string {
  return fillIn(readSource("schema/drop-view.sql"), { view });
}
