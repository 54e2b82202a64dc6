import { type Command, helpOf } from "./command.js";
import { CliError, exitCodes, failureOf } from "./failure.js";
import { editDistance, parseOptions } from "./options.js";
import { openOutput } from "./output.js";

/** commands maps a name to the module that runs it; modules load only when they are asked for (start-up time). */
const commands: Readonly<Record<string, { summary: string; load(): Promise<{ command: Command }> }>> = {
  up: { summary: "server, agent and page on this machine", load: () => import("./commands/up.js") },
  observe: {
    summary: "attach to processes and show or send their spans",
    load: () => import("./commands/observe.js"),
  },
  trace: { summary: "run a probe program", load: () => import("./commands/trace.js") },
  bpftrace: { summary: "stand in bpftrace's place", load: () => import("./commands/bpftrace.js") },
  build: { summary: "compile a probe program to a BPF object", load: () => import("./commands/build.js") },
  load: { summary: "load, attach or pin any BPF object", load: () => import("./commands/load.js") },
  unload: { summary: "take away what load pinned", load: () => import("./commands/unload.js") },
  ps: { summary: "what Go3s holds in the kernel", load: () => import("./commands/ps.js") },
  query: { summary: "SQL over spans, logs and metrics", load: () => import("./commands/query.js") },
  doctor: { summary: "what this kernel and these rights allow", load: () => import("./commands/doctor.js") },
};

function overview(): string {
  const rows = Object.entries(commands).map(([name, row]) => `  ${name.padEnd(10)}${row.summary}`);
  return [
    "go3s COMMAND [options]: see inside running services without touching them",
    "",
    ...rows,
    "",
    "go3s COMMAND --help shows a command's options and examples.",
  ].join("\n");
}

function unknownCommand(name: string): CliError {
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

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  const cut = rest.indexOf("--");
  const own = cut < 0 ? rest : rest.slice(0, cut);
  const output = openOutput(own.includes("--json"));
  try {
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      output.line(overview());
      return name === undefined ? exitCodes.usage : exitCodes.done;
    }
    const row = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (row === undefined) throw unknownCommand(name);
    const { command } = await row.load();
    if (command.bare !== undefined) return await command.bare(rest, { output, interrupted: interruption() });
    if (own.includes("--help") || own.includes("-h")) {
      output.line(helpOf(command));
      return exitCodes.done;
    }
    return await command.run(parseOptions(command.options, rest), { output, interrupted: interruption() });
  } catch (error) {
    const failure = failureOf(error);
    output.failure(failure);
    return failure.exitCode;
  }
}

// A reader that went away (`go3s query … | head`) is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.done);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));
