import type { SourceLine } from "./spec.js";

/** failingSlot gives the slot of the last instruction the verifier wrote down, undefined if there is none. */
export function failingSlot(log: string): number | undefined {
  const lines = log.split("\n");
  for (let i = lines.length - 1; i >= 0; i--) {
    const found = /^(\d+): \([0-9a-f]{2}\) /.exec(lines[i] ?? "");
    if (found !== null) return Number(found[1]);
  }
  return undefined;
}

/** lineAt gives the source line of a slot: the last one that begins at or before it. */
export function lineAt(lines: readonly SourceLine[], slot: number): SourceLine | undefined {
  let found: SourceLine | undefined;
  for (const line of lines) {
    if (line.slot > slot) break;
    found = line;
  }
  return found;
}

/** sourceOf names the source line of a slot as `FILE:LINE:COLUMN: TEXT`, undefined when unknown. */
export function sourceOf(
  lines: readonly SourceLine[] | undefined,
  slot: number | undefined,
): string | undefined {
  if (lines === undefined || slot === undefined) return undefined;
  const line = lineAt(lines, slot);
  if (line === undefined) return undefined;
  const text = line.text.trim();
  return `${line.file}:${line.line}:${line.column}${text === "" ? "" : `: ${text}`}`;
}
