import { readdirSync, readFileSync } from "node:fs";
import { kernelBtf } from "@go3s/bpf";
import { compile, type KernelBtf, renderDiagnostics, type SourceText } from "@go3s/lang";
import { environment } from "../environment.js";
import { AgentError } from "../errors.js";
import { cacheKey, openObjectCache } from "./object-cache.js";

// Seen from dist/probes and from src/probes alike.
const folder = new URL("../../../../probes/", import.meta.url);

/** probeSources reads the built-in probes: all files are one package. */
export function probeSources(): SourceText[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".go3s"))
    .sort()
    .map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));
}

let compiled: Uint8Array | undefined;

/**
 * compiledProbes gives the built-in probes as an object file for the running kernel: compiled once per process, and kept
 * for the next start. Throws BpfError where the kernel does not tell its types, AgentError "bad-probes" when the sources
 * do not compile.
 */
export function compiledProbes(): Uint8Array {
  if (compiled !== undefined) return compiled;
  const sources = probeSources();
  const cache = openObjectCache(environment.cacheFolder);
  const key = cacheKey(sources);
  compiled = cache.read(key);
  if (compiled === undefined) {
    compiled = compileProbes(sources, kernelBtf());
    cache.write(key, compiled);
  }
  return compiled;
}

/** compileProbes compiles sources against a kernel's types. Throws AgentError "bad-probes" with the diagnostics. */
export function compileProbes(sources: readonly SourceText[], types: KernelBtf): Uint8Array {
  const result = compile(sources, { kernelBtf: types });
  if (result.object === undefined) {
    throw new AgentError("bad-probes", `the built-in probes do not compile:\n${renderDiagnostics(result)}`, {
      hint: "this is a mistake of ours, or the kernel's types changed: please report it with the kernel's version",
    });
  }
  return result.object;
}
