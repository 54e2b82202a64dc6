import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findFile, kernelBtf, tracefs } from "@go3s/bpf";
import type { ScriptOptions } from "@go3s/lang";
import { environment } from "../../environment.js";
import { functionsOf } from "./places.js";

function folders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

// ld.so(8), and Debian's folders by machine.
const libraryFolders = [
  `/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
  `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
  "/lib64",
  "/usr/lib64",
  "/usr/local/lib",
  "/usr/lib",
];

/** library finds `libc` as libc.so.6: the name without its version, as scripts write it. */
function library(name: string): string | undefined {
  const versioned = new RegExp(`^${name.replace(/[^\w-]/g, "\\$&")}\\.so(?:\\.[0-9.]+)?$`);
  for (const folder of libraryFolders) {
    // A name with a version first: libc.so alone is a text for the linker.
    const found = existsSync(folder) ? readdirSync(folder).filter((entry) => versioned.test(entry)) : [];
    const best = found.sort((a, b) => b.length - a.length)[0];
    if (best !== undefined) return join(folder, best);
  }
  return undefined;
}

/** findProgram looks for a program in PATH, then for a library where libraries are. */
function findProgram(name: string): string | undefined {
  if (!name.includes("/")) {
    const found = environment.path.split(":").find((folder) => existsSync(join(folder, name)));
    if (found !== undefined) return join(found, name);
    const unversioned = library(name);
    if (unversioned !== undefined) return unversioned;
  }
  try {
    const path = findFile(name);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

type Facts = Pick<
  ScriptOptions,
  "kernelBtf" | "tracepointFormat" | "tracepoints" | "symbols" | "findProgram" | "architecture"
>;

/** scriptFacts are the running machine's answers for a script; each is only asked when the script needs it. */
export function scriptFacts(): Facts {
  const events = (): string => `${tracefs()}/events`;
  const facts: Facts = {
    architecture: process.arch === "arm64" ? "arm64" : "x86_64",
    tracepointFormat(group, name) {
      try {
        return readFileSync(`${events()}/${group}/${name}/format`, "utf8");
      } catch {
        return undefined;
      }
    },
    tracepoints: () =>
      folders(events()).flatMap((group) => folders(join(events(), group)).map((name) => `${group}:${name}`)),
    symbols: functionsOf,
    findProgram,
  };
  try {
    return { ...facts, kernelBtf: kernelBtf() };
  } catch {
    return facts;
  }
}
