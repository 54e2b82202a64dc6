import { statSync } from "node:fs";
import { basename } from "node:path";
import {
  BinaryError,
  type ElfFile,
  elfMachine,
  inRoot,
  type MemoryMapping,
  openElf,
  probeSite,
  readMaps,
} from "@go3s/binary";
import { fileIdentity, withFile } from "@go3s/bpf";
import { libraryFunctions, libraryName } from "./library-functions.js";
import type { TlsSite, TlsSites } from "./tls-site.js";

/** TlsLibraries finds the libraries for TLS that processes have mapped. Files are read once, however many processes share them. */
export interface TlsLibraries {
  /** of gives a process's places: in its libraries, and in its executable when that has such functions itself, as Node's. */
  of(pid: number): TlsSites;
}

interface FileSites {
  readonly sites: readonly Omit<TlsSite, "path">[];
  readonly lost: readonly string[];
}

// Executables of a machine that runs thousands of different ones.
const limit = 4096;

/** newTlsLibraries makes an empty cache. */
export function newTlsLibraries(): TlsLibraries {
  const known = new Map<string, FileSites>();

  const read = (path: string, name: string): FileSites & { readonly key: string } => {
    const key = fileIdentity(path);
    let found = known.get(key);
    if (found === undefined) {
      found = withFile(path, key, (file) => sitesOf(file, name));
      if (known.size >= limit) known.clear();
      known.set(key, found);
    }
    return { ...found, key };
  };

  return {
    of(pid) {
      const sites: TlsSite[] = [];
      const lost: string[] = [];
      const add = (path: string, name: string): void => {
        const found = read(path, name);
        sites.push(...found.sites.map((site) => ({ ...site, path, identity: found.key })));
        lost.push(...found.lost);
      };
      try {
        add(`/proc/${pid}/exe`, "the executable");
        for (const mapping of librariesOf(readMaps(pid))) add(pathOf(pid, mapping), mapping.path);
      } catch (error) {
        // The process has ended, or is not for us to look at; libraries that a file system hides cost what they say.
        if (!(error instanceof BinaryError) && !(error instanceof Error && "code" in error)) throw error;
        if (!(error instanceof BinaryError && error.code === "no-process") && isThere(pid))
          lost.push(`what is said by TLS: ${error.message}`);
      }
      return { sites, lost };
    },
  };
}

const isThere = (pid: number): boolean =>
  statSync(`/proc/${pid}/exe`, { throwIfNoEntry: false }) !== undefined;

/** librariesOf gives one mapping of each library for TLS. */
export function librariesOf(maps: readonly MemoryMapping[]): MemoryMapping[] {
  const found = new Map<string, MemoryMapping>();
  for (const mapping of maps) {
    if (!mapping.executable || mapping.inode === 0 || !libraryName.test(basename(mapping.path))) continue;
    found.set(`${mapping.device} ${mapping.inode}`, mapping);
  }
  return [...found.values()];
}

/** pathOf opens a mapping's file: by the process's root, else, for one that was replaced, by the kernel's own handle. */
function pathOf(pid: number, mapping: MemoryMapping): string {
  const path = inRoot(pid, mapping.path);
  if (!mapping.deleted && statSync(path, { throwIfNoEntry: false })?.ino === mapping.inode) return path;
  return `/proc/${pid}/map_files/${mapping.start.toString(16)}-${mapping.end.toString(16)}`;
}

function sitesOf(path: string, name: string): FileSites {
  let elf: ElfFile;
  try {
    elf = openElf(path);
  } catch (error) {
    // A program of another kind has nothing to tell here.
    if (error instanceof BinaryError && error.code !== "unreadable-file") return { sites: [], lost: [] };
    throw error;
  }
  try {
    const sites: FileSites["sites"][number][] = [];
    const symbols = elf.dynamicSymbols();
    for (const { symbol, cookie } of libraryFunctions) {
      const found = symbols?.find(symbol);
      if (found === undefined || found.value === 0 || found.size === 0) continue;
      if (elf.machine !== elfMachine.X86_64)
        return { sites: [], lost: [`what is said by TLS: ${name} is read on x86-64 alone`] };
      const entry = elf.addressToOffset(found.value);
      if (entry === undefined) continue;
      // Arguments are as they were at the entry there, and so is the stack: a return probe is set by its place too.
      const { offset } = probeSite(elf.machine, elf.readAddress(found.value, found.size).data, "c");
      for (const program of ["call", "return"] as const)
        sites.push({ program, fileOffset: entry + offset, cookie: BigInt(cookie) });
    }
    return { sites, lost: [] };
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return { sites: [], lost: [`what is said by TLS: ${name}: ${error.message}`] };
  } finally {
    elf.close();
  }
}
