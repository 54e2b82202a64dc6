import { dirname, join } from "node:path/posix";
import { packageOf, type SourceFile } from "./files.js";

/**
 * allowedImports is the law of DESIGN.md "Packages" as rows: package, then the packages it may import.
 * A new row or a new name in one is a design decision, not a fix for a failing test.
 */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  binary: [],
  bpf: ["binary"],
  lang: ["bpf", "binary"],
  telemetry: [],
  agent: ["lang", "bpf", "binary", "telemetry"],
  store: ["telemetry"],
  server: ["store", "telemetry"],
  web: ["server"],
  cli: ["binary", "bpf", "lang", "telemetry", "agent", "store", "server", "web"],
  house: [],
  bench: ["binary", "bpf", "lang", "telemetry", "agent", "store", "server", "cli"],
  examples: ["binary", "bpf", "lang", "telemetry", "agent", "store", "server"],
};

/** typesOnly lists the pairs where only `import type` is allowed: the page takes the server's shapes, no code. */
export const typesOnly: readonly (readonly [from: string, to: string])[] = [["web", "server"]];

/** Import is one import or re-export in a file. */
export interface Import {
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const statement =
  /^[ \t]*(?:import|export)\b(?<type>\s+type\b)?[^;'"]*?\bfrom\s*["'](?<named>[^"']+)["']|^[ \t]*import\s*["'](?<bare>[^"']+)["']|\bimport\(\s*["'](?<dynamic>[^"']+)["']\s*\)/gm;

/** importsOf lists a file's imports with their line numbers (from 1). */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  for (const match of file.text.matchAll(statement)) {
    const groups = match.groups ?? {};
    const specifier = groups["named"] ?? groups["bare"] ?? groups["dynamic"] ?? "";
    const line = file.text.slice(0, match.index).split("\n").length;
    found.push({ from: file.path, line, specifier, typeOnly: groups["type"] !== undefined });
  }
  return found;
}

/** workspaceOf turns "@go3s/bpf" into "bpf" and "go3s" into "cli"; undefined for what is not ours. */
export function workspaceOf(specifier: string): string | undefined {
  if (specifier === "go3s" || specifier.startsWith("go3s/")) return "cli";
  return /^@go3s\/([^/]+)/.exec(specifier)?.[1];
}

/** importViolations says, one line each, which imports the rows do not allow. */
export function importViolations(files: readonly SourceFile[]): string[] {
  const problems: string[] = [];
  for (const file of files) {
    const from = packageOf(file.path);
    for (const found of importsOf(file)) {
      const to = found.specifier.startsWith(".")
        ? packageOf(join(dirname(file.path), found.specifier))
        : workspaceOf(found.specifier);
      if (to === undefined || (found.specifier.startsWith(".") && to === from)) continue;
      const where = `${file.path}:${found.line}`;
      if (found.specifier.startsWith("."))
        problems.push(`${where}: reaches into ${to} by path; import its package name`);
      else if (to === from) continue;
      else if (!allowedImports[from]?.includes(to)) problems.push(`${where}: ${from} may not import ${to}`);
      else if (!found.typeOnly && typesOnly.some(([a, b]) => a === from && b === to))
        problems.push(`${where}: ${from} may import types of ${to} only (import type)`);
    }
  }
  return problems;
}

/** fileGraph maps each file to the files of the same package that it imports at run time. */
export function fileGraph(files: readonly SourceFile[]): Map<string, string[]> {
  const known = new Set(files.map((file) => file.path));
  const graph = new Map<string, string[]>();
  for (const file of files) {
    const targets: string[] = [];
    for (const found of importsOf(file)) {
      if (!found.specifier.startsWith(".") || found.typeOnly) continue;
      const base = join(dirname(file.path), found.specifier).replace(/\.jsx?$/, "");
      const target = [`${base}.ts`, `${base}.tsx`, `${base}/index.ts`].find((path) => known.has(path));
      if (target !== undefined) targets.push(target);
    }
    graph.set(file.path, targets);
  }
  return graph;
}

/** cycles returns every cycle found by depth-first search, as "a -> b -> a". */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];
  const visit = (node: string): void => {
    state.set(node, "open");
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      if (state.get(next) === "open") found.push([...path.slice(path.indexOf(next)), next].join(" -> "));
      else if (state.get(next) === undefined) visit(next);
    }
    path.pop();
    state.set(node, "done");
  };
  for (const node of graph.keys()) if (state.get(node) === undefined) visit(node);
  return found;
}
