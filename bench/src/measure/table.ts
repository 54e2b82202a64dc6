/** printTable prints rows under headings; numbers stand right. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => (row[i] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ");
  console.log(line(headings));
  for (const row of rows) console.log(line(row));
}

/** thousands writes a whole number with separators. */
export const thousands = (value: number): string => Math.round(value).toLocaleString("en-US");

/** mebibytes writes bytes as MiB. */
export const mebibytes = (bytes: number): string => `${(bytes / 1048576).toFixed(0)} MiB`;
