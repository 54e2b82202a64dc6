import { type Command, helpOf } from "./command.js";
import { CliError, exitCodes, failureOf } from "./failure.js";
import { editDistance, parseOptions } from "./options.js";
import { openOutput } from "./output.js";

/** CommandRow is a command's line in the overview and the way to its module, which is only taken when it is asked for. */
export interface CommandRow {
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

/** Commands maps a command's name to its row. */
export type Commands = Readonly<Record<string, CommandRow>>;

function overview(commands: Commands): string {
  const rows = Object.entries(commands).map(([name, row]) => `  ${name.padEnd(10)}${row.summary}`);
  return [
    "go3s COMMAND [options]: see inside running services without touching them",
    "",
    ...rows,
    "",
    "go3s COMMAND --help shows a command's options and examples; go3s help COMMAND all of its options.",
  ].join("\n");
}

function unknownCommand(name: string, commands: Commands): CliError {
  const near = Object.keys(commands).find((known) => editDistance(name, known) <= 2);
  return new CliError(
    "usage",
    `no command "${name}"`,
    near === undefined ? "go3s --help lists them" : `did you mean "${near}"?`,
  );
}

/** interruption aborts on SIGINT and SIGTERM; a second signal ends the process at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(exitCodes.interrupted);
      controller.abort(signal);
    });
  }
  return controller.signal;
}

async function answer(argv: readonly string[], commands: Commands): Promise<number> {
  const [name, ...rest] = argv;
  const cut = rest.indexOf("--");
  const own = cut < 0 ? rest : rest.slice(0, cut);
  const output = openOutput(own.includes("--json"));
  try {
    const asked = name === "help" ? rest[0] : undefined;
    if (asked !== undefined) {
      const row = Object.hasOwn(commands, asked) ? commands[asked] : undefined;
      if (row === undefined) throw unknownCommand(asked, commands);
      output.line(helpOf((await row.load()).command, "all"));
      return exitCodes.done;
    }
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      output.line(overview(commands));
      return name === undefined ? exitCodes.usage : exitCodes.done;
    }
    const row = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (row === undefined) throw unknownCommand(name, commands);
    const { command } = await row.load();
    if (command.bare !== undefined) return await command.bare(rest, { output, interrupted: interruption() });
    if (own.includes("--help") || own.includes("-h")) {
      output.line(helpOf(command, "screen"));
      return exitCodes.done;
    }
    return await command.run(parseOptions(command.options, rest), { output, interrupted: interruption() });
  } catch (error) {
    const failure = failureOf(error);
    output.failure(failure);
    return failure.exitCode;
  }
}

/** runCommandLine does what a command line asks and sets the process's exit code. */
export async function runCommandLine(argv: readonly string[], commands: Commands): Promise<void> {
  // A reader that went away (`go3s query … | head`) is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.done);
    const failure = failureOf(new CliError("output-failed", `cannot write to stdout: ${error.message}`));
    openOutput(argv.includes("--json")).failure(failure);
    process.exit(failure.exitCode);
  });
  process.exitCode = await answer(argv, commands);
}
