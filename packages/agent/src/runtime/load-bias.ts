import { type ElfFile, elfType, readMaps, segmentType } from "@go3s/binary";

/** LoadPlace is what must be known of an executable to say where it is in a process's memory. */
export interface LoadPlace {
  /** lowest is the link-time address of the first loaded byte, moved where the program is loaded elsewhere. */
  readonly lowest: number;
  readonly movable: boolean;
}

/** loadPlaceOf reads it. */
export function loadPlaceOf(elf: ElfFile): LoadPlace {
  const loaded = elf.segments.filter(({ type }) => type === segmentType.LOAD);
  return { lowest: Math.min(...loaded.map(({ address }) => address)), movable: elf.type === elfType.DYN };
}

/**
 * loadBias is how far above its link-time addresses a process's program is loaded: 0 unless it was built to be movable.
 * Undefined when the process is gone or its program is mapped nowhere. `inode` is the executable's.
 */
export function loadBias(pid: number, place: LoadPlace, inode: number): number | undefined {
  if (!place.movable) return 0;
  for (const mapping of readMaps(pid)) {
    if (mapping.inode !== inode || mapping.fileOffset !== 0) continue;
    // The first segment begins the file, and whole pages are mapped.
    return mapping.start - Math.floor(place.lowest / 4096) * 4096;
  }
  return undefined;
}
