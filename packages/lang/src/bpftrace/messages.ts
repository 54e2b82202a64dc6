import type { Diagnostic } from "../source/diagnostics.js";
import { lineText, placeOf, type Range, type SourceFile } from "../source/file.js";

/** where writes a stretch of a script as bpftrace does: `stdin:1:9-14`, or `stdin:1-3` over several lines. */
export function scriptPlace(files: readonly SourceFile[], range: Range): string {
  const start = placeOf(files, range.start);
  const end = placeOf(files, Math.max(range.start, range.end));
  if (start === undefined) return "";
  if (end === undefined || end.line === start.line)
    return `${start.file.name}:${start.line}:${start.column}-${start.column + range.end - range.start}`;
  return `${start.file.name}:${start.line}-${end.line}`;
}

const spaced = (text: string): string => text.replace(/\t/g, "    ");

/** scriptContext gives the line of a script with the stretch marked, or the lines it goes over. */
export function scriptContext(files: readonly SourceFile[], range: Range): string[] {
  const start = placeOf(files, range.start);
  if (start === undefined) return [];
  const end = placeOf(files, Math.max(range.start, range.end)) ?? start;
  if (end.line > start.line)
    return Array.from({ length: end.line - start.line + 1 }, (_, i) => lineText(start.file, start.line + i));
  const line = lineText(start.file, start.line);
  const before = line.slice(0, start.column - 1);
  const marked = line.slice(start.column - 1, start.column - 1 + range.end - range.start);
  return [spaced(line), `${spaced(before).replace(/./g, " ")}${"~".repeat(spaced(marked).length)}`];
}

function lines(files: readonly SourceFile[], level: string, range: Range, message: string): string[] {
  return [`${scriptPlace(files, range)}: ${level}: ${message}`, ...scriptContext(files, range)];
}

/** bare: what bpftrace finds while it attaches has no place in the script. */
const bare = (level: string, { message, hint }: Diagnostic): string[] =>
  hint === undefined ? [`${level}: ${message}`] : [`${level}: ${message}`, hint];

/** renderScriptMessages writes diagnostics in bpftrace's shape: errors first, then warnings. */
export function renderScriptMessages(
  result: { readonly files: readonly SourceFile[]; readonly diagnostics: readonly Diagnostic[] },
  warnings: boolean,
): string {
  const of = (severity: Diagnostic["severity"], level: string): string[] =>
    result.diagnostics
      .filter((each) => each.severity === severity)
      .flatMap((each) => (each.id === "unattachable" ? bare(level, each) : placed(level, each)));
  const placed = (level: string, each: Diagnostic): string[] => [
    ...lines(result.files, level, each, each.message),
    ...(each.hint === undefined ? [] : [`HINT: ${each.hint}`]),
    ...each.notes.flatMap((note) => lines(result.files, level, note, note.message)),
  ];
  return [...of("error", "ERROR"), ...(warnings ? of("warning", "WARNING") : [])].join("\n");
}
