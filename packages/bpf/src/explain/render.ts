import type { Explanation } from "./explanation.js";

function excerpt({ source }: Explanation): string[] {
  if (source === undefined || source.text.trim() === "") return [];
  const number = String(source.line);
  // Columns count from 1; line information of some compilers has none, and texts may come without their indentation.
  const column = Math.min(Math.max(1, source.column), source.text.length);
  const before = source.text.slice(0, column - 1).replace(/[^\t]/g, " ");
  const caret = source.column > 0 ? [`  ${" ".repeat(number.length)} | ${before}^`] : [];
  return [`  ${number} | ${source.text}`, ...caret];
}

/**
 * renderExplanation writes a refusal as text: place, meaning, the line with a caret, how it came to be, the kernel's
 * words and the fix.
 */
export function renderExplanation(explanation: Explanation): string {
  const { source, instruction, meaning, story, said, fix, kind } = explanation;
  const place =
    source !== undefined
      ? `${source.file}:${source.line}:${source.column}`
      : instruction === undefined
        ? "the program"
        : `instruction ${instruction.slot} (${instruction.text})`;
  return [
    `${place}: ${meaning} [${kind}]`,
    ...excerpt(explanation),
    ...story.map((sentence) => `  - ${sentence}`),
    `  verifier: ${said}`,
    `  help: ${fix}`,
  ].join("\n");
}
