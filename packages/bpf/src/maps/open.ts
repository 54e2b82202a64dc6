import { BpfError } from "../errors.js";
import { openById } from "../inventory/ids.js";
import { mapInfo } from "../inventory/map-info.js";
import type { Descriptor } from "../kernel/fd.js";
import { type OpenPinOptions, openPinnedAs } from "../pin/pin.js";
import { MapType } from "../uapi/map-types.js";
import { BpfMap } from "./map.js";

/** mapOfDescriptor makes a BpfMap of a map's descriptor, as the kernel describes it, and takes it over. */
export function mapOfDescriptor(fd: Descriptor): BpfMap {
  try {
    const info = mapInfo(fd.number);
    const type = Object.values(MapType).find((id) => id === info.type);
    if (type === undefined) {
      throw new BpfError(
        "not-supported",
        `map "${info.name}" has type ${info.type}, which is not known here`,
      );
    }
    const { name, keySize, valueSize, maxEntries, flags, keyTypeId: keyType, valueTypeId: valueType } = info;
    const extra = Number(info.extra);
    return new BpfMap({ name, type, keySize, valueSize, maxEntries, flags, extra, keyType, valueType }, fd);
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** openPinnedMap opens a pinned map, which the caller closes. Throws `not-found`, `bad-pin-path`. */
export function openPinnedMap(path: string, options: OpenPinOptions = {}): BpfMap {
  return mapOfDescriptor(openPinnedAs("map", path, options));
}

/** openMapById opens a map by its id (4.13), which the caller closes. Throws `not-found` when it is gone. */
export function openMapById(id: number): BpfMap {
  return mapOfDescriptor(openById("map", id));
}
