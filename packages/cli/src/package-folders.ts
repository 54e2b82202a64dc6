import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ReadPackage, SourceText } from "@go3s/lang";

/** sourcesIn reads a package's files: those of one folder that end in .go3s, in the order of their names. */
export function sourcesIn(folder: string): SourceText[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".go3s"))
    .sort()
    .map((name) => join(folder, name))
    .map((name) => ({ name, text: readFileSync(name, "utf8") }));
}

interface Module {
  readonly path: string;
  readonly folder: string;
}

/** moduleOf finds the Go module a folder lies in: the nearest go.mod above it says what its paths begin with. */
function moduleOf(from: string): Module | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, "go.mod");
    if (existsSync(file)) {
      const path = /^\s*module\s+"?([^\s"]+)/m.exec(readFileSync(file, "utf8"))?.[1];
      return path === undefined ? undefined : { path, folder };
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** candidates are the folders an import path may mean, the likeliest first. */
function candidates(path: string, from: string, roots: readonly string[]): string[] {
  const here = resolve(dirname(from));
  if (/^\.\.?(\/|$)/.test(path)) return [resolve(here, path)];
  const module = moduleOf(here);
  const inModule =
    module !== undefined && (path === module.path || path.startsWith(`${module.path}/`))
      ? [join(module.folder, path.slice(module.path.length))]
      : [];
  return [...inModule, ...roots.map((root) => resolve(root, path))];
}

/**
 * diskPackages reads imported packages from folders: `./net` from beside the importing file, `example.com/app/net` from
 * the Go module (go.mod) it lies in, and any other path from below the roots.
 */
export function diskPackages(roots: readonly string[] = []): ReadPackage {
  return (path, from) => {
    const tried = candidates(path, from, roots);
    for (const folder of tried) {
      try {
        return { id: realpathSync(folder), files: sourcesIn(folder) };
      } catch {
        // The next one may be there.
      }
    }
    return tried.length > 0
      ? tried
      : [`no root: paths that are not relative need a go.mod above the file, or --import-root`];
  };
}
