import { existsSync, readdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { readMaps } from "@go3s/binary";
import { findFile } from "@go3s/bpf";
import { type FoundFile, glob } from "@go3s/lang";
import { environment } from "../../environment.js";

const machine = process.arch === "arm64" ? "aarch64" : "x86_64";

// ld.so(8), and Debian's folders by machine.
const libraryFolders = [
  `/lib/${machine}-linux-gnu`,
  `/usr/lib/${machine}-linux-gnu`,
  "/lib64",
  "/usr/lib64",
  "/usr/local/lib",
  "/usr/lib",
];

/** library finds `libc` as libc.so.6: the name without its version, as scripts write it. */
function library(name: string): string | undefined {
  const versioned = new RegExp(`^${name.replace(/[^\w-]/g, "\\$&")}\\.so(?:\\.[0-9.]+)?$`);
  for (const folder of libraryFolders) {
    // A name with a version first: libc.so alone is a text for the linker.
    const found = existsSync(folder) ? readdirSync(folder).filter((entry) => versioned.test(entry)) : [];
    const best = found.sort((a, b) => b.length - a.length)[0];
    if (best !== undefined) return join(folder, best);
  }
  return undefined;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** named looks for a program in PATH, then for a library where libraries are. */
function named(name: string): string | undefined {
  const folder = environment.path.split(":").find((each) => each !== "" && isFile(join(each, name)));
  if (folder !== undefined) return join(folder, name);
  const unversioned = library(name);
  if (unversioned !== undefined) return unversioned;
  try {
    const path = findFile(name);
    return isFile(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** matching gives the files that a pattern of paths fits, as the shell does: `*` matches no slash. */
function matching(pattern: string): string[] {
  const absolute = pattern.startsWith("/");
  let found: string[] = [absolute ? "/" : ""];
  for (const piece of pattern.split("/").filter((each) => each !== "")) {
    const isPattern = /[*?[]/.test(piece);
    const fits = glob(piece);
    found = found.flatMap((folder) => {
      if (!isPattern) return [`${folder}${piece}/`];
      try {
        return readdirSync(folder === "" ? "." : folder)
          .filter((entry) => fits.test(entry) && (!entry.startsWith(".") || piece.startsWith(".")))
          .map((entry) => `${folder}${entry}/`);
      } catch {
        return [];
      }
    });
  }
  return found.map((path) => path.slice(0, -1)).filter(isFile);
}

/** isElsewhere tells whether a process has its own view of the file system. */
function isElsewhere(pid: number): boolean {
  try {
    const own = readlinkSync("/proc/self/ns/mnt") === readlinkSync(`/proc/${pid}/ns/mnt`);
    return !own || realpathSync(`/proc/${pid}/root`) !== "/";
  } catch {
    return false;
  }
}

function mapped(pid: number): string[] {
  try {
    return readMaps(pid)
      .filter((row) => row.executable && row.inode !== 0 && row.path.startsWith("/") && !row.deleted)
      .map((row) => row.path);
  } catch {
    // It has ended.
    return [];
  }
}

/** mappedFiles gives the programs and libraries that a process, or without one any process, runs. */
function mappedFiles(pid: number | undefined): FoundFile[] {
  if (pid !== undefined) {
    const root = isElsewhere(pid) ? `/proc/${pid}/root` : "";
    return [...new Set(mapped(pid))].map((path) => ({ path: `${root}${path}`, shown: path }));
  }
  const found = new Map<string, FoundFile>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const root = isElsewhere(Number(entry)) ? `/proc/${entry}/root` : "";
    for (const path of mapped(Number(entry))) {
      const file = { path: `${root}${path}`, shown: path };
      const { dev, ino } = statSync(file.path, { throwIfNoEntry: false }) ?? { dev: 0, ino: 0 };
      const key = `${dev}:${ino}`;
      if (ino !== 0 && !found.has(key)) found.set(key, file);
    }
  }
  return [...found.values()];
}

/**
 * findFiles gives the programs and libraries that a name means: a path, a pattern of paths, a program in PATH, a library.
 * "" is what runs now; `*` with a process is what that process runs.
 */
export function findFiles(name: string, pid: number | undefined): readonly FoundFile[] {
  if (name === "" || (pid !== undefined && /^\*+$/.test(name))) return mappedFiles(pid);
  if (/[*?[]/.test(name)) {
    const found = matching(name);
    if (pid === undefined || found.length > 0) return found.map((shown) => ({ path: resolve(shown), shown }));
    const fits = glob(name);
    return mappedFiles(pid).filter((file) => fits.test(file.shown));
  }
  if (name.startsWith("/") && pid !== undefined && isElsewhere(pid)) {
    const path = `/proc/${pid}/root${name}`;
    if (isFile(path)) return [{ path, shown: name }];
  }
  if (name.includes("!/")) return [{ path: resolve(name), shown: name }];
  if (name.includes("/")) return isFile(name) ? [{ path: resolve(name), shown: name }] : [];
  const path = named(name) ?? (isFile(name) ? resolve(name) : undefined);
  return path === undefined ? [] : [{ path, shown: path }];
}
