import { commonOptions, type OptionRow, type Parsed } from "./options.js";
import type { Output } from "./output.js";

/** Context is what a command gets besides its arguments. */
export interface Context {
  readonly output: Output;
  /** interrupted aborts on the first SIGINT or SIGTERM; a command stops, detaches and returns. */
  readonly interrupted: AbortSignal;
}

/** Command is one subcommand: what it takes as data, and the function that runs it and returns the exit code. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly options: readonly OptionRow[];
  readonly examples: readonly string[];
  run(parsed: Parsed, context: Context): Promise<number>;
  /** bare takes the arguments as they stand, instead of `run`: a command that has another tool's command line. */
  bare?(argv: readonly string[], context: Context): Promise<number>;
}

// What a line of names takes at most.
const lineWidth = 120;

/** helpOf draws a command's help from its rows: one screen, or all of them. */
export function helpOf(command: Command, length: "screen" | "all"): string {
  const known = [...command.options, ...commonOptions].filter(({ help }) => help !== "");
  const rows = known.filter(({ rare }) => rare !== true || length === "all");
  const others = known.filter((row) => !rows.includes(row));
  const names = rows.map(
    (row) =>
      `${row.short === undefined ? "    " : `-${row.short}, `}--${row.name}${row.value === undefined ? "" : ` ${row.value}`}`,
  );
  const width = Math.max(...names.map((name) => name.length)) + 2;
  return [
    `go3s ${command.usage}`,
    "",
    command.summary,
    "",
    ...rows.map((row, i) => `  ${(names[i] ?? "").padEnd(width)}${row.help}`),
    ...(others.length === 0 ? [] : ["", ...wrapped(command.name, others)]),
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
  ].join("\n");
}

/** wrapped names the options that are left out, and says where they are told. */
function wrapped(name: string, rows: readonly OptionRow[]): string[] {
  const lines = [`"go3s help ${name}" also tells`];
  for (const [i, row] of rows.entries()) {
    const word = `--${row.name}${i + 1 < rows.length ? "," : ""}`;
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > lineWidth) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line;
  }
  return lines;
}
