import { existsSync, readFileSync, statSync } from "node:fs";
import { type Arguments, parseArguments } from "../bpftrace/arguments.js";
import { usage, version } from "../bpftrace/usage.js";
import type { Command, Context } from "../command.js";
import { bpftraceVariables } from "../environment.js";
import { failureOf } from "../failure.js";

export const command: Command = {
  name: "bpftrace",
  summary: "Runs scripts as `bpftrace` does, with its options: put it in bpftrace's place.",
  usage: "bpftrace [options] FILE | -e 'PROBE { … }' [PARAMETER…]",
  options: [],
  examples: ["go3s bpftrace -e 'BEGIN { printf(\"hello\\n\"); exit(); }'", "go3s bpftrace --help"],
  run: async () => 1,
  bare,
};

/** Refused is a command line that bpftrace would refuse: its words are the whole message. */
class Refused extends Error {}

async function bare(argv: readonly string[], context: Context): Promise<number> {
  // Scripts and people look for bpftrace by its name: pkill, pidof, `comm` in BEGIN.
  process.title = "bpftrace";
  // Without a listener Node would open its debugger, which scripts that signal bpftrace do not want.
  process.on("SIGUSR1", () => undefined);
  try {
    return await answer(parseArguments(argv), argv.length, context);
  } catch (error) {
    if (error instanceof Error && error.name === "ScriptMistakes") {
      context.output.note(error.message);
      return 1;
    }
    const failure = failureOf(error);
    const told = error instanceof Refused ? error.message : failure.message;
    context.output.note(`ERROR: ${told}`);
    if (failure.hint !== undefined) context.output.note(`HINT: ${failure.hint}`);
    return 1;
  }
}

async function answer(given: Arguments, count: number, context: Context): Promise<number> {
  const { output } = context;
  const { flags } = given;
  if (given.wrong !== undefined || count === 0) {
    if (given.wrong !== undefined) output.note(`bpftrace: ${given.wrong}`);
    output.note(usage);
    return 1;
  }
  if (flags.has("help")) {
    output.line(usage);
    return 0;
  }
  if (flags.has("version")) {
    output.line(`bpftrace ${version}`);
    return 0;
  }
  if (flags.has("info")) {
    const { info } = await import("../bpftrace/info.js");
    output.line(info());
    return 0;
  }
  const text = (name: string): string | undefined => given.values.get(name)?.at(-1);
  if (text("cmd") !== undefined && text("pid") !== undefined) {
    output.note("ERROR: USAGE: Cannot use both -c and -p.");
    output.note(usage);
    return 1;
  }
  if (flags.has("warnings") && flags.has("no-warnings"))
    throw new Refused("USAGE: -k, --warnings conflicts with --no-warnings");
  const pid = pidOf(text("pid"));
  if (flags.has("list")) {
    const { list } = await import("../bpftrace/list.js");
    const expression = text("expression");
    return list(
      {
        search: expression === undefined ? given.rest[0] : undefined,
        expression,
        parameters: expression === undefined ? given.rest.slice(1) : given.rest,
        verbose: flags.has("verbose"),
        pid,
        debugFolders: debugFolders(given),
        traceable: text("traceable-functions"),
      },
      output,
    );
  }
  return run(given, pid, context);
}

const debugFolders = (given: Arguments): readonly string[] =>
  (given.values.get("debuginfo") ?? []).flatMap((each) => each.split(":"));

async function run(given: Arguments, pid: number | undefined, context: Context): Promise<number> {
  const { flags } = given;
  const text = (name: string): string | undefined => given.values.get(name)?.at(-1);
  const format = text("format") ?? "text";
  const buffering = text("buffering") ?? "line";
  if (buffering !== "line" && buffering !== "full" && buffering !== "none")
    throw new Refused("USAGE: -B must be either 'line', 'full', or 'none'.");
  const script = scriptOf(given);
  if (format !== "text" && format !== "json")
    throw new Refused(`Invalid output format "${format}"\nValid formats: 'text', 'json'`);
  if (given.values.has("aot"))
    throw new Refused(
      "--aot is not there: scripts start without LLVM, and go3s build makes objects ahead of time",
    );
  const mode = flags.has("test") ? "test" : flags.has("bench") ? "bench" : (text("mode") ?? "run");
  if (mode === "format" || mode === "compiler-bench" || flags.has("fmt"))
    throw new Refused(`--mode ${flags.has("fmt") ? "format" : mode} is not there`);
  if (!["run", "test", "bench", "codegen"].includes(mode))
    throw new Refused("USAGE: --mode can only be 'codegen', 'compiler-bench', 'bench', 'test' or 'format'.");
  const { runScript } = await import("../trace/script/run.js");
  return runScript(
    {
      ...script,
      named: given.named,
      format,
      pid,
      command: text("cmd"),
      output: text("output"),
      duration: undefined,
      debug: text("debug") !== undefined,
      verbose: flags.has("verbose"),
      dryRun: flags.has("dry-run"),
      variables: bpftraceVariables(),
      includes: given.values.get("include") ?? [],
      includeFolders: given.values.get("include-dir") ?? [],
      manner: {
        isBpftrace: true,
        quiet: flags.has("quiet"),
        unsafe: flags.has("unsafe"),
        warnings: !flags.has("no-warnings"),
        tellsErrors: flags.has("warnings"),
        mode,
        probeFilter: text("probe-filter"),
        buffering,
        emitObject: text("emit-elf"),
        debugFolders: debugFolders(given),
        traceable: text("traceable-functions"),
      },
    },
    context,
  );
}

function pidOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const digits = /^(?:0x[0-9a-fA-F]+|\d+)/.exec(text)?.[0];
  if (digits === undefined) throw new Refused(`Failed to parse pid: invalid integer: ${text}`);
  if (digits !== text) throw new Refused(`Failed to parse pid: invalid trailing bytes: ${text}`);
  // The kernel's own bound: PID_MAX_LIMIT of include/linux/threads.h.
  if (Number(text) > 0x400000) throw new Refused(`Pid out of range: ${text}`);
  return Number(text);
}

function scriptOf(given: Arguments): { name: string; text: string; parameters: readonly string[] } {
  const expressions = given.values.get("expression");
  if (expressions !== undefined)
    // Only the last -e counts, as in bpftrace.
    return { name: "stdin", text: expressions.at(-1) ?? "", parameters: given.rest };
  const [first, ...parameters] = given.rest;
  if (first === undefined) throw new Refused("USAGE: filename or -e 'program' required.");
  if (first === "-") return { name: "stdin", text: readFileSync(0, "utf8"), parameters };
  if (!existsSync(first)) throw new Refused(`failed to open file '${first}': No such file or directory`);
  if (statSync(first).isDirectory()) throw new Refused(`failed to open file '${first}': Is a directory`);
  return { name: first, text: readFileSync(first, "utf8"), parameters };
}
