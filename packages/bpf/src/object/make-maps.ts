import { BpfError } from "../errors.js";
import { pageSize } from "../kernel/mmap.js";
import { possibleCpus } from "../maps/cpus.js";
import { type BpfMap, createMap, u32Bytes } from "../maps/map.js";
import type { MapSpec } from "../maps/spec.js";
import { MapType } from "../uapi/map-types.js";
import type { ObjectSpec } from "./spec.js";

/** MadeMaps are an object's maps in the kernel, and which of them are ours to close. */
export interface MadeMaps {
  readonly maps: Map<string, BpfMap>;
  readonly owned: BpfMap[];
}

// What a definition leaves to the machine: processors, page size.
function fitToMachine(spec: MapSpec): MapSpec {
  if (spec.type === MapType.BPF_MAP_TYPE_RINGBUF) {
    const page = pageSize();
    const size = 2 ** Math.ceil(Math.log2(Math.max(spec.maxEntries, page)));
    // Objects may name the type of records as the value's, for those who decode them; the kernel wants none.
    return { ...spec, keySize: 0, valueSize: 0, keyType: 0, valueType: 0, maxEntries: size };
  }
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
  const differs = (["type", "keySize", "valueSize"] as const).find(
    (part) => map.spec[part] !== fitToMachine(spec)[part],
  );
  if (differs === undefined) return;
  throw new BpfError(
    "bad-argument",
    `the map given for "${name}" has ${differs} ${map.spec[differs]}, the object wants ${spec[differs]}`,
  );
}

/** makeMaps makes an object's maps; what was made is closed again when one fails. */
export function makeMaps(
  spec: ObjectSpec,
  shared: ReadonlyMap<string, BpfMap>,
  sizes: Readonly<Record<string, number>>,
  contents: ReadonlyMap<string, Uint8Array>,
  btfFd: number | undefined,
): MadeMaps {
  const maps = new Map<string, BpfMap>();
  const owned: BpfMap[] = [];
  for (const name of Object.keys(sizes)) {
    if (!spec.maps.has(name)) throw new BpfError("not-found", `the object has no map "${name}"`);
  }
  try {
    for (const [name, defined] of spec.maps) {
      const given = shared.get(name);
      if (given !== undefined) {
        checkShared(name, defined, given);
        maps.set(name, given);
        continue;
      }
      const value = contents.get(name);
      const made = createMap(
        fitToMachine({
          ...defined,
          ...(value !== undefined && { contents: [{ key: u32Bytes(0), value }] }),
          ...(sizes[name] !== undefined && { maxEntries: sizes[name] }),
        }),
        { btfFd },
      );
      maps.set(name, made);
      owned.push(made);
    }
    return { maps, owned };
  } catch (error) {
    for (const map of owned) map.close();
    throw error;
  }
}
