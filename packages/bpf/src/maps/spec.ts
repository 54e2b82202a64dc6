import { MapType, type MapTypeId } from "../uapi/map-types.js";
import { mapTypeRow } from "./type-rows.js";

/** MapSpec describes a map that is to be made. */
export interface MapSpec {
  /** The kernel keeps the first 15 bytes; letters, digits, `_` and `.`. */
  readonly name: string;
  readonly type: MapTypeId;
  /** Size of a key in bytes; 0 for ring buffers and queues. */
  readonly keySize: number;
  /** Size of a value in bytes, of one processor's value for per-CPU maps. */
  readonly valueSize: number;
  /** For a ring buffer its size in bytes, a power of two and a multiple of the page size. */
  readonly maxEntries: number;
  /** MapFlag bits. */
  readonly flags?: number;
  /** The type-specific 64-bit extra (bloom filter hashes, arena address). */
  readonly extra?: number;
  /** For maps of maps: what each element looks like. */
  readonly inner?: MapSpec;
  /** BTF ids of key and value in the object's BTF. */
  readonly keyType?: number;
  readonly valueType?: number;
  /** For struct_ops maps: the id of the value's type in the kernel's own BTF. */
  readonly kernelValueType?: number;
  /** The memory node to allocate it on; any when absent. Sets BPF_F_NUMA_NODE. */
  readonly numaNode?: number;
  /** Values the map starts with. */
  readonly contents?: readonly MapEntry[];
  /** Freeze the map after filling it: user space can no longer write (5.2). */
  readonly freeze?: boolean;
}

/** MapEntry is a key with its value. */
export interface MapEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** isPerCpu tells whether a map type has a value per processor. */
export function isPerCpu(type: MapTypeId): boolean {
  return mapTypeRow(type)?.perCpu === true;
}

const MAP_TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(MapType).map(([name, id]) => [id, name]),
);

/** mapTypeName gives the kernel's name of a map type in short: `hash`, `ringbuf`. */
export function mapTypeName(type: number): string {
  return MAP_TYPE_NAMES.get(type)?.slice("BPF_MAP_TYPE_".length).toLowerCase() ?? `map type ${type}`;
}

/** mapTypeSince gives the first kernel that has a map type, undefined for those older than 4.19. */
export function mapTypeSince(type: number): string | undefined {
  return mapTypeRow(type)?.since;
}
