import { BinaryError } from "../errors.js";
import { inRoot, openMapped } from "./mapped-file.js";
import type { MemoryMapping } from "./maps.js";
import { type Module, openModule } from "./module.js";

/** ModuleCache shares opened modules between processes: one libc serves them all. It closes what was not used for longest. */
export interface ModuleCache {
  /** count of modules held open. */
  readonly count: number;
  /** of returns the module of a mapping, undefined when its file cannot be opened or is no ELF. Do not keep it. */
  of(pid: number, mapping: MemoryMapping): Module | undefined;
  close(): void;
  [Symbol.dispose](): void;
}

/** ModuleCacheOptions bounds a cache. */
export interface ModuleCacheOptions {
  /** modules held open at once, each with one or two descriptors; 64 when left out. */
  readonly modules?: number;
}

interface Held {
  readonly module: Module | undefined;
  readonly buildId: string | undefined;
  /** files are the keys (device and inode) under which the module is known: several copies have one build id. */
  readonly files: string[];
}

/** openModuleCache makes an empty cache. */
export function openModuleCache(options: ModuleCacheOptions = {}): ModuleCache {
  const limit = Math.max(1, options.modules ?? 64);
  const byFile = new Map<string, Held>();
  const byBuildId = new Map<string, Held>();
  // Insertion order is the order of use: what is used goes to the end.
  const all = new Set<Held>();

  const drop = (held: Held): void => {
    all.delete(held);
    for (const file of held.files) byFile.delete(file);
    if (held.buildId !== undefined) byBuildId.delete(held.buildId);
    held.module?.close();
  };

  const use = (held: Held): Held => {
    all.delete(held);
    all.add(held);
    return held;
  };

  const open = (pid: number, mapping: MemoryMapping, key: string): Held => {
    let module: Module | undefined;
    let buildId: string | undefined;
    try {
      const elf = openMapped(pid, mapping);
      try {
        buildId = elf.gnuBuildId() ?? elf.goBuildId();
        const same = buildId === undefined ? undefined : byBuildId.get(buildId);
        if (same !== undefined) {
          elf.close();
          same.files.push(key);
          return same;
        }
        // A debug file may lie in the container's tree or in this machine's own.
        module = openModule(elf, { path: mapping.path, roots: [inRoot(pid, ""), ""] });
      } catch (error) {
        elf.close();
        throw error;
      }
    } catch (error) {
      // A mapping of what is no ELF, or of a file out of reach, is remembered as such.
      if (!(error instanceof BinaryError)) throw error;
    }
    return { module, buildId: module === undefined ? undefined : buildId, files: [key] };
  };

  const clear = (): void => {
    for (const held of [...all]) drop(held);
  };

  return {
    get count() {
      return all.size;
    },
    of(pid, mapping) {
      const key = `${mapping.device}:${mapping.inode}`;
      const there = byFile.get(key);
      if (there !== undefined) return use(there).module;
      const held = open(pid, mapping, key);
      byFile.set(key, held);
      if (held.buildId !== undefined) byBuildId.set(held.buildId, held);
      use(held);
      for (const oldest of all) {
        if (all.size <= limit) break;
        drop(oldest);
      }
      return held.module;
    },
    close: clear,
    [Symbol.dispose]: clear,
  };
}
