import { join } from "node:path";
import { BpfError } from "../errors.js";
import type { BpfMap } from "../maps/map.js";
import { openPinnedMap } from "../maps/open.js";
import { type MapSpec, mapTypeName } from "../maps/spec.js";
import { makePinFolder, pinName } from "../pin/bpffs.js";
import { pinObject } from "../pin/pin.js";
import { MapFlag } from "../uapi/flags.js";

/** pinPathOf gives the path of a map that is pinned by its name. */
export function pinPathOf(folder: string, name: string): string {
  return join(folder, pinName(name));
}

const PARTS = ["type", "keySize", "valueSize", "maxEntries", "flags", "extra"] as const;

function partOf(spec: MapSpec, part: (typeof PARTS)[number]): number {
  // The kernel adds this one by itself to device maps (kernel/bpf/devmap.c).
  if (part === "flags") return (spec.flags ?? 0) & ~MapFlag.BPF_F_RDONLY_PROG;
  return spec[part] ?? 0;
}

/** mapDifferences says in words how a map differs from what an object defines: one text per property. */
export function mapDifferences(
  wanted: MapSpec,
  found: MapSpec,
  parts: readonly (typeof PARTS)[number][] = PARTS,
): string[] {
  const text = (part: (typeof PARTS)[number], value: number): string =>
    part === "type" ? mapTypeName(value) : part === "flags" ? `0x${value.toString(16)}` : `${value}`;
  return parts
    .filter((part) => partOf(wanted, part) !== partOf(found, part))
    .map((part) => {
      const [has, wants] = [text(part, partOf(found, part)), text(part, partOf(wanted, part))];
      return `${part} ${has}, the object wants ${wants}`;
    });
}

/**
 * openCompatible opens the map pinned at a path when it is what the object defines; undefined when nothing is
 * pinned there. Throws BpfError `map-mismatch` that names all that differs.
 */
export function openCompatible(path: string, name: string, wanted: MapSpec): BpfMap | undefined {
  let map: BpfMap;
  try {
    map = openPinnedMap(path);
  } catch (error) {
    if (error instanceof BpfError && error.code === "not-found") return undefined;
    throw error;
  }
  const differences = mapDifferences(wanted, map.spec);
  if (differences.length === 0) return map;
  map.close();
  throw new BpfError(
    "map-mismatch",
    `the map pinned at ${path} has ${differences.join("; ")} for "${name}"`,
    {
      hint: `take the old pin away (rm ${path}), or choose another folder in options.pinFolder`,
    },
  );
}

/**
 * pinOrOpen pins a new map at a path; when another loader was faster its map is opened instead. Tells whether
 * the pin is ours.
 */
export function pinOrOpen(map: BpfMap, path: string, folder: string, wanted: MapSpec): BpfMap | undefined {
  makePinFolder(folder);
  try {
    pinObject(map, path);
    return undefined;
  } catch (error) {
    if (!(error instanceof BpfError && error.code === "already-exists")) throw error;
    return openCompatible(path, map.spec.name, wanted);
  }
}
