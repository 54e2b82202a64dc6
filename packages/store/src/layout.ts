import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf, StoreError } from "./errors.js";

/** Layout is where a data directory keeps what. */
export interface Layout {
  readonly wal: string;
  readonly damaged: string;
  readonly pending: string;
  readonly temporary: string;
  readonly engine: string;
  readonly database: string;
}

/** layOut makes the folders of a data directory; what an earlier run left half written in `tmp` goes. Throws StoreError "directory-unusable". */
export function layOut(dir: string): Layout {
  const layout = {
    wal: join(dir, "wal"),
    damaged: join(dir, "wal", "damaged"),
    pending: join(dir, "wal", "pending"),
    temporary: join(dir, "tmp"),
    engine: join(dir, "engine"),
    database: join(dir, "db"),
  };
  try {
    rmSync(layout.temporary, { recursive: true, force: true });
    for (const path of Object.values(layout)) mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreError("directory-unusable", `cannot use ${dir} as data directory: ${messageOf(error)}`, {
      hint: "choose a directory that this user may write",
      cause: error,
    });
  }
  return layout;
}
