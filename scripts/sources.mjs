// What the build depends on: the newest change among the sources, and how many there are (a deleted file counts too).
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const skipped = new Set(["node_modules", "dist", ".git", ".go3s"]);

function walk(folder, visit) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) walk(path, visit);
    else if (/\.(?:tsx?|css|html|json|mjs)$/.test(entry.name)) visit(path);
  }
}

/** newestSource gives a text that changes whenever a source file is changed, added or removed. */
export function newestSource(root) {
  let newest = 0;
  let count = 0;
  for (const top of ["packages", "house", "bench", "examples"]) {
    if (!existsSync(join(root, top))) continue;
    walk(join(root, top), (path) => {
      newest = Math.max(newest, statSync(path).mtimeMs);
      count++;
    });
  }
  return `${newest}/${count}`;
}
