import { existsSync } from "node:fs";
import { join } from "node:path";
import { siteFolder } from "@go3s/web";

/** pageFolder is the built page; undefined when it is not built. */
export function pageFolder(): string | undefined {
  return existsSync(join(siteFolder, "index.html")) ? siteFolder : undefined;
}
