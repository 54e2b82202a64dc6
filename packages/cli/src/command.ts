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

/** helpOf draws a command's help: one screen, made from its rows. */
export function helpOf(command: Command): string {
  const rows = [...command.options, ...commonOptions].filter(({ help }) => help !== "");
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
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
  ].join("\n");
}
