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

/** logSummary gives what the verifier objects to in one line: the log's last line of substance. */
export function logSummary(log: string): string {
  const lines = log.split("\n").filter((line) => line.trim() !== "" && !isStatistics(line));
  const last = lines.at(-1);
  if (last === undefined) return "the verifier gave no reason";
  const before = lines.at(-2);
  // "invalid access" and its like stand below the register state or the hint they continue.
  if (before !== undefined && (last.startsWith("\t") || /^R\d+ /.test(before))) {
    return `${before.trim()}: ${last.trim()}`;
  }
  return last.trim();
}

function isStatistics(line: string): boolean {
  return /^(processed \d+ insns|verification time|stack depth|insns processed|max_states)/.test(line);
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
