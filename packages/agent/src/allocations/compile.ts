import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environment } from "../environment.js";
import { keptObject } from "../probes/compile.js";

// Seen from dist/allocations and from src/allocations alike.
const file = new URL("../../../../probes/allocations/allocations.go3s", import.meta.url);

/** compiledAllocations gives probes/allocations as an object file for the running kernel, kept for the next start. */
export function compiledAllocations(): Uint8Array {
  const sources = [{ name: "allocations.go3s", text: readFileSync(file, "utf8") }];
  return keptObject(sources, join(environment.cacheFolder, "allocations"));
}
