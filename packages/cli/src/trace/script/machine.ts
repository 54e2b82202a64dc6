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

/** findProgram looks for a program in PATH, then for a library where libraries are. */
function findProgram(name: string): string | undefined {
  if (!name.includes("/")) {
    const found = environment.path.split(":").find((folder) => existsSync(join(folder, name)));
    if (found !== undefined) return join(found, name);
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
