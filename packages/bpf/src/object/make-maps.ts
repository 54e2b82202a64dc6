import { BpfError } from "../errors.js";
import { pageSize } from "../kernel/mmap.js";
import { possibleCpus } from "../maps/cpus.js";
import { type BpfMap, createMap, u32Bytes } from "../maps/map.js";
import type { MapSpec } from "../maps/spec.js";
import { unpin } from "../pin/folder.js";
import { MapType } from "../uapi/map-types.js";
import type { MapSize } from "./options.js";
import { mapDifferences, openCompatible, pinOrOpen, pinPathOf } from "./pins.js";
import type { ObjectSpec } from "./spec.js";

/** MadeMaps are an object's maps in the kernel, and which of them are ours to close. */
export interface MadeMaps {
  readonly maps: Map<string, BpfMap>;
  readonly owned: BpfMap[];
  /** Closes them, and takes away the pins that were made. */
  readonly undo: () => void;
}

// What a definition leaves to the machine: processors, page size.
function fitToMachine(spec: MapSpec): MapSpec {
  if (spec.type === MapType.BPF_MAP_TYPE_RINGBUF) {
    const page = pageSize();
    const size = 2 ** Math.ceil(Math.log2(Math.max(spec.maxEntries, page)));
    // Objects may name the type of records as the value's, for those who decode them; the kernel wants none.
    return { ...spec, keySize: 0, valueSize: 0, keyType: 0, valueType: 0, maxEntries: size };
  }
  const holdsMaps =
    spec.type === MapType.BPF_MAP_TYPE_ARRAY_OF_MAPS || spec.type === MapType.BPF_MAP_TYPE_HASH_OF_MAPS;
  // The value is a descriptor, whose size some objects leave out.
  if (holdsMaps && spec.valueSize === 0) return { ...spec, valueSize: 4 };
  if (spec.type === MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
    return {
      ...spec,
      keySize: 4,
      valueSize: 4,
      maxEntries: spec.maxEntries === 0 ? possibleCpus() : spec.maxEntries,
    };
  }
  return spec;
}

function checkShared(name: string, spec: MapSpec, map: BpfMap): void {
  const differences = mapDifferences(fitToMachine(spec), map.spec, ["type", "keySize", "valueSize"]);
  if (differences.length === 0) return;
  throw new BpfError("map-mismatch", `the map given for "${name}" has ${differences.join("; ")}`);
}

/** MapChoices say how the maps of an object are to be made. */
export interface MapChoices {
  /** Maps to use in place of the object's own; they stay the caller's. */
  readonly shared: ReadonlyMap<string, BpfMap>;
  readonly sizes: Readonly<Record<string, number | MapSize>>;
  /** Inner maps, in place of the object's. */
  readonly inner: Readonly<Record<string, MapSpec>>;
  /** Contents of data sections, in place of the object's. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly pinFolder: string;
  readonly btfFd: number | undefined;
}

function checkNames(spec: ObjectSpec, { sizes, inner }: MapChoices): void {
  for (const name of [...Object.keys(sizes), ...Object.keys(inner)]) {
    if (spec.maps.has(name)) continue;
    const hint = `it has ${[...spec.maps.keys()].join(", ") || "none"}`;
    throw new BpfError("not-found", `the object has no map "${name}"`, { hint });
  }
}

function wantedMap(defined: MapSpec, choices: MapChoices): MapSpec {
  const { name } = defined;
  const value = choices.contents.get(name);
  const size = choices.sizes[name];
  const inner = choices.inner[name];
  return fitToMachine({
    ...defined,
    ...(value !== undefined && { contents: [{ key: u32Bytes(0), value }] }),
    ...(inner !== undefined && { inner }),
    ...(typeof size === "number" ? { maxEntries: size } : size),
  });
}

/**
 * makeMaps makes an object's maps, or opens those that are pinned under their names already. When one fails
 * what was made, and pinned, is taken back. Throws BpfError, `map-mismatch` for a map that is another.
 */
export function makeMaps(spec: ObjectSpec, choices: MapChoices): MadeMaps {
  const maps = new Map<string, BpfMap>();
  const owned: BpfMap[] = [];
  const pins: string[] = [];
  checkNames(spec, choices);
  const open = (name: string, wanted: MapSpec): BpfMap => {
    const { pinFolder: folder, btfFd } = choices;
    if (!spec.pinned.has(name)) return createMap(wanted, { btfFd });
    const path = pinPathOf(folder, name);
    const found = openCompatible(path, name, wanted);
    if (found !== undefined) return found;
    const made = createMap(wanted, { btfFd });
    try {
      const faster = pinOrOpen(made, path, folder, wanted);
      if (faster !== undefined) {
        made.close();
        return faster;
      }
      pins.push(path);
      return made;
    } catch (error) {
      made.close();
      throw error;
    }
  };
  const undo = (): void => {
    for (const path of pins) unpin(path);
    for (const map of owned) map.close();
  };
  try {
    for (const [name, defined] of spec.maps) {
      const given = choices.shared.get(name);
      if (given !== undefined) checkShared(name, defined, given);
      const map = given ?? open(name, wantedMap(defined, choices));
      maps.set(name, map);
      if (given === undefined) owned.push(map);
    }
    return { maps, owned, undo };
  } catch (error) {
    undo();
    throw error;
  }
}
