import { createWriteStream, existsSync, readFileSync, statSync, type WriteStream } from "node:fs";
import { type Closing, newClosing } from "../closing.js";
import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import { durationOption, type Parsed } from "../options.js";
import { compileFiles, sourceOptions, sourcesOf } from "../programs.js";
import { newPrinter } from "../trace/print.js";
import { runProgram } from "../trace/run-program.js";

export const command: Command = {
  name: "trace",
  summary: "Runs a probe program: prints its events as they come and its maps at the end.",
  usage: "trace 'PROBE { … }' | FILE.bt | FILE.go3s… [options]",
  options: [
    { name: "expression", short: "e", value: "PROGRAM", help: "a one-liner in bpftrace's language" },
    {
      name: "pid",
      short: "p",
      value: "PID",
      help: "uprobes only in this process; sets the program's `target` variable",
    },
    { name: "command", short: "c", value: "COMMAND", help: "run a command and trace until it ends" },
    { name: "output", short: "o", value: "FILE", help: "write there instead of stdout" },
    { name: "format", short: "f", value: "F", help: "text (default) or json" },
    { name: "duration", value: "TIME", help: "stop after 10s, 2m, …" },
    ...sourceOptions,
    {
      name: "list",
      short: "l",
      help: "list probes that fit a pattern, or a script's; -v shows their arguments",
    },
    {
      name: "extension",
      value: "MODULE",
      multiple: true,
      help: "a module with predicates and kinds of probes for scripts",
    },
    { name: "unsafe", help: "allow scripts what changes the machine: system(), signal()" },
    { name: "debug", short: "d", help: "print the compiled program and stop" },
    { name: "verbose", short: "v", help: "say what is attached and what the compiler did" },
    { name: "dry-run", help: "load and attach, then stop" },
  ],
  examples: [
    "go3s trace 'tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }'",
    "go3s trace examples/syn-count.go3s",
    "go3s trace examples/syn-count.go3s -c 'curl -s http://127.0.0.1:7303/healthz'",
    "go3s trace probe.go3s -f json --duration 10s",
    "go3s trace -lv 'tracepoint:sock:*'",
  ],
  run,
};

async function run(parsed: Parsed, context: Context): Promise<number> {
  const { output, interrupted } = context;
  const duration = durationOption(parsed, "duration");
  const format = parsed.text("format") ?? (output.json ? "json" : "text");
  if (format !== "text" && format !== "json")
    throw new CliError("usage", `-f ${format}: not a format`, "text or json");
  const pid = pidOf(parsed);
  if (parsed.flag("list")) {
    const { list } = await import("../bpftrace/list.js");
    const [search, ...parameters] = parsed.positionals;
    const expression = parsed.text("expression");
    return list({ search, expression, parameters, verbose: parsed.flag("verbose"), pid }, output);
  }
  const script = scriptOf(parsed);
  if (script !== undefined) {
    // What scripts need is only loaded for them.
    const { runScript } = await import("../trace/script/run.js");
    const { text, flag } = parsed;
    const flags = { debug: flag("debug"), verbose: flag("verbose"), dryRun: flag("dry-run") };
    const where = { format, output: text("output"), pid, command: text("command"), duration } as const;
    const paths = parsed.list("extension");
    const extensions =
      paths.length === 0 ? [] : (await import("../trace/script/extensions.js")).loadExtensions(paths);
    const { plainManner } = await import("../trace/script/manner.js");
    const manner = { ...plainManner, unsafe: flag("unsafe") };
    return runScript({ ...script, ...flags, ...where, extensions, manner }, context);
  }
  const files = filesOf(parsed);
  const compiled = compileFiles(
    files,
    parsed.flag("debug") ? { emit: ["asm"] } : {},
    output.note,
    await sourcesOf(parsed),
  );
  if (parsed.flag("debug")) {
    output.line(compiled.stages.asm ?? "");
    return exitCodes.done;
  }
  const closing = newClosing();
  try {
    const printer = newPrinter(format, sink(parsed, context, closing));
    const attached = (probes: number): void => {
      printer.attached(probes);
      if (!parsed.flag("verbose")) return;
      for (const program of compiled.programs)
        output.note(`${program.name}: ${program.section}, ${program.instructions} instructions`);
    };
    await runProgram(
      {
        compiled,
        printer: { ...printer, attached },
        pid,
        command: parsed.text("command"),
        duration,
        dryRun: parsed.flag("dry-run"),
      },
      interrupted,
    );
  } finally {
    await closing.all();
  }
  return interrupted.reason === "SIGINT" ? exitCodes.interrupted : exitCodes.done;
}

interface ScriptText {
  readonly name: string;
  readonly text: string;
  readonly parameters: readonly string[];
}

/** scriptOf finds the script in bpftrace's language among the arguments: -e, a .bt file, or the program as it is. */
function scriptOf(parsed: Parsed): ScriptText | undefined {
  const given = parsed.text("expression");
  if (given !== undefined) return { name: "-e", text: given, parameters: parsed.positionals };
  const [first, ...parameters] = parsed.positionals;
  if (first === undefined || first.endsWith(".go3s")) return undefined;
  if (first.includes("{")) return { name: "one-liner", text: first, parameters };
  if (first === "-") return { name: "stdin", text: readFileSync(0, "utf8"), parameters };
  if (!existsSync(first) || statSync(first).isDirectory()) return undefined;
  return { name: first, text: readFileSync(first, "utf8"), parameters };
}

function filesOf(parsed: Parsed): readonly string[] {
  const files = parsed.positionals;
  if (files.length === 0)
    throw new CliError("usage", "no probe program given", "go3s trace 'PROBE { … }', or a .bt or .go3s file");
  const isPackage = (file: string): boolean => existsSync(file) && statSync(file).isDirectory();
  const other = files.find((file) => !file.endsWith(".go3s") && !isPackage(file));
  if (other !== undefined)
    throw new CliError(
      "usage",
      `"${other}" is no probe program and no file`,
      "give a one-liner (PROBE { … }), a .bt or a .go3s file",
    );
  return files;
}

function pidOf(parsed: Parsed): number | undefined {
  const text = parsed.text("pid");
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new CliError("usage", `-p ${text}: not a process id`);
  return Number(text);
}

/** sink is where the printer's lines go. */
function sink(parsed: Parsed, { output }: Context, closing: Closing): (line: string) => void {
  const path = parsed.text("output");
  if (path === undefined) return output.line;
  const file: WriteStream = createWriteStream(path);
  closing.defer(
    () =>
      new Promise<void>((resolve, reject) =>
        file.end((error?: Error | null) => (error ? reject(error) : resolve())),
      ),
  );
  return (line) => void file.write(`${line}\n`);
}
