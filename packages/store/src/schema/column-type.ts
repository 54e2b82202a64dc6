import { COLUMNS, type Signal } from "./columns.js";

/** typeOf gives the table's type of a column: where ingest writes the very same. */
export function typeOf(signal: Signal, name: string): string {
  const column = COLUMNS[signal].find((candidate) => candidate.name === name);
  if (column === undefined) throw new TypeError(`${signal} has no column ${name}`);
  return column.type;
}
