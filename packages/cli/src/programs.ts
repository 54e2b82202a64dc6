import { existsSync, readFileSync, statSync } from "node:fs";
import { type Btf, kernelBtf, tracefs } from "@go3s/bpf";
import {
  type CompileOptions,
  type CompileResult,
  compile,
  type InstructionSet,
  type KernelBtf,
  renderDiagnostics,
  type SourceText,
} from "@go3s/lang";
import { CliError } from "./failure.js";
import type { OptionRow, Parsed } from "./options.js";
import { diskPackages, sourcesIn } from "./package-folders.js";
import type { UserTypes } from "./user-types.js";

/** instructionSets are what --cpu takes. */
export const instructionSets: readonly InstructionSet[] = ["v1", "v2", "v3", "v4"];

/** compileFiles compiles probe files for this machine; a wrong program ends the command with 2 and its diagnostics. */
export function compileFiles(
  paths: readonly string[],
  options: CompileOptions,
  note: (text: string) => void,
  sources: ProbeSources = {},
): CompileResult & { readonly object: Uint8Array } {
  const files = paths.flatMap(readSources);
  const readPackage = diskPackages(sources.importRoots);
  using types = sources.userTypes;
  const own = types === undefined ? {} : { userTypes: types.find };
  const result = compile(files, { ...machineFacts(), readPackage, ...own, ...options });
  const text = renderDiagnostics(result);
  const { object } = result;
  if (object !== undefined) {
    if (text !== "") note(text);
    return { ...result, object };
  }
  const errors = result.diagnostics.filter((each) => each.severity === "error").length;
  throw new CliError(
    "bad-program",
    `${errors} error${errors === 1 ? "" : "s"} in ${paths.join(", ")}\n${text}`,
  );
}

/** ProbeSources are where a program's packages and the observed program's types come from. */
export interface ProbeSources {
  readonly importRoots?: readonly string[];
  /** userTypes are the observed program's; compiling closes them. */
  readonly userTypes?: UserTypes;
}

/** sourceOptions are how commands that compile take these. */
export const sourceOptions: readonly OptionRow[] = [
  {
    name: "import-root",
    value: "DIR",
    multiple: true,
    help: "look for imported packages below this folder too",
  },
  {
    name: "user-types",
    value: "PROGRAM",
    help: "user.T is a type of this program, by its debug information",
  },
];

/** sourcesOf reads them from a command line. What reads debug information is only loaded for who asks for it. */
export async function sourcesOf(parsed: Parsed): Promise<ProbeSources> {
  const importRoots = parsed.list("import-root");
  const path = parsed.text("user-types");
  if (path === undefined) return { importRoots };
  const { openUserTypes } = await import("./user-types.js");
  return { importRoots, userTypes: openUserTypes(path) };
}

/** readSources reads a file, or all of a package when the path is a folder. */
function readSources(path: string): SourceText[] {
  try {
    if (!statSync(path).isDirectory()) return [{ name: path, text: readFileSync(path, "utf8") }];
    const found = sourcesIn(path);
    if (found.length === 0) throw new Error("the folder has no .go3s files");
    return found;
  } catch (error) {
    throw new CliError(
      "file-unreadable",
      `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** machineFacts are the running kernel's types and tracepoints; what is not there is only missed by programs that ask. */
export function machineFacts(): Pick<CompileOptions, "kernelBtf" | "tracepointFormat" | "architecture"> {
  const format = (category: string, name: string): string | undefined => {
    try {
      return readFileSync(`${tracefs()}/events/${category}/${name}/format`, "utf8");
    } catch {
      return undefined;
    }
  };
  const architecture = process.arch === "arm64" ? ("arm64" as const) : ("x86_64" as const);
  const facts = { tracepointFormat: format, architecture };
  return existsSync("/sys/kernel/btf/vmlinux") ? { kernelBtf: lazyKernelBtf(), ...facts } : facts;
}

/** lazyKernelBtf opens the kernel's types when a program names one: that takes 3 ms of the compiler's start. */
function lazyKernelBtf(): KernelBtf {
  let opened: Btf | undefined;
  const types = (): Btf => {
    opened ??= kernelBtf();
    return opened;
  };
  return {
    find: (name) => types().find(name),
    type: (id) => types().type(id),
    findEnumerator: (name) => types().findEnumerator(name),
  };
}
