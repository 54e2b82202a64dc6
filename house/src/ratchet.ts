import { codeOnly } from "./code.js";
import { isGenerated, isTest, packageOf, type SourceFile } from "./files.js";

/** Habit is something we want less of: each use is counted, the count may only fall. */
export interface Habit {
  readonly key: string;
  readonly pattern: RegExp;
  /** inComments: look at the comments too (for words such as TODO). */
  readonly inComments?: boolean;
}

/** habits are the rows of the ratchet. */
export const habits: readonly Habit[] = [
  { key: "any", pattern: /(?::|<|\bas)\s*any\b/g },
  { key: "non-null", pattern: /[\w)\]]!(?=[.;,)\]\s[])(?!=)/g },
  { key: "cast", pattern: /\bas\s+(?!const\b)[A-Za-z{([]/g },
  { key: "ts-ignore", pattern: /@ts-(?:ignore|nocheck|expect-error)/g, inComments: true },
  { key: "todo", pattern: /\b(?:TODO|FIXME|XXX)\b/g, inComments: true },
];

/** Counts is habit -> package -> uses; zero is left out. */
export type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** countHabits counts every habit per package, tests, generated files and this folder's own rows left out. */
export function countHabits(files: readonly SourceFile[]): Counts {
  const counts: Record<string, Record<string, number>> = {};
  for (const { key } of habits) counts[key] = {};
  for (const file of files) {
    if (isTest(file.path) || isGenerated(file.path) || packageOf(file.path) === "house") continue;
    // Imports rename with "as" too, which is no cast.
    const code = codeOnly(file.text).replace(/^\s*(?:import|export)\b[^;]*?\bfrom\b/gm, "");
    for (const { key, pattern, inComments } of habits) {
      const uses = ((inComments ? file.text : code).match(pattern) ?? []).length;
      const row = counts[key];
      if (uses > 0 && row !== undefined) row[packageOf(file.path)] = (row[packageOf(file.path)] ?? 0) + uses;
    }
  }
  return counts;
}

/** ratchetViolations compares with the recorded counts: a rise is refused, a fall has to be recorded. */
export function ratchetViolations(counts: Counts, recorded: Counts): string[] {
  const problems: string[] = [];
  for (const { key } of habits) {
    const names = new Set([...Object.keys(counts[key] ?? {}), ...Object.keys(recorded[key] ?? {})]);
    for (const name of [...names].sort()) {
      const now = counts[key]?.[name] ?? 0;
      const was = recorded[key]?.[name] ?? 0;
      if (now > was) problems.push(`${name}: ${key} rose from ${was} to ${now}; find a way without`);
      if (now < was)
        problems.push(`${name}: ${key} fell from ${was} to ${now}; good: run "npm run ratchet" to record it`);
    }
  }
  return problems;
}
