import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, messageOf, StoreError } from "./errors.js";
import { identityOf, isRunning, parseIdentity } from "./process-identity.js";

/** DirectoryLock keeps other processes out of a data directory until close(). */
export interface DirectoryLock {
  close(): void;
  [Symbol.dispose](): void;
}

/** LOCK_FILE holds, as JSON, pid, start time and command of the process that uses the directory. */
export const LOCK_FILE = "lock";
/** TAKE_OVERS bounds how often a lock whose holder is gone is cleared before giving up. */
const TAKE_OVERS = 10;

function tryLink(from: string, to: string): boolean {
  try {
    // link(2) fails when the name exists, and what becomes visible is whole: no half-written lock is ever read.
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}

function refuseIfHeld(path: string, directory: string): void {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  const holder = parseIdentity(text);
  if (holder === undefined || !isRunning(holder)) {
    rmSync(path, { force: true });
    return;
  }
  throw new StoreError("directory-in-use", `process ${holder.pid} uses ${directory}: ${holder.command}`, {
    hint: "stop that process, ask it (go3s query finds a running server by itself), or choose another directory",
  });
}

/** lockDirectory takes the directory for this process, or says by `directory-in-use` which process holds it. */
export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, LOCK_FILE);
  const own = `${path}.${process.pid}.${performance.now()}`;
  const identity = identityOf(process.pid) ?? {
    pid: process.pid,
    startTicks: 0,
    command: process.argv.join(" "),
  };
  try {
    writeFileSync(own, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
    for (let round = 0; round < TAKE_OVERS; round++) {
      if (tryLink(own, path)) {
        const close = () => rmSync(path, { force: true });
        return { close, [Symbol.dispose]: close };
      }
      refuseIfHeld(path, directory);
    }
    throw new StoreError(
      "directory-unusable",
      `cannot take the lock ${path}: it comes back each time it is cleared`,
    );
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError("directory-unusable", `cannot write the lock ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    rmSync(own, { force: true });
  }
}
