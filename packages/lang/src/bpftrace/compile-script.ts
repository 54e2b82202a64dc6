import { type CompileOptions, type CompileResult, compileTrees } from "../compile.js";
import { lex } from "../lex/lexer.js";
import { newReporter } from "../source/diagnostics.js";
import { openSources } from "../source/file.js";
import type { File } from "../syntax/ast.js";
import { parseFile } from "../syntax/parser.js";
import { newKernelTypes, noKernelTypes } from "../types/kernel.js";
import type { ScriptConfig } from "./config.js";
import { expanded } from "./expand.js";
import { extended, type ScriptExtension } from "./extension.js";
import type { ScriptFacts } from "./facts.js";
import { generate } from "./generate.js";
import { type ReadImport, withImports } from "./imports.js";
import type { Script } from "./script.js";
import type { ScriptMachine } from "./script-machine.js";
import { configured } from "./settings.js";
import { relocate, stripMarks } from "./source-map.js";

/** ScriptOptions are the target's facts, and what the script is given. */
export interface ScriptOptions extends CompileOptions, Omit<ScriptMachine, "tracepointFormat"> {
  /** parameters are the script's $1, $2, …. */
  readonly parameters?: readonly string[];
  /** textBytes is the room of a text that str() reads, with its NUL; 64 when left out. */
  readonly textBytes?: number;
  /** mapEntries is how many keys a map holds; 10240 when left out. */
  readonly mapEntries?: number;
  /** config is what the environment sets; the script's config block changes it where the environment is silent. */
  readonly config?: ScriptConfig;
  /** fixed are the settings that the environment has made, by their names there: the script's are not heard. */
  readonly fixed?: readonly string[];
  /** readImport reads the files that a script imports; without it nothing is imported. */
  readonly readImport?: ReadImport;
  /** unsafe allows what changes the machine: system(), signal(), write_user(). */
  readonly unsafe?: boolean;
  /** tellsErrors: what probes cannot read or find is told (-k). */
  readonly tellsErrors?: boolean;
  /** uprobeMulti: one link holds all uprobes of a program (Linux 6.6). */
  readonly uprobeMulti?: boolean;
  /** extensions add predicates and kinds of probes. */
  readonly extensions?: readonly ScriptExtension[];
  /** mode is "run", or "test" or "bench": those probes are only taken in their mode. */
  readonly mode?: string;
  /** probeFilter leaves out probes whose names it does not fit; begin and end stay. */
  readonly probeFilter?: RegExp;
  readonly facts?: ScriptFacts;
  /** named are what was given for the script's own options (getopt): NAME or NAME=VALUE. */
  readonly named?: readonly string[];
}

/** ScriptResult is a compiled script: the object, and what must be known to run it. */
export interface ScriptResult extends CompileResult {
  readonly script: Script | undefined;
  /** isEmpty: nothing is wrong, but no probe was left. */
  readonly isEmpty: boolean;
  /** generated is the Go3s program that the script was turned into. */
  readonly generated: string;
}

/**
 * compileScript turns a script in bpftrace's language into a BPF object: its own parser and its own types, then the same
 * checked tree, SSA and code as any Go3s program. Diagnostics and line records point into the script.
 */
export function compileScript(
  source: { readonly name: string; readonly text: string },
  options: ScriptOptions = {},
): ScriptResult {
  const report = newReporter();
  const { tree: parsed, files } = withImports(
    source,
    options.readImport,
    report,
    options.facts?.headerExists,
  );
  const kernel = options.kernelBtf === undefined ? noKernelTypes : newKernelTypes(options.kernelBtf);
  const config = configured(parsed.settings, options, report);
  const limits = {
    textBytes: options.textBytes ?? config.maxStrlen,
    mapEntries: options.mapEntries ?? config.maxMapKeys,
    parameters: options.parameters ?? [],
    config,
    unsafe: options.unsafe ?? false,
    tellsErrors: options.tellsErrors ?? false,
    uprobeMulti: options.uprobeMulti ?? false,
    facts: options.facts ?? {},
    named: options.named ?? [],
  };
  const generated =
    report.errors > 0 && parsed.actions.length === 0
      ? undefined
      : generate(
          expanded(extended(parsed, options.extensions ?? [], report), report),
          options,
          kernel,
          limits,
          report,
          {
            mode: options.mode ?? "run",
            filter: options.probeFilter,
          },
        );
  const marked = stripMarks(generated?.text ?? "");
  if (generated === undefined || report.errors > 0)
    return {
      object: undefined,
      diagnostics: report.list(),
      programs: [],
      events: [],
      notes: [],
      files,
      stages: {},
      script: undefined,
      isEmpty: report.errors === 0,
      generated: marked.text,
    };
  const [tree, mistakes] = treeOf(marked.text);
  if (mistakes !== undefined)
    throw new Error(`the script's program does not parse: ${mistakes}\n${marked.text}`);
  relocate(tree, marked);
  const own = new Set(report.list());
  const result = compileTrees([tree], files, report, options);
  return {
    ...result,
    // What the program that a script was turned into may be warned of says nothing of the script.
    diagnostics: result.diagnostics.filter((each) => each.severity === "error" || own.has(each)),
    events: [],
    isEmpty: false,
    script: generated.script,
    generated: marked.text,
  };
}

function treeOf(text: string): [File, string | undefined] {
  const report = newReporter();
  const [file] = openSources([{ name: "generated", text }]);
  if (file === undefined) throw new Error("one source gives one file");
  const tree = parseFile(lex(file, report), report, { next: 1 });
  const [first] = report.list();
  return [tree, first?.message];
}
