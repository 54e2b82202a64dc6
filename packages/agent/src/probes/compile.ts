import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { kernelBtf } from "@go3s/bpf";
import type { SourceText } from "@go3s/lang";
import { environment } from "../environment.js";
import { AgentError } from "../errors.js";
import { type CompileOutcome, compileApart, compileBeside } from "./compile-apart.js";
import { cacheKey, openObjectCache } from "./object-cache.js";

// Seen from dist/probes and from src/probes alike.
const folder = new URL("../../../../probes/", import.meta.url);

/** probeSources reads the built-in probes: all files are one package. */
export function probeSources(): SourceText[] {
  return textsOf(readdirSync(folder).filter((name) => name.endsWith(".go3s")));
}

const textsOf = (names: readonly string[]): SourceText[] =>
  [...names].sort().map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));

/** KeptProbes are probes of ours as an object file for the running kernel: compiled once, and kept for the next start. */
export interface KeptProbes {
  /**
   * object compiles them when they are not kept. Throws BpfError where the kernel does not tell its types, AgentError "bad-probes" when the
   * sources do not compile.
   */
  object(): Uint8Array;
  /**
   * ahead has object() find them compiled, and works beside this thread, which can be ended meanwhile: rejects with the reason of `signal`
   * when that aborts. What else fails is left to object() to tell.
   */
  ahead(signal?: AbortSignal): Promise<void>;
}

/** keptProbes are those of some sources, with a folder of the cache of their own. */
function keptProbes(name: string, sources: () => SourceText[]): KeptProbes {
  let compiled: Uint8Array | undefined;
  const kept = () => {
    const texts = sources();
    const cache = openObjectCache(join(environment.cacheFolder, name));
    const key = cacheKey(texts);
    const keep = ({ object, complaints }: CompileOutcome): Uint8Array => {
      if (object === undefined)
        throw new AgentError("bad-probes", `the built-in probes do not compile:\n${complaints}`, {
          hint: "this is a mistake of ours, or the kernel's types changed: please report it with the kernel's version",
        });
      cache.write(key, object);
      return object;
    };
    return { texts, keep, found: cache.read(key) };
  };
  return {
    object() {
      if (compiled !== undefined) return compiled;
      const { texts, keep, found } = kept();
      // A kernel without types is refused here, with its hint: the compiler's process could only print it.
      if (found === undefined) kernelBtf();
      compiled = found ?? keep(compileApart(texts));
      return compiled;
    },
    async ahead(signal) {
      if (compiled !== undefined) return;
      try {
        const { texts, keep, found } = kept();
        compiled = found ?? keep(await compileBeside(texts, signal));
      } catch {
        signal?.throwIfAborted();
      }
    },
  };
}

/** builtInProbes are those that every agent loads. */
export const builtInProbes = keptProbes("", probeSources);
/** compiledProbes gives their object; see KeptProbes. */
export const compiledProbes = (): Uint8Array => builtInProbes.object();
/** logProbes, waitProbes and allocationProbes are loaded where they are asked for. */
export const logProbes = keptProbes("logs", () => textsOf(["logs/logs.go3s", "crowd.go3s", "contexts.go3s"]));
export const waitProbes = keptProbes("waits", () => textsOf(["waits/waits.go3s"]));
/** connectionProbes tell what connections do while they live. */
export const connectionProbes = keptProbes("connections", () => textsOf(["connections/connections.go3s"]));
export const allocationProbes = keptProbes("allocations", () => textsOf(["allocations/allocations.go3s"]));
