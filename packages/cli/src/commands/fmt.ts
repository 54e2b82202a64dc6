import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { formatSource } from "@go3s/lang";
import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import type { Parsed } from "../options.js";

export const command: Command = {
  name: "fmt",
  summary: "Lays out .go3s files as gofmt does.",
  usage: "fmt [FILE.go3s | DIR | -]… [options]",
  options: [
    {
      name: "check",
      help: "change nothing: name the files that would change, and end with 1 if there are any",
    },
    { name: "stdout", help: "print the result instead of writing it" },
  ],
  examples: ["go3s fmt", "go3s fmt probes/ --check", "go3s fmt - < probe.go3s"],
  run,
};

async function run(parsed: Parsed, context: Context): Promise<number> {
  const { output } = context;
  const check = parsed.flag("check");
  const given = parsed.positionals.length === 0 ? ["."] : parsed.positionals;
  let changes = 0;
  let broken = 0;
  for (const path of given.flatMap(filesOf)) {
    const source = path === "-" ? await readAll(process.stdin) : readText(path);
    const formatted = await formatSource(source);
    if (formatted.problem !== undefined) {
      const { line, column, problem } = formatted;
      const file = path === "-" ? "stdin" : path;
      if (output.json) output.value({ file, line, column, problem });
      output.note(`${file}:${line}:${column}: ${problem}`);
      broken++;
      continue;
    }
    const changed = formatted.text !== source;
    if (changed) changes++;
    if (path === "-" ? !check : parsed.flag("stdout")) {
      await output.bytes(Buffer.from(formatted.text));
      continue;
    }
    if (output.json) output.value({ file: path, changed });
    else if (changed) output.line(path);
    if (changed && !check) writeFileSync(path, formatted.text);
  }
  if (broken > 0) return exitCodes.usage;
  return check && changes > 0 ? exitCodes.failed : exitCodes.done;
}

/** filesOf finds the .go3s files below a folder; a file is itself, "-" is stdin. */
function filesOf(path: string): string[] {
  if (path === "-") return [path];
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw unreadable(path, error);
  }
  if (!isFolder) {
    if (!path.endsWith(".go3s"))
      throw new CliError(
        "usage",
        `${path}: only .go3s files are formatted`,
        "scripts in bpftrace's language are not",
      );
    return [path];
  }
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".go3s") && !/(?:^|\/)(?:node_modules|\.git)\//.test(name))
    .sort()
    .map((name) => join(path, name));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): CliError {
  const why = error instanceof Error ? error.message : String(error);
  return new CliError("file-unreadable", `cannot read ${path}: ${why}`);
}
