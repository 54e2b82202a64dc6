import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// In the checkout, as node_modules: nobody else writes there, and it goes with it.
const kept = fileURLToPath(new URL("../../../../.cache/", import.meta.url));

/**
 * pythonWith gives a Python that has these packages ("name==version"), installed once in a checkout; undefined where there is no python3 with
 * venv, or the package index is out of reach.
 */
export function pythonWith(packages: readonly string[]): string | undefined {
  try {
    const version = execFileSync("python3", ["-c", "import sys; print(sys.executable, sys.version)"]);
    const name = createHash("sha256").update(version).update(packages.join(" ")).digest("hex").slice(0, 12);
    const folder = join(kept, `python-${name}`);
    if (!existsSync(folder)) install(folder, packages);
    return join(folder, "bin", "python");
  } catch {
    return undefined;
  }
}

function install(folder: string, packages: readonly string[]): void {
  mkdirSync(kept, { recursive: true });
  // Others may do the same meanwhile.
  const made = mkdtempSync(`${folder}-`);
  try {
    execFileSync("python3", ["-m", "venv", made], { stdio: "ignore", timeout: 60_000 });
    const pip = ["-m", "pip", "install", "--quiet", "--only-binary=:all:", ...packages];
    execFileSync(join(made, "bin", "python"), pip, { stdio: "ignore", timeout: 180_000 });
    renameSync(made, folder);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}
