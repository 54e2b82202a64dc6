import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** pageFolder finds the built page of @go3s/web; undefined when it is not built or not installed. */
export function pageFolder(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve("@go3s/web/package.json");
    const folder = join(dirname(manifest), "dist", "site");
    return existsSync(join(folder, "index.html")) ? folder : undefined;
  } catch {
    return undefined;
  }
}
