import type { Reporter } from "../source/diagnostics.js";
import { openSources, type SourceFile } from "../source/file.js";
import { withoutDirectives } from "./directives.js";
import { parseScript } from "./parser.js";
import type { ScriptTree } from "./tree.js";

/** ImportedFile is a file that a script imports; its name is told in messages, and each name is read once. */
export interface ImportedFile {
  readonly name: string;
  readonly text: string;
}

/** ReadImport reads what `import "path"` in a file names: a file, or all of a folder; a text says why it cannot. */
export type ReadImport = (path: string, from: string) => readonly ImportedFile[] | string;

// A script that imports a hundred files is a mistake, most likely of a folder.
const mostFiles = 100;

/** withImports parses a script and all that it imports into one tree; imported probes come first. */
export function withImports(
  source: ImportedFile,
  read: ReadImport | undefined,
  report: Reporter,
  headerExists?: (name: string) => boolean,
): { readonly tree: ScriptTree; readonly files: readonly SourceFile[] } {
  const files: SourceFile[] = [];
  const trees: ScriptTree[] = [];
  const seen = new Set<string>();
  const defines = new Map<string, string>();

  const take = (file: ImportedFile): void => {
    if (seen.has(file.name) || seen.size >= mostFiles) return;
    seen.add(file.name);
    const last = files.at(-1);
    const base = last === undefined ? 0 : last.base + last.text.length + 1;
    files.push(...openSources([file], base));
    // Blanks before a file give its tokens their places behind the files before it.
    const given = withoutDirectives(`${" ".repeat(base)}${file.text}`, report, headerExists);
    for (const [name, value] of given.defines) defines.set(name, value);
    const tree = parseScript(given.text, defines, report);
    for (const each of tree.imports) {
      const found = read?.(each.path, file.name) ?? "this script cannot import";
      if (typeof found === "string") report.error("undefined", each, found);
      else for (const one of found) take(one);
    }
    const [setting] = tree.settings;
    if (base > 0 && setting !== undefined)
      report.error("misplaced", setting, "Imported scripts cannot contain a config block");
    trees.push(tree);
  };
  take(source);
  const tree: ScriptTree = {
    declarations: trees.flatMap((each) => each.declarations),
    settings: trees.at(-1)?.settings ?? [],
    imports: [],
    maps: trees.flatMap((each) => each.maps),
    macros: trees.flatMap((each) => each.macros),
    actions: trees.flatMap((each) => each.actions),
  };
  return { tree, files };
}
