import { existsSync, readFileSync } from "node:fs";
import type { Command, Context } from "../command.js";
import { CliError } from "../failure.js";
import type { Parsed } from "../options.js";
import { runScript } from "../trace/script/run.js";

export const command: Command = {
  name: "bpftrace",
  summary: "Runs a script as `bpftrace` does, with its options: put it in bpftrace's place.",
  usage: "bpftrace [options] FILE | -e 'PROBE { … }' [PARAMETER…]",
  options: [
    { name: "expression", short: "e", value: "PROGRAM", help: "the script itself" },
    { name: "pid", short: "p", value: "PID", help: "uprobes and USDT only in this process" },
    { name: "cmd", short: "c", value: "COMMAND", help: "run a command and trace until it ends" },
    { name: "output", short: "o", value: "FILE", help: "write there instead of stdout" },
    { name: "format", short: "f", value: "F", help: "text (default) or json" },
    { name: "quiet", short: "q", help: "no notes" },
    { name: "verbose", short: "v", help: "say what is attached" },
    { name: "debug", short: "d", value: "STAGE", help: "print a stage of the compiler and stop" },
    { name: "dry-run", help: "load and attach, then stop" },
    { name: "unsafe", help: "allow system(), signal() and the like" },
    { name: "include", short: "I", value: "DIR", multiple: true, help: "taken; types come from BTF" },
    { name: "no-warnings", help: "no warnings" },
    { name: "verify-llvm-ir", help: "taken, without effect" },
    { name: "no-feature", value: "NAMES", help: "taken, without effect" },
    { name: "btf", help: "taken, without effect" },
  ],
  examples: ["go3s bpftrace -e 'BEGIN { printf(\"hello\\n\"); exit(); }'"],
  run,
};

async function run(parsed: Parsed, context: Context): Promise<number> {
  const { text, flag } = parsed;
  const format = text("format") ?? "text";
  if (format !== "text" && format !== "json")
    throw new CliError("usage", `-f ${format}: not a format`, "text or json");
  const script = scriptOf(parsed);
  return runScript(
    {
      ...script,
      format,
      pid: text("pid") === undefined ? undefined : Number(text("pid")),
      command: text("cmd"),
      output: text("output"),
      duration: undefined,
      debug: text("debug") !== undefined,
      verbose: flag("verbose"),
      dryRun: flag("dry-run"),
    },
    context,
  );
}

function scriptOf(parsed: Parsed): { name: string; text: string; parameters: readonly string[] } {
  const given = parsed.text("expression");
  const rest = [...parsed.positionals, ...(parsed.rest ?? [])];
  if (given !== undefined) return { name: "-e", text: given, parameters: rest };
  const [first, ...parameters] = rest;
  if (first === undefined)
    throw new CliError("usage", "no script given", "bpftrace FILE, or -e 'PROBE { … }'");
  if (first === "-") return { name: "stdin", text: readFileSync(0, "utf8"), parameters };
  if (!existsSync(first)) throw new CliError("file-unreadable", `there is no file ${first}`);
  return { name: first, text: readFileSync(first, "utf8"), parameters };
}
