import type { Range } from "../source/file.js";
import type { File } from "../syntax/ast.js";

/** Marked is generated text without its marks, and where its pieces come from. */
export interface Marked {
  readonly text: string;
  /** at are offsets in the text, ascending; from the one to the next it comes from `from`. */
  readonly at: readonly number[];
  readonly from: readonly Range[];
}

/** stripMarks takes the marks of state.ts out of generated text. */
export function stripMarks(marked: string): Marked {
  const at: number[] = [];
  const from: Range[] = [];
  let text = "";
  let last = 0;
  for (const match of marked.matchAll(/⟦(\d+),(\d+)⟧/g)) {
    text += marked.slice(last, match.index);
    at.push(text.length);
    from.push({ start: Number(match[1]), end: Number(match[2]) });
    last = match.index + match[0].length;
  }
  return { text: text + marked.slice(last), at, from };
}

/** originOf finds where an offset of the generated text comes from. */
export function originOf(marked: Marked, offset: number): Range {
  let low = 0;
  let high = marked.at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marked.at[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return marked.from[low - 1] ?? { start: 0, end: 0 };
}

interface Positioned {
  start: number;
  end: number;
}

const isPositioned = (value: object): value is Positioned =>
  "start" in value && "end" in value && typeof value.start === "number" && typeof value.end === "number";

/**
 * relocate gives every node of a tree the place of the script that it was made for: diagnostics, line records and the
 * verifier's refusals then point into the script. The tree was just parsed from generated text and is nobody else's.
 */
export function relocate(tree: File, marked: Marked): void {
  const seen = new Set<object>();
  const waiting: object[] = [tree];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    // Generated blocks keep pointers to themselves.
    if ("kind" in node && node.kind === "block") Object.assign(node, { closed: true });
    if (isPositioned(node)) {
      const { start, end } = originOf(marked, node.start);
      node.start = start;
      node.end = end;
    }
    for (const value of Object.values(node))
      if (typeof value === "object" && value !== null) waiting.push(value);
  }
}
