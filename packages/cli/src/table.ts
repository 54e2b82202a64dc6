/** Table is rows of text under headings; numbers stand right. */
export interface Table {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const numeric = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** cellText shows one value on one line: control characters are made visible, since text from outside is hostile. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "∅";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly what must not reach a terminal
  return text.replace(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, (c) =>
    c === "\n" ? "⏎" : c === "\t" ? "→" : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** drawTable draws a table that fits a width (undefined: as wide as it needs); the widest columns give way first. */
export function drawTable(
  table: Table,
  columns: number | undefined,
  bold: (text: string) => string = (text) => text,
): string[] {
  const cells = table.rows.map((row) => row.map(cellText));
  const natural = table.headings.map((heading, i) =>
    Math.max(heading.length, ...cells.map((row) => (row[i] ?? "").length), 1),
  );
  const widths = fit(natural, columns);
  const right = table.headings.map(
    (_, i) => cells.length > 0 && cells.every((row) => numeric.test(row[i] ?? "")),
  );
  const draw = (row: readonly string[]): string =>
    row
      .map((text, i) => {
        const width = widths[i] ?? text.length;
        const cut = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
        if (i === row.length - 1 && !right[i]) return cut;
        return right[i] ? cut.padStart(width) : cut.padEnd(width);
      })
      .join("  ");
  return [bold(draw(table.headings)), ...cells.map(draw)];
}

function fit(natural: readonly number[], columns: number | undefined): number[] {
  const widths = [...natural];
  if (columns === undefined) return widths;
  const smallest = 4;
  let over = widths.reduce((sum, width) => sum + width, 0) + 2 * (widths.length - 1) - columns;
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const second = Math.max(smallest, ...widths.filter((_, i) => i !== widest));
    const give = Math.min(over, Math.max(1, (widths[widest] ?? 0) - second));
    if ((widths[widest] ?? 0) - give < smallest) break;
    widths[widest] = (widths[widest] ?? 0) - give;
    over -= give;
  }
  return widths;
}
