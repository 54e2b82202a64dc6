import { readFileSync, statSync } from "node:fs";
import { kernelBtf, tracefs } from "@go3s/bpf";
import {
  type CompileOptions,
  type CompileResult,
  compile,
  type InstructionSet,
  renderDiagnostics,
  type SourceText,
} from "@go3s/lang";
import { CliError } from "./failure.js";
import type { OptionRow } from "./options.js";
import { diskPackages, sourcesIn } from "./package-folders.js";

/** instructionSets are what --cpu takes. */
export const instructionSets: readonly InstructionSet[] = ["v1", "v2", "v3", "v4"];

/** compileFiles compiles probe files for this machine; a wrong program ends the command with 2 and its diagnostics. */
export function compileFiles(
  paths: readonly string[],
  options: CompileOptions,
  note: (text: string) => void,
  importRoots: readonly string[] = [],
): CompileResult & { readonly object: Uint8Array } {
  const sources = paths.flatMap(readSources);
  const readPackage = diskPackages(importRoots);
  const result = compile(sources, { ...machineFacts(), readPackage, ...options });
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

/** importOption is how commands that compile take roots of import paths. */
export const importOption: OptionRow = {
  name: "import-root",
  value: "DIR",
  multiple: true,
  help: "look for imported packages below this folder too",
};

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
  try {
    return { kernelBtf: kernelBtf(), tracepointFormat: format, architecture };
  } catch {
    return { tracepointFormat: format, architecture };
  }
}
