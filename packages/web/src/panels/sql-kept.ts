import { keep, stored } from "../base/settings.js";

const historyKey = "go3s.sql";
const savedKey = "go3s.sql.saved";
const historyMost = 50;
const savedMost = 200;

/** Saved is a statement with the name it was kept under. */
export interface Saved {
  readonly title: string;
  readonly sql: string;
}

function listAt(key: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(stored(key) ?? "[]");
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

/** sqlHistory lists the statements that ran, newest first. */
export const sqlHistory = (): readonly string[] =>
  listAt(historyKey).filter((entry) => typeof entry === "string");

/** remember puts a statement first in the history. */
export function remember(sql: string): void {
  const others = sqlHistory().filter((entry) => entry !== sql);
  keep(historyKey, JSON.stringify([sql, ...others].slice(0, historyMost)));
}

function isSaved(entry: unknown): entry is Saved {
  return (
    typeof entry === "object" &&
    entry !== null &&
    "title" in entry &&
    "sql" in entry &&
    typeof entry.title === "string" &&
    typeof entry.sql === "string"
  );
}

/** savedSql lists the statements that were kept, by name. */
export const savedSql = (): readonly Saved[] => listAt(savedKey).filter(isSaved);

/** saveSql keeps a statement under a name; without a statement the name is taken away. */
export function saveSql(title: string, sql: string | undefined): void {
  const others = savedSql().filter((entry) => entry.title !== title);
  const all = sql === undefined ? others : [...others, { title, sql }];
  keep(savedKey, JSON.stringify(all.sort((a, b) => a.title.localeCompare(b.title)).slice(0, savedMost)));
}
