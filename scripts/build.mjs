// Builds everything that is not built yet: TypeScript by project references, the commands' bundle, the page by Vite.
// `node scripts/build.mjs [package…] [--no-web]`; with package names only those (and what they need) are compiled.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, "node_modules", ".bin", name);

/** run starts a tool in the checkout and ends this process with the tool's status when it fails. */
function run(command, args, cwd = root) {
  const done = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

/** newest returns the latest modification time (ms) of the files below a folder. */
function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile())
      latest = Math.max(latest, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs);
  }
  return latest;
}

/** buildWeb bundles the page when a source file is newer than the last bundle. */
function buildWeb() {
  const web = join(root, "packages", "web");
  if (!existsSync(join(web, "vite.config.ts"))) return;
  const stamp = join(web, "dist", ".built");
  const changed = Math.max(newest(join(web, "src")), statSync(join(web, "vite.config.ts")).mtimeMs);
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= changed) return;
  run(bin("vite"), ["build", "--logLevel", "warn"], web);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, "");
}

const args = process.argv.slice(2);
const packages = args.filter((a) => !a.startsWith("--"));
const projects = packages.map((name) =>
  existsSync(join(root, "packages", name)) ? `packages/${name}` : name,
);
run(bin("tsc"), ["-b", ...projects]);
if (packages.length === 0 || packages.includes("cli")) await bundle();
if (!args.includes("--no-web") && (packages.length === 0 || packages.includes("web"))) buildWeb();
