// Installs the packages of the lock file, once per lock file: a second call compares a stamp and touches no network.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { step } from "./progress.mjs";
import { runTool } from "./tool.mjs";

/** install brings node_modules to what package-lock.json says; nothing to do when it was the last thing installed. */
export async function install(root) {
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  const hash = createHash("sha256").update(lock).digest("hex");
  const stamp = join(root, "node_modules", ".go3s-installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  const wanted = Object.entries(JSON.parse(lock).packages)
    .filter(([path, row]) => path.startsWith("node_modules/") && !row.link && fits(row))
    .map(([path]) => path);
  const share = () =>
    wanted.filter((path) => existsSync(join(root, path, "package.json"))).length / wanted.length;
  // No package of ours needs an install script: chdb and koffi come with their binaries as packages.
  const args = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
  try {
    await step("Installing packages, once (about 700 MB)", () => runTool("npm", args, root), share);
  } catch (error) {
    const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|network/.test(error.message);
    if (offline) error.message += "\nThe first start needs the npm registry; later ones need no network.";
    throw error;
  }
  writeFileSync(stamp, hash);
}

function fits({ os, cpu }) {
  return (
    (os === undefined || os.includes(process.platform)) && (cpu === undefined || cpu.includes(process.arch))
  );
}
