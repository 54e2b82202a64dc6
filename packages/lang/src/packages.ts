import { lex } from "./lex/lexer.js";
import type { Reporter } from "./source/diagnostics.js";
import { openSources, type SourceFile } from "./source/file.js";
import { didYouMean } from "./source/nearest.js";
import type { File, ImportDecl } from "./syntax/ast.js";
import { parseFile } from "./syntax/parser.js";
import type { PackageTree } from "./types/checker.js";
import { builtinPackages } from "./types/imports.js";

/** SourceText is one file of a program. */
export interface SourceText {
  readonly name: string;
  readonly text: string;
}

/** ImportedPackage is what an import path led to. */
export interface ImportedPackage {
  /** id is the same for the same package, however it was written: the folder's full path. */
  readonly id: string;
  readonly files: readonly SourceText[];
}

/**
 * ReadPackage finds the package of an import path; `from` is the name of the file that imports it. It gives undefined
 * when there is none, or the paths that were tried.
 */
export type ReadPackage = (path: string, from: string) => ImportedPackage | readonly string[] | undefined;

/** LoadedPackages are a program's packages, each behind those it imports, and all their files. */
export interface LoadedPackages {
  readonly packages: readonly PackageTree[];
  readonly files: readonly SourceFile[];
}

/** mostPackages bounds what a program may import, all in all. */
const mostPackages = 1000;

interface Loading {
  readonly id: string;
  readonly name: string;
}

/** loadPackages parses a program's files and, through `read`, the packages they import. */
export function loadPackages(
  sources: readonly SourceText[],
  read: ReadPackage | undefined,
  report: Reporter,
): LoadedPackages {
  const files: SourceFile[] = [];
  const packages: PackageTree[] = [];
  const known = new Map<string, PackageTree>();
  const counter = { next: 1 };
  let base = 0;

  const load = (texts: readonly SourceText[], id: string, way: readonly Loading[]): PackageTree => {
    const opened = openSources(texts, base);
    for (const { text } of opened) base += text.length + 1;
    files.push(...opened);
    const trees = opened.map((file) => parseFile(lex(file, report), report, counter));
    const name = packageName(trees, report);
    const imports = new Map<ImportDecl, PackageTree | undefined>();
    const here = [...way, { id: way.length === 0 ? ownId(trees, texts) : id, name }];
    trees.forEach((tree, i) => {
      for (const decl of tree.declarations) {
        if (decl.kind !== "import" || Object.hasOwn(builtinPackages, decl.path) || read === undefined)
          continue;
        imports.set(decl, follow(decl, opened[i]?.name ?? "", here));
      }
    });
    const made = { name, files: trees, imports };
    known.set(id, made);
    packages.push(made);
    return made;
  };

  /** ownId is what others would import the program's own package by; only asked for when it imports some. */
  const ownId = (trees: readonly File[], texts: readonly SourceText[]): string => {
    const imports = trees.some((tree) =>
      tree.declarations.some((decl) => decl.kind === "import" && !Object.hasOwn(builtinPackages, decl.path)),
    );
    const found = imports ? read?.(".", texts[0]?.name ?? "") : undefined;
    return found !== undefined && "id" in found ? found.id : "";
  };

  const follow = (decl: ImportDecl, from: string, way: readonly Loading[]): PackageTree | undefined => {
    const found = read?.(decl.path, from);
    if (found === undefined || !("id" in found)) {
      const tried = found === undefined ? undefined : `looked in ${found.join(", ")}`;
      const near = didYouMean(decl.path, Object.keys(builtinPackages), 0);
      report.error("undefined", decl, `there is no package ${JSON.stringify(decl.path)}`, near ?? tried);
      return undefined;
    }
    const at = way.findIndex((each) => each.id === found.id);
    if (at >= 0) {
      const names = [...way.slice(at), way[at]].map((each) => each?.name ?? "");
      const path = names.length === 2 ? `${names[0]} imports itself` : names.join(" imports ");
      const hint = "move what both need into a third package";
      report.error("import-cycle", decl, `packages cannot import each other: ${path}`, hint);
      return undefined;
    }
    const before = known.get(found.id);
    if (before !== undefined) return before;
    if (found.files.length === 0) {
      report.error(
        "undefined",
        decl,
        `the package ${JSON.stringify(decl.path)} has no files`,
        "a package is a folder of .go3s files",
      );
      return undefined;
    }
    if (known.size + way.length >= mostPackages) {
      report.error("too-large", decl, `a program imports at most ${mostPackages} packages`);
      return undefined;
    }
    return load(found.files, found.id, way);
  };

  load(sources, "", []);
  return { packages, files };
}

/** packageName is the name that all files of a package give it. */
function packageName(trees: readonly File[], report: Reporter): string {
  const [first, ...others] = trees;
  const name = first?.package ?? "main";
  for (const other of others) {
    if (other.package === name) continue;
    const at = { start: other.start, end: other.start + 1 };
    const message = `this file is of package ${other.package}, the one before it of package ${name}`;
    report.error("misplaced", at, message, "files of one folder are one package: give them one name");
  }
  return name;
}
