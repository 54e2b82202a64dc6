import { codeHelp } from "./code-help.js";
import type { DiagnosticId } from "./codes.js";
import { lineText, placeOf, type Range, type SourceFile } from "./file.js";

/** Note points at a second place that explains a diagnostic. */
export interface Note extends Range {
  readonly message: string;
}

/** Diagnostic is one thing wrong with a program: where, what, why, and what to do. */
export interface Diagnostic extends Range {
  readonly id: DiagnosticId;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly notes: readonly Note[];
  readonly hint?: string;
}

/** Reporter collects diagnostics of one compilation. */
export interface Reporter {
  error(id: DiagnosticId, range: Range, message: string, hint?: string, notes?: readonly Note[]): void;
  warning(id: DiagnosticId, range: Range, message: string, hint?: string): void;
  readonly errors: number;
  /** list gives them sorted by place, one per place and id. */
  list(): Diagnostic[];
}

/** newReporter starts an empty collection. Errors at a place that already has one are dropped: no cascades. */
export function newReporter(): Reporter {
  const found: Diagnostic[] = [];
  const places = new Set<string>();
  let errors = 0;
  const add = (diagnostic: Diagnostic): void => {
    const told = diagnostic.severity === "error" ? "" : diagnostic.message;
    const key = `${diagnostic.severity}:${diagnostic.start}:${told}`;
    if (places.has(key)) return;
    places.add(key);
    found.push(diagnostic);
    if (diagnostic.severity === "error") errors++;
  };
  const withHint = (hint: string | undefined) => (hint === undefined ? {} : { hint });
  return {
    error: (id, { start, end }, message, hint, notes = []) =>
      add({ id, severity: "error", start, end, message, notes, ...withHint(hint) }),
    warning: (id, { start, end }, message, hint) =>
      add({ id, severity: "warning", start, end, message, notes: [], ...withHint(hint) }),
    get errors() {
      return errors;
    },
    // Beside errors warnings are mostly their shadows; that a function cannot be probed explains one.
    list: () =>
      found
        .filter((each) => errors === 0 || each.severity === "error" || each.id === "not-traceable")
        .toSorted((a, b) => a.start - b.start || a.end - b.end),
  };
}

function excerpt(files: readonly SourceFile[], range: Range): string[] {
  const place = placeOf(files, range.start);
  if (place === undefined) return [];
  const text = lineText(place.file, place.line);
  const before = text.slice(0, place.column - 1).replace(/[^\t]/g, " ");
  const room = Math.max(1, text.length - place.column + 1);
  const width = Math.max(1, Math.min(range.end - range.start, room));
  const number = String(place.line);
  return [`  ${number} | ${text}`, `  ${" ".repeat(number.length)} | ${before}${"^".repeat(width)}`];
}

function where(files: readonly SourceFile[], offset: number): string {
  const place = placeOf(files, offset);
  return place === undefined ? "?" : `${place.file.name}:${place.line}:${place.column}`;
}

/** renderDiagnostic writes one diagnostic as text: place, reason, the line with a caret, notes, the fix. */
export function renderDiagnostic(files: readonly SourceFile[], diagnostic: Diagnostic): string {
  const lines = [
    `${where(files, diagnostic.start)}: ${diagnostic.severity}: ${diagnostic.message} [${diagnostic.id}]`,
    ...excerpt(files, diagnostic),
  ];
  for (const note of diagnostic.notes) {
    lines.push(`${where(files, note.start)}: note: ${note.message}`, ...excerpt(files, note));
  }
  const hint = diagnostic.hint ?? codeHelp[diagnostic.id]?.hint;
  if (hint !== undefined) lines.push(`  help: ${hint}`);
  return lines.join("\n");
}
