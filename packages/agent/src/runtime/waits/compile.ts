import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environment } from "../../environment.js";
import { keptObject } from "../../probes/compile.js";

// Seen from dist/runtime/waits and from src/runtime/waits alike.
const file = new URL("../../../../../probes/waits/waits.go3s", import.meta.url);

/** compiledWaits gives probes/waits as an object file for the running kernel, kept for the next start. */
export function compiledWaits(): Uint8Array {
  const sources = [{ name: "waits.go3s", text: readFileSync(file, "utf8") }];
  return keptObject(sources, join(environment.cacheFolder, "waits"));
}
