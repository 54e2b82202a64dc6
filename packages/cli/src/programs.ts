import { readFileSync } from "node:fs";
import { kernelBtf, tracefs } from "@go3s/bpf";
import {
  type CompileOptions,
  type CompileResult,
  compile,
  type InstructionSet,
  renderDiagnostics,
} from "@go3s/lang";
import { CliError } from "./failure.js";

/** instructionSets are what --cpu takes. */
export const instructionSets: readonly InstructionSet[] = ["v1", "v2", "v3", "v4"];

/** compileFiles compiles probe files for this machine; a wrong program ends the command with 2 and its diagnostics. */
export function compileFiles(
  paths: readonly string[],
  options: CompileOptions,
  note: (text: string) => void,
): CompileResult & { readonly object: Uint8Array } {
  const sources = paths.map((path) => ({ name: path, text: readSource(path) }));
  const result = compile(sources, { ...machineFacts(), ...options });
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

function readSource(path: string): string {
  try {
    return readFileSync(path, "utf8");
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
