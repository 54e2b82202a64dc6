import { readdirSync, readFileSync } from "node:fs";
import { kernelBtf } from "@go3s/bpf";
import type { SourceText } from "@go3s/lang";
import { environment } from "../environment.js";
import { AgentError } from "../errors.js";
import { compileApart } from "./compile-apart.js";
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
  compiled ??= keptObject(probeSources(), environment.cacheFolder);
  return compiled;
}

/** keptObject gives an object from a cache of its own, compiled when it is not there. Throws as compiledProbes(). */
export function keptObject(sources: readonly SourceText[], cacheFolder: string): Uint8Array {
  const cache = openObjectCache(cacheFolder);
  const key = cacheKey(sources);
  const found = cache.read(key);
  if (found !== undefined) return found;
  // A kernel without types is refused here, with its hint: the compiler's process could only print it.
  kernelBtf();
  const { object, complaints } = compileApart(sources);
  if (object === undefined) {
    throw new AgentError("bad-probes", `the built-in probes do not compile:\n${complaints}`, {
      hint: "this is a mistake of ours, or the kernel's types changed: please report it with the kernel's version",
    });
  }
  cache.write(key, object);
  return object;
}
