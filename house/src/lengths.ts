import { isGenerated, isTest, packageOf, type SourceFile } from "./files.js";

/**
 * limits are lines per source file of a package, tests and generated files left out
 * (the best code of our field: median 64-145, 90th percentile 247-500, see CONTRIBUTING.md).
 */
export const limits = { median: 150, p90: 400, largest: 700 } as const;

/** LengthRow is one package's table row. */
export interface LengthRow {
  readonly name: string;
  readonly files: number;
  readonly median: number;
  readonly p90: number;
  readonly largest: number;
  readonly largestFile: string;
}

const linesOf = (file: SourceFile): number =>
  file.text.split("\n").length - (file.text.endsWith("\n") ? 1 : 0);

/** lengthTable counts lines per file and gives a row per package. */
export function lengthTable(files: readonly SourceFile[]): LengthRow[] {
  const byPackage = new Map<string, SourceFile[]>();
  for (const file of files) {
    if (isTest(file.path) || isGenerated(file.path)) continue;
    const name = packageOf(file.path);
    byPackage.set(name, [...(byPackage.get(name) ?? []), file]);
  }
  return [...byPackage].map(([name, members]) => {
    const sorted = [...members].sort((a, b) => linesOf(a) - linesOf(b));
    const at = (share: number): number =>
      linesOf(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as SourceFile);
    const last = sorted[sorted.length - 1] as SourceFile;
    return {
      name,
      files: sorted.length,
      median: at(0.5),
      p90: at(0.9),
      largest: linesOf(last),
      largestFile: last.path,
    };
  });
}

/** lengthViolations says which rows pass a limit. */
export function lengthViolations(rows: readonly LengthRow[]): string[] {
  const problems: string[] = [];
  for (const row of rows) {
    if (row.median > limits.median)
      problems.push(`${row.name}: median ${row.median} lines, limit ${limits.median}`);
    if (row.p90 > limits.p90)
      problems.push(`${row.name}: 90th percentile ${row.p90} lines, limit ${limits.p90}`);
    if (row.largest > limits.largest)
      problems.push(
        `${row.largestFile}: ${row.largest} lines, limit ${limits.largest}; it is two nouns, split it`,
      );
  }
  return problems;
}

/** drawTable prints the rows for people. */
export function drawTable(rows: readonly LengthRow[]): string {
  const line = (cells: readonly (string | number)[]): string =>
    cells.map((cell, i) => (i === 0 ? String(cell).padEnd(12) : String(cell).padStart(8))).join("");
  return [
    line(["package", "files", "median", "p90", "largest"]),
    ...rows.map((row) => line([row.name, row.files, row.median, row.p90, row.largest])),
  ].join("\n");
}
