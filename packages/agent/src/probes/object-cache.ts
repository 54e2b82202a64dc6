import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { release, version } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceText } from "@go3s/lang";

/** ObjectCache keeps one compiled object, so that a second start need not compile: seconds. */
export interface ObjectCache {
  /** read gives the object that was kept for this key, undefined for any other or a damaged one. */
  read(key: Uint8Array): Uint8Array | undefined;
  /** write keeps an object in place of the last one; it never throws, for a cache may be missing. */
  write(key: Uint8Array, object: Uint8Array): void;
}

const hashBytes = 32;

// Beside this package, in a checkout and as npm lays packages out.
const compiler = [
  new URL("../../../lang/dist/", import.meta.url),
  new URL("../../../bpf/dist/", import.meta.url),
  new URL("../../../binary/dist/", import.meta.url),
];

/**
 * cacheKey is a hash of all an object depends on: the sources, the kernel with its types, and the compiler, so that a
 * rebuilt one is not answered from the cache.
 */
export function cacheKey(sources: readonly SourceText[]): Uint8Array {
  const hash = createHash("sha256");
  hash.update(`${release()}\0${version()}\0${process.arch}\0`);
  for (const source of sources) hash.update(`${source.name}\0${source.text.length}\0${source.text}`);
  for (const folder of compiler) for (const stamp of stampsOf(fileURLToPath(folder))) hash.update(stamp);
  return hash.digest();
}

/**
 * stampsOf tells a package's build by size and time: of what the TypeScript compiler writes last, in a checkout; where that
 * is not packed along, of every module, which takes 60 ms for these three packages.
 */
function stampsOf(folder: string): string[] {
  const stamp = (file: string): string => {
    const { size, mtimeMs } = statSync(join(folder, file));
    return `${file}\0${size}\0${mtimeMs}\0`;
  };
  if (existsSync(join(folder, ".tsbuildinfo"))) return [stamp(".tsbuildinfo")];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".js") && !file.endsWith(".test.js"))
    .sort()
    .map(stamp);
}

/**
 * openObjectCache uses a folder of the user's. A folder or file that anybody else could have written is not read: what
 * stands in it runs in the kernel.
 */
export function openObjectCache(folder: string): ObjectCache {
  const path = join(folder, `probes-${process.arch}.o`);
  const sum = (object: Uint8Array): Uint8Array => createHash("sha256").update(object).digest();
  return {
    read(key) {
      try {
        if (!isOurs(folder) || !isOurs(path)) return undefined;
        const bytes = readFileSync(path);
        const object = bytes.subarray(2 * hashBytes);
        const isWanted = bytes.subarray(0, hashBytes).equals(key);
        const isWhole = bytes.subarray(hashBytes, 2 * hashBytes).equals(sum(object));
        return isWanted && isWhole ? new Uint8Array(object) : undefined;
      } catch {
        return undefined;
      }
    },
    write(key, object) {
      const next = `${path}.${process.pid}`;
      try {
        makeFolder(folder);
        writeFileSync(next, Buffer.concat([key, sum(object), object]), { mode: 0o600 });
        renameSync(next, path);
      } catch {
        removeFile(next);
      }
    },
  };
}

/**
 * makeFolder makes a folder and what is above it, one by one: mkdir(2) in /proc says ENOENT whatever is there, and Node's recursive
 * one then tries for ever.
 */
function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let path = folder; !existsSync(path); path = dirname(path)) missing.push(path);
  for (const path of missing.reverse()) mkdirSync(path, { mode: 0o700 });
}

/** removeFile takes away what was begun; in a folder that may not be entered there is nothing. */
function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nothing of ours is left there.
  }
}

function isOurs(path: string): boolean {
  const { uid, mode } = statSync(path);
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}
