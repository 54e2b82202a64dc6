import { MapType, type MapTypeId } from "../uapi/map-types.js";

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

const PER_CPU: ReadonlySet<number> = new Set([
  MapType.BPF_MAP_TYPE_PERCPU_HASH,
  MapType.BPF_MAP_TYPE_PERCPU_ARRAY,
  MapType.BPF_MAP_TYPE_LRU_PERCPU_HASH,
  MapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
]);

/** isPerCpu tells whether a map type has a value per processor. */
export function isPerCpu(type: MapTypeId): boolean {
  return PER_CPU.has(type);
}

const MAP_TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(MapType).map(([name, id]) => [id, name]),
);

/** mapTypeName gives the kernel's name of a map type in short: `hash`, `ringbuf`. */
export function mapTypeName(type: number): string {
  return MAP_TYPE_NAMES.get(type)?.slice("BPF_MAP_TYPE_".length).toLowerCase() ?? `map type ${type}`;
}

/** The first kernel of the map types that did not come with 4.18 or before. Source: kernel history of bpf.h. */
const MAP_TYPE_SINCE: ReadonlyMap<number, string> = new Map<number, string>([
  [MapType.BPF_MAP_TYPE_QUEUE, "4.20"],
  [MapType.BPF_MAP_TYPE_STACK, "4.20"],
  [MapType.BPF_MAP_TYPE_SK_STORAGE, "5.2"],
  [MapType.BPF_MAP_TYPE_DEVMAP_HASH, "5.4"],
  [MapType.BPF_MAP_TYPE_STRUCT_OPS, "5.6"],
  [MapType.BPF_MAP_TYPE_RINGBUF, "5.8"],
  [MapType.BPF_MAP_TYPE_INODE_STORAGE, "5.10"],
  [MapType.BPF_MAP_TYPE_TASK_STORAGE, "5.11"],
  [MapType.BPF_MAP_TYPE_BLOOM_FILTER, "5.16"],
  [MapType.BPF_MAP_TYPE_USER_RINGBUF, "6.1"],
  [MapType.BPF_MAP_TYPE_CGRP_STORAGE, "6.2"],
  [MapType.BPF_MAP_TYPE_ARENA, "6.9"],
]);

/** mapTypeSince gives the first kernel that has a map type, undefined for those older than 4.19. */
export function mapTypeSince(type: number): string | undefined {
  return MAP_TYPE_SINCE.get(type);
}
