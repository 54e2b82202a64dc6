import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** root is the checkout's folder; the compiled file lives in house/dist. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** SourceFile is a TypeScript source of ours: its path from the root with "/" and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

// Generated or installed folders hold no source of ours.
const skipped = new Set(["node_modules", "dist", ".go3s", "testdata", ".git"]);

function walk(folder: string, into: string[]): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) walk(path, into);
    else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts")) into.push(path);
  }
}

/** sourceFiles reads every TypeScript source of packages/, house/, bench/ and examples/, sorted by path. */
export function sourceFiles(): SourceFile[] {
  const paths: string[] = [];
  for (const top of ["packages", "house", "bench", "examples"]) walk(join(root, top), paths);
  return paths
    .map((path) => ({
      path: relative(root, path).split(sep).join("/"),
      text: readFileSync(path, "utf8"),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** packageOf returns the workspace a path belongs to: "bpf" for packages/bpf/…, "house" for house/…. */
export function packageOf(path: string): string {
  const parts = path.split("/");
  return parts[0] === "packages" ? (parts[1] ?? "") : (parts[0] ?? "");
}

/** isTest says whether a file is a test or serves tests only; such files are held to the looser limits. */
export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || path.includes("/testing/") || path.includes("/test/");
}

/** isGenerated says whether a file is written by a script of ours, which its name tells. */
export function isGenerated(path: string): boolean {
  return /\.generated\.ts$/.test(path);
}
