import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { CliError } from "./failure.js";
import { compileFiles } from "./programs.js";

/** ProbeObject is a probe program whose annotations say what it becomes: compiled, not loaded. */
export interface ProbeObject {
  readonly name: string;
  readonly object: Uint8Array;
}

/** readProbe compiles a .go3s file or takes an object as it is. A wrong one ends the command with 2. */
export function readProbe(path: string, note: (text: string) => void): ProbeObject {
  const name = basename(path).replace(/\.(?:go3s|o)$/, "");
  if (path.endsWith(".go3s")) return { name, object: compileFiles([path], {}, note).object };
  try {
    return { name, object: readFileSync(path) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("file-unreadable", `cannot read ${path}: ${why}`);
  }
}
