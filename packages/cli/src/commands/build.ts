import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { bindingsOf, loadObject, readObject } from "@go3s/bpf";
import type { CompileResult } from "@go3s/lang";
import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import { asInput } from "../load/input.js";
import { pinAll } from "../load/pins.js";
import type { Parsed } from "../options.js";
import { compileFiles, instructionSets, sourceOptions, sourcesOf } from "../programs.js";

export const command: Command = {
  name: "build",
  summary:
    "Compiles a probe program to a BPF object that the kernel's verifier, bpftool, libbpf and ebpf-go take as it is.",
  usage: "build FILE.go3s…|DIR -o OUT.o [options]",
  options: [
    { name: "output", short: "o", value: "FILE", help: "the object file to write" },
    { name: "cpu", value: "V", help: "instruction set v1 to v4 (default v3: kernel 5.1 and newer)" },
    { name: "target", value: "KIND", help: "object (default), or bpffs: also load, pin and write bindings" },
    { name: "pin", value: "DIR", help: "with --target bpffs: where programs and maps are pinned" },
    {
      name: "bindings",
      value: "LANGS",
      help: "write typed bindings: ts, go or ts,go; FILE may be any object",
    },
    { name: "bindings-dir", value: "DIR", help: "where bindings go (default: beside the object)" },
    ...sourceOptions,
    { name: "emit", value: "STAGES", help: "print stages of the compiler: ast, ssa, asm" },
  ],
  examples: [
    "go3s build examples/syn-count.go3s -o syn-count.o --bindings ts,go",
    "go3s build probe.go3s --target bpffs --pin /sys/fs/bpf/probe",
    "go3s build clang.o --bindings ts --bindings-dir src",
    "go3s build probe.go3s --emit asm",
  ],
  run,
};

/** Built is an object with what is known of it besides. */
interface Built {
  readonly bytes: Uint8Array;
  /** Where it lies; undefined when nobody asked for a file. */
  readonly path: string | undefined;
  /** The structs that programs put into ring buffers, by map. */
  readonly events: Readonly<Record<string, string>>;
}

async function run(parsed: Parsed, context: Context): Promise<number> {
  const { output } = context;
  const target = targetOf(parsed);
  const languages = languagesOf(parsed, target);
  const folder = bindingsFolder(parsed);
  const built = isObject(parsed)
    ? existing(parsed)
    : await compiled(parsed, context, languages.length > 0, folder);
  if (target === "bpffs") pinObject(parsed, built.bytes, output);
  for (const language of languages) {
    const path = writeBindings(language, built, folder ?? dirname(built.path ?? ""));
    if (output.json) output.value({ event: "bindings", language, path });
    else output.note(`${path}: bindings`);
  }
  return exitCodes.done;
}

type Target = "object" | "bpffs";
type Language = "ts" | "go";

function targetOf(parsed: Parsed): Target {
  const target = parsed.text("target") ?? "object";
  if (target !== "object" && target !== "bpffs")
    throw new CliError("usage", `--target ${target}: not a target`, "object or bpffs");
  const hasPin = parsed.text("pin") !== undefined;
  if (target === "bpffs" && !hasPin)
    throw new CliError("usage", "--target bpffs without a folder for the pins", "--pin /sys/fs/bpf/NAME");
  if (target === "object" && hasPin)
    throw new CliError("usage", "--pin without --target bpffs", "add --target bpffs, or use go3s load --pin");
  return target;
}

function languagesOf(parsed: Parsed, target: Target): Language[] {
  const text = parsed.text("bindings") ?? (target === "bpffs" ? "ts,go" : undefined);
  if (text === undefined) return [];
  return text.split(",").map((name) => {
    if (name !== "ts" && name !== "go")
      throw new CliError("usage", `--bindings ${name}: no bindings in this language`, "ts, go or ts,go");
    return name;
  });
}

function bindingsFolder(parsed: Parsed): string | undefined {
  const folder = parsed.text("bindings-dir");
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  return folder;
}

function isObject(parsed: Parsed): boolean {
  const [file] = parsed.positionals;
  if (file === undefined) throw new CliError("usage", "no file given", "go3s build FILE.go3s -o OUT.o");
  if (!file.endsWith(".o")) return false;
  if (parsed.positionals.length > 1) throw new CliError("usage", "one object at a time");
  if (parsed.text("bindings") === undefined && parsed.text("target") !== "bpffs")
    throw new CliError("usage", `${file} is an object already`, "--bindings ts,go or --target bpffs");
  return true;
}

function existing(parsed: Parsed): Built {
  const path = parsed.positionals[0] ?? "";
  try {
    return { bytes: readFileSync(path), path, events: {} };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("file-unreadable", `cannot read ${path}: ${why}`);
  }
}

async function compiled(
  parsed: Parsed,
  { output }: Context,
  needsFile: boolean,
  folder: string | undefined,
): Promise<Built> {
  const cpu = parsed.text("cpu") ?? "v3";
  const set = instructionSets.find((each) => each === cpu);
  if (set === undefined)
    throw new CliError(
      "usage",
      `--cpu ${cpu}: not an instruction set`,
      `one of ${instructionSets.join(", ")}`,
    );
  const stages = stagesOf(parsed.text("emit"));
  const name = `${basename(parsed.positionals[0] ?? "").replace(/\.go3s$/, "")}.o`;
  const out = parsed.text("output") ?? (needsFile ? join(folder ?? ".", name) : undefined);
  if (out === undefined && stages.length === 0)
    throw new CliError(
      "usage",
      "no output file given",
      "name it with -o OUT.o, or look at a stage with --emit asm",
    );
  const result = compileFiles(
    parsed.positionals,
    { cpu: set, emit: stages },
    output.note,
    await sourcesOf(parsed),
  );
  for (const stage of stages) output.line(result.stages[stage] ?? "");
  if (out !== undefined) writeFileSync(out, result.object);
  tellPrograms(result, output);
  if (out !== undefined && !output.json) output.note(`${out}: ${result.object.length} bytes`);
  return {
    bytes: result.object,
    path: out,
    events: Object.fromEntries(result.events.map(({ map, type }) => [map, type])),
  };
}

function tellPrograms(
  { programs, notes }: Pick<CompileResult, "programs" | "notes">,
  output: Context["output"],
): void {
  for (const { name, section, instructions, stack } of programs) {
    if (output.json) output.value({ program: name, section, instructions, stack_bytes: stack });
    else output.note(`${name}  ${section}  ${instructions} instructions, ${stack} bytes of stack`);
  }
  // What leaves the stack costs every run a claim; nothing in the source shows it.
  for (const text of notes) {
    if (output.json) output.value({ event: "note", text });
    else output.note(text);
  }
}

function pinObject(parsed: Parsed, bytes: Uint8Array, output: Context["output"]): void {
  const folder = parsed.text("pin") ?? "";
  const pins = asInput(() => {
    using object = loadObject(readObject(bytes));
    return pinAll(object, [], folder);
  });
  for (const each of pins) {
    if (output.json) output.value({ event: "pinned", ...each });
    else output.line(`pinned   ${each.path}`);
  }
}

/** writeBindings writes one file named for the object; Go embeds the object, so it has to lie beside the file. */
function writeBindings(language: Language, { bytes, path, events }: Built, folder: string): string {
  const object = path ?? "";
  const file = basename(object);
  const stem = file.replace(/\.o$/, "");
  let source = relative(resolve(folder), resolve(object));
  if (language === "go" && source !== file) {
    writeFileSync(join(folder, file), bytes);
    source = file;
  }
  const from = source.startsWith(".") ? source : `./${source}`;
  const text = asInput(() => bindingsOf(readObject(bytes), { language, source: from, records: events }));
  const written = join(folder, `${stem}.${language}`);
  writeFileSync(written, text);
  return written;
}

type Stage = "ast" | "ssa" | "asm";

function stagesOf(text: string | undefined): Stage[] {
  if (text === undefined) return [];
  return text.split(",").map((name) => {
    if (name !== "ast" && name !== "ssa" && name !== "asm")
      throw new CliError("usage", `--emit ${name}: not a stage`, "ast, ssa or asm");
    return name;
  });
}
