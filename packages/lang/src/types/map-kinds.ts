import { HelperFunction, MapType } from "@go3s/bpf";

/** MapRow is one kind of map: its names, its kernel type, what it stores. */
export interface MapRow {
  readonly name: string;
  /** aliases are published spellings of the same map. */
  readonly aliases: readonly string[];
  readonly kernelType: number;
  /** typeArguments is 2 for [K, V], 1 for [V], 0 for none. */
  readonly typeArguments: 0 | 1 | 2;
  readonly family:
    | "hash"
    | "array"
    | "ring"
    | "user-ring"
    | "queue"
    | "bloom"
    | "stack-trace"
    | "events"
    | "programs"
    | "maps"
    | "storage"
    | "sockets"
    | "devices"
    | "histogram";
  /** flags the kernel wants for this kind. */
  readonly flags?: number;
  /** owner is the kernel's struct that a storage belongs to, with the helpers that find and delete it. */
  readonly owner?: { readonly struct: string; readonly get: number; readonly drop: number };
  /** shared values are seen by all CPUs: counters need atomic adds. */
  readonly shared: boolean;
  /** entries of a map that is declared by its use alone. */
  readonly defaultEntries: number;
}

const row = (
  name: string,
  kernelType: number,
  typeArguments: 0 | 1 | 2,
  family: MapRow["family"],
  shared: boolean,
  defaultEntries: number,
  aliases: readonly string[] = [],
): MapRow => ({ name, kernelType, typeArguments, family, shared, defaultEntries, aliases });

// BPF_F_NO_PREALLOC, include/uapi/linux/bpf.h: tries and storages are never preallocated.
const NO_PREALLOC = 1;

const storage = (name: string, kernelType: number, owner: NonNullable<MapRow["owner"]>): MapRow => ({
  ...row(name, kernelType, 1, "storage", true, 0),
  flags: NO_PREALLOC,
  owner,
});

/** mapRows are the maps of the language. Ring buffers need kernel 5.8; the rest is older than any kernel we know. */
export const mapRows: readonly MapRow[] = [
  row("Hash", MapType.BPF_MAP_TYPE_HASH, 2, "hash", true, 10240, ["HashMap"]),
  row("LRUHash", MapType.BPF_MAP_TYPE_LRU_HASH, 2, "hash", true, 10240, ["LruHash", "LRUHashMap"]),
  row("PerCPUHash", MapType.BPF_MAP_TYPE_PERCPU_HASH, 2, "hash", false, 10240, ["PerCpuHash"]),
  row("LRUPerCPUHash", MapType.BPF_MAP_TYPE_LRU_PERCPU_HASH, 2, "hash", false, 10240, ["LruPerCpuHash"]),
  row("Array", MapType.BPF_MAP_TYPE_ARRAY, 1, "array", true, 1),
  row("PerCPUArray", MapType.BPF_MAP_TYPE_PERCPU_ARRAY, 1, "array", false, 1, ["PerCpuArray"]),
  row("RingBuf", MapType.BPF_MAP_TYPE_RINGBUF, 1, "ring", true, 1 << 18, ["RingBuffer"]),
  row("Queue", MapType.BPF_MAP_TYPE_QUEUE, 1, "queue", true, 1024),
  row("Stack", MapType.BPF_MAP_TYPE_STACK, 1, "queue", true, 1024),
  row("StackTrace", MapType.BPF_MAP_TYPE_STACK_TRACE, 0, "stack-trace", true, 1024),
  row("PerfEventArray", MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY, 1, "events", true, 0),
  {
    ...row("LPMTrie", MapType.BPF_MAP_TYPE_LPM_TRIE, 2, "hash", true, 10240, ["LpmTrie"]),
    flags: NO_PREALLOC,
  },
  row("UserRingBuf", MapType.BPF_MAP_TYPE_USER_RINGBUF, 1, "user-ring", true, 1 << 18),
  row("Bloom", MapType.BPF_MAP_TYPE_BLOOM_FILTER, 1, "bloom", true, 10240, ["BloomFilter"]),
  row("ProgArray", MapType.BPF_MAP_TYPE_PROG_ARRAY, 0, "programs", true, 1, ["ProgramArray"]),
  row("HashOfMaps", MapType.BPF_MAP_TYPE_HASH_OF_MAPS, 2, "maps", true, 1024),
  row("ArrayOfMaps", MapType.BPF_MAP_TYPE_ARRAY_OF_MAPS, 1, "maps", true, 1),
  storage("TaskStorage", MapType.BPF_MAP_TYPE_TASK_STORAGE, {
    struct: "task_struct",
    get: HelperFunction.task_storage_get,
    drop: HelperFunction.task_storage_delete,
  }),
  storage("SockStorage", MapType.BPF_MAP_TYPE_SK_STORAGE, {
    struct: "sock",
    get: HelperFunction.sk_storage_get,
    drop: HelperFunction.sk_storage_delete,
  }),
  storage("InodeStorage", MapType.BPF_MAP_TYPE_INODE_STORAGE, {
    struct: "inode",
    get: HelperFunction.inode_storage_get,
    drop: HelperFunction.inode_storage_delete,
  }),
  storage("CgroupStorage", MapType.BPF_MAP_TYPE_CGRP_STORAGE, {
    struct: "cgroup",
    get: HelperFunction.cgrp_storage_get,
    drop: HelperFunction.cgrp_storage_delete,
  }),
  row("SockMap", MapType.BPF_MAP_TYPE_SOCKMAP, 0, "sockets", true, 1024),
  row("SockHash", MapType.BPF_MAP_TYPE_SOCKHASH, 1, "sockets", true, 1024),
  row("DevMap", MapType.BPF_MAP_TYPE_DEVMAP, 0, "devices", true, 256),
  row("DevMapHash", MapType.BPF_MAP_TYPE_DEVMAP_HASH, 0, "devices", true, 256),
  row("CPUMap", MapType.BPF_MAP_TYPE_CPUMAP, 0, "devices", true, 64, ["CpuMap"]),
  row("XSKMap", MapType.BPF_MAP_TYPE_XSKMAP, 0, "devices", true, 64, ["XskMap"]),
  row("Histogram", MapType.BPF_MAP_TYPE_PERCPU_HASH, 1, "histogram", false, 1024),
];

const byName = new Map(
  mapRows.flatMap((each) => [each.name, ...each.aliases].map((name) => [name, each] as const)),
);

/** mapRow finds a kind of map by its name or an alias. */
export function mapRow(name: string): MapRow | undefined {
  return byName.get(name);
}
