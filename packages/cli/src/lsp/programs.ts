import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ReadPackage, SourceText } from "@go3s/lang";
import { diskPackages } from "../package-folders.js";

/** Opened gives the text of a file as the editor has it, undefined for files that are not open. */
export type Opened = (uri: string) => string | undefined;

/** programOf gives the files of the program that a file belongs to: those of its package in its folder. */
export function programOf(uri: string, opened: Opened): SourceText[] {
  const text = opened(uri) ?? "";
  const own = { name: uri, text };
  const name = packageOf(text);
  if (!uri.startsWith("file:") || name === undefined) return [own];
  const path = fileURLToPath(uri);
  const folder = dirname(path);
  let names: string[];
  try {
    names = readdirSync(folder).filter((each) => each.endsWith(".go3s") && each !== basename(path));
  } catch {
    return [own];
  }
  const others = names.sort().flatMap((each): SourceText[] => {
    const other = pathToFileURL(join(folder, each)).href;
    const found = opened(other) ?? read(join(folder, each));
    return found !== undefined && packageOf(found) === name ? [{ name: other, text: found }] : [];
  });
  return [own, ...others];
}

/** packagesOf finds imported packages as the editor has them: open files as they stand, others from the disk. */
export function packagesOf(opened: Opened): ReadPackage {
  const fromDisk = diskPackages();
  return (path, from) => {
    const found = from.startsWith("file:") ? fromDisk(path, fileURLToPath(from)) : undefined;
    if (found === undefined || !("id" in found)) return found;
    const files = found.files.map(({ name, text }): SourceText => {
      const uri = pathToFileURL(name).href;
      return { name: uri, text: opened(uri) ?? text };
    });
    return { id: found.id, files };
  };
}

// A program of many large files is compiled with every key that is pressed; what is larger than this is left out.
const mostBytes = 1 << 20;

function read(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return text.length > mostBytes ? undefined : text;
  } catch {
    return undefined;
  }
}

function packageOf(text: string): string | undefined {
  return /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*package\s+(\w+)/.exec(text)?.[1];
}
