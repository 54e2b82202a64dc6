import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import type { ImportedFile } from "@go3s/lang";

/** What is written in C for the kernel is not compiled here: scripts and headers are taken. */
const taken: ReadonlySet<string> = new Set([".bt", ".h"]);

// What ships with bpftrace under this name is built into the language here.
const builtIn = /^stdlib(?:\/|$)/;

/** readImport reads what a script imports, relative to the folder the script is in; a text says why it cannot. */
export function readImport(path: string, from: string): readonly ImportedFile[] | string {
  if (builtIn.test(path)) return [];
  const folder = from.includes("/") || extname(from) === ".bt" ? dirname(from) : ".";
  const target = resolve(folder, path);
  try {
    const state = statSync(target);
    const inside = state.isDirectory() ? target : dirname(target);
    // Anybody could put a probe there, which then runs with our rights.
    if ((statSync(inside).mode & 0o002) !== 0) return `import error: ${path}: ${inside} is world-writable`;
    const names = state.isDirectory()
      ? readdirSync(target)
          .filter((name) => taken.has(extname(name)))
          .sort()
          .map((name) => join(target, name))
      : [target];
    const other = names.find((name) => !taken.has(extname(name)));
    if (other !== undefined) return `import error: ${path}: only .bt and .h files are taken`;
    return names.map((name) => ({ name: realpathSync(name), text: readFileSync(name, "utf8") }));
  } catch (error) {
    return `import error: ${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
