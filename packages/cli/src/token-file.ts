import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "./failure.js";

const fileName = "token";

/** keptToken is the token in a data directory; undefined when none was kept. Throws CliError "file-unreadable". */
export function keptToken(directory: string): string | undefined {
  const path = join(directory, fileName);
  if (!existsSync(path)) return undefined;
  try {
    const text = readFileSync(path, "utf8").trim();
    return text === "" ? undefined : text;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("file-unreadable", `cannot read the token in ${path}: ${why}`);
  }
}

/** keepToken writes it for its owner only, so that a restart asks for the same one; who wants another removes the file. */
export function keepToken(directory: string, token: string): void {
  writeFileSync(join(directory, fileName), `${token}\n`, { mode: 0o600 });
}
