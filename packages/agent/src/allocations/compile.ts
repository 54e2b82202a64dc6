import { readFileSync } from "node:fs";
import { join } from "node:path";
import { kernelBtf } from "@go3s/bpf";
import { environment } from "../environment.js";
import { compileProbes } from "../probes/compile.js";
import { cacheKey, openObjectCache } from "../probes/object-cache.js";

// Seen from dist/allocations and from src/allocations alike.
const file = new URL("../../../../probes/allocations/allocations.go3s", import.meta.url);

/** compiledAllocations gives probes/allocations as an object file for the running kernel, kept for the next start. */
export function compiledAllocations(): Uint8Array {
  const sources = [{ name: "allocations.go3s", text: readFileSync(file, "utf8") }];
  const cache = openObjectCache(join(environment.cacheFolder, "allocations"));
  const key = cacheKey(sources);
  const found = cache.read(key);
  if (found !== undefined) return found;
  const made = compileProbes(sources, kernelBtf());
  cache.write(key, made);
  return made;
}
