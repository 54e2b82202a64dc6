import { type Dirent, lstatSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { BpfError } from "../errors.js";
import { isOnBpffs } from "./bpffs.js";
import { openPinned, type PinKind } from "./pin.js";

/** Pin is a pin with what it holds; undefined for one that may not be opened. */
export interface Pin {
  readonly path: string;
  readonly kind: PinKind | undefined;
}

/** A folder of pins is not deep; a bound keeps a loop of mounts from going on for ever. */
const MAX_DEPTH = 16;

function entriesOf(folder: string, depth = 0): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    // Folders below come and go while others pin and unpin.
    if (depth > 0 && cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new BpfError("not-found", `cannot list the pins in ${folder}`, { cause });
  }
}

function kindAt(path: string): PinKind | undefined {
  try {
    const { kind, fd } = openPinned(path);
    fd.close();
    return kind;
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
}

/** pinsBelow lists the pins in a folder of the BPF file system and below it, by path. Throws `bad-pin-path`. */
export function pinsBelow(folder: string): Pin[] {
  const found: Pin[] = [];
  const walk = (at: string, depth: number): void => {
    if (depth > MAX_DEPTH) return;
    for (const entry of entriesOf(at, depth)) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) walk(path, depth + 1);
      else if (entry.isFile()) found.push({ path, kind: kindAt(path) });
    }
  };
  const whole = resolve(folder);
  entriesOf(whole);
  if (!isOnBpffs(whole)) {
    throw new BpfError("bad-pin-path", `${whole} is not on a BPF file system, so it holds no pins`);
  }
  walk(whole, 0);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * unpin takes a pin away and tells whether there was one. What was pinned goes when nobody else holds it.
 * Throws `bad-pin-path` for what is not on a BPF file system, so that no other file is ever deleted.
 */
export function unpin(path: string): boolean {
  const whole = resolve(path);
  let isFolder: boolean;
  try {
    isFolder = lstatSync(whole).isDirectory();
  } catch {
    return false;
  }
  if (isFolder || !isOnBpffs(whole)) {
    throw new BpfError("bad-pin-path", `${whole} is no pin`, {
      hint: isFolder ? "it is a folder: unpinFolder() takes all that is in it" : "nothing was deleted",
    });
  }
  rmSync(whole);
  return true;
}

/** unpinFolder takes away all pins in a folder and below, then the folders, and gives what it took away. */
export function unpinFolder(folder: string): Pin[] {
  const pins = pinsBelow(folder);
  for (const { path } of pins) rmSync(path, { force: true });
  const remove = (at: string, depth: number): void => {
    if (depth > MAX_DEPTH) return;
    for (const entry of entriesOf(at)) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) remove(path, depth + 1);
      else if (entry.isSymbolicLink()) rmSync(path);
    }
    rmdirSync(at);
  };
  remove(resolve(folder), 0);
  return pins;
}
