import { kernelBtf, kernelIsAtLeast } from "@go3s/bpf";
import type { ScriptOptions } from "@go3s/lang";
import { openDebugFacts } from "./debug-facts.js";
import { findFiles } from "./files.js";
import { demangledOf, findAddress, findFunction, functionsOf, usdtSites } from "./functions.js";
import {
  isRawTracepoint,
  kernelFunctionNames,
  rawTracepointNames,
  tracepointFormatOf,
  tracepointNames,
} from "./kernel-names.js";

/** FactOptions is what the command line says of the machine. */
export interface FactOptions {
  readonly pid?: number | undefined;
  readonly hasCommand?: boolean;
  readonly unsafe?: boolean;
  /** debugFolders hold separate debug files (--debuginfo). */
  readonly debugFolders?: readonly string[];
  /** traceable is a file with the functions that kprobes may take (--traceable-functions). */
  readonly traceable?: string | undefined;
}

/** ScriptFacts are the running machine's answers for a script; each is only asked when the script needs it. */
export type ScriptFacts = Omit<ScriptOptions, "emit"> & { close(): void };

/** scriptFacts opens what the compiler may ask; close lets go of debug information. */
export function scriptFacts(options: FactOptions = {}): ScriptFacts {
  const { pid } = options;
  const debug = openDebugFacts(options.debugFolders ?? []);
  const facts: ScriptFacts = {
    architecture: process.arch === "arm64" ? "arm64" : "x86_64",
    uprobeMulti: kernelIsAtLeast(6, 6),
    pid,
    hasCommand: options.hasCommand ?? false,
    unsafe: options.unsafe ?? false,
    tracepointFormat: tracepointFormatOf,
    tracepoints: tracepointNames,
    isRawTracepoint,
    rawTracepoints: rawTracepointNames,
    kernelFunctions: () => kernelFunctionNames(options.traceable),
    findFiles: (name) => findFiles(name, pid),
    symbols: functionsOf,
    demangled: demangledOf,
    findFunction,
    findAddress,
    usdt: usdtSites,
    lineAddresses: debug.lineAddresses,
    userArguments: debug.parameters,
    userType: debug.declaration,
    close: debug.close,
  };
  try {
    return { ...facts, kernelBtf: kernelBtf() };
  } catch {
    return facts;
  }
}
