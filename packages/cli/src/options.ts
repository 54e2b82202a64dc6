import { parseArgs } from "node:util";
import { CliError } from "./failure.js";

/** OptionRow is one flag of a command; `value` names its argument, without it the flag is a switch. */
export interface OptionRow {
  readonly name: string;
  readonly short?: string;
  readonly value?: string;
  readonly multiple?: boolean;
  /** rare is one that --help only names, so that help stays a screen; `go3s help COMMAND` says what it is for. */
  readonly rare?: boolean;
  /** help is "" for a flag that another one's tells of. */
  readonly help: string;
}

/** Parsed is a command line taken apart. */
export interface Parsed {
  readonly positionals: readonly string[];
  /** rest is what stands behind "--", undefined without one. */
  readonly rest: readonly string[] | undefined;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  flag(name: string): boolean;
}

/** commonOptions are every command's. */
export const commonOptions: readonly OptionRow[] = [
  { name: "json", help: "one JSON value per line on stdout, nothing else there" },
  { name: "help", short: "h", help: "show this" },
];

/** parseOptions takes arguments apart by the rows; a flag that is not there is a usage error with the nearest name. */
export function parseOptions(rows: readonly OptionRow[], argv: readonly string[]): Parsed {
  const all = [...rows, ...commonOptions];
  const options = Object.fromEntries(
    all.map((row) => [
      row.name,
      {
        type: row.value === undefined ? ("boolean" as const) : ("string" as const),
        ...(row.short === undefined ? {} : { short: row.short }),
        ...(row.multiple ? { multiple: true } : {}),
      },
    ]),
  );
  const cut = argv.indexOf("--");
  const own = (cut < 0 ? argv : argv.slice(0, cut)).map((arg) => longOption(arg, all));
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...own], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError(error, own, all);
  }
  const { values } = parsed;
  return {
    positionals: parsed.positionals,
    rest: cut < 0 ? undefined : argv.slice(cut + 1),
    text(name) {
      const value = values[name];
      return typeof value === "string" ? value : undefined;
    },
    list(name) {
      const value = values[name];
      if (typeof value === "string") return [value];
      return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
    },
    flag: (name) => values[name] === true,
  };
}

/** longOption takes Go's spelling of flags too: `-target=bpffs` is `--target=bpffs`. */
function longOption(arg: string, rows: readonly OptionRow[]): string {
  const name = /^-([a-z][a-z-]+)(?:=|$)/.exec(arg)?.[1];
  return name !== undefined && rows.some((row) => row.name === name) ? `-${arg}` : arg;
}

function usageError(error: unknown, argv: readonly string[], rows: readonly OptionRow[]): CliError {
  const message = error instanceof Error ? (error.message.split(". ")[0] ?? error.message) : String(error);
  const unknown = argv.find(
    (arg) => arg.startsWith("--") && !rows.some((row) => `--${row.name}` === arg.split("=")[0]),
  );
  const near =
    unknown === undefined ? undefined : nearest(unknown.replace(/^--/, "").split("=")[0] ?? "", rows);
  return new CliError(
    "usage",
    message,
    near === undefined ? "--help lists the options" : `did you mean --${near}?`,
  );
}

function nearest(word: string, rows: readonly OptionRow[]): string | undefined {
  const ranked = rows
    .map((row) => ({ name: row.name, distance: editDistance(word, row.name) }))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0] !== undefined && ranked[0].distance <= 2 ? ranked[0].name : undefined;
}

/** editDistance counts the single-letter edits between two words (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a.charAt(i - 1) === b.charAt(j - 1) ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** portOption reads a port number from 0 (any free one) to 65535. */
export function portOption(parsed: Parsed, name: string, standard: number): number {
  const text = parsed.text(name);
  return text === undefined ? standard : portNumber(name, text);
}

/** portNumber reads what was given for a port. */
export function portNumber(name: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535)
    throw new CliError("usage", `--${name} ${text}: not a port (0 to 65535)`);
  return port;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** durationOption reads "500ms", "10s", "2m" or "1h" as milliseconds; a bare number means seconds. */
export function durationOption(parsed: Parsed, name: string): number | undefined {
  const text = parsed.text(name);
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match === null)
    throw new CliError("usage", `--${name} ${text}: not a duration`, "write it as 500ms, 10s, 2m or 1h");
  return Number(match[1]) * (units[match[2] ?? "s"] ?? 1000);
}
