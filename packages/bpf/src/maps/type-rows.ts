import { MapFlag } from "../uapi/flags.js";
import { MapType, type MapTypeId } from "../uapi/map-types.js";

/** MapOperation is something user space may be able to do with a map. */
export type MapOperation =
  | "lookup"
  | "update"
  | "delete"
  | "take"
  | "iterate"
  | "batch"
  | "batch-update"
  | "batch-delete"
  | "batch-take"
  | "map-memory";

/** MapTypeRow says what a type of map needs when it is made, and what user space can do with it. */
export interface MapTypeRow {
  readonly type: MapTypeId;
  /** The first kernel that has it; absent for those older than 4.19. */
  readonly since?: string;
  /** The size a key or value must have; absent where any will do. */
  readonly keySize?: number;
  readonly valueSize?: number;
  /** "none" where the number of elements must be 0. */
  readonly entries?: "none";
  /** MapFlag bits it cannot do without. */
  readonly flags?: number;
  /** A value for each possible processor. */
  readonly perCpu?: true;
  /** The kernel wants the types of key and value. */
  readonly typed?: true;
  /** Elements are maps made like MapSpec.inner, and user space reads their ids. */
  readonly nested?: true;
  /** What a key or value is, where it is not what the maker wants it to be. */
  readonly holds?: string;
  readonly operations: readonly MapOperation[];
  /** What to do instead of an operation it does not have. */
  readonly instead?: Partial<Record<MapOperation, string>>;
}

const BATCHES: readonly MapOperation[] = ["batch", "batch-update", "batch-delete", "batch-take"];
const HASH: readonly MapOperation[] = ["lookup", "update", "delete", "take", "iterate", ...BATCHES];
const SLOTS: readonly MapOperation[] = ["lookup", "update", "delete", "iterate"];
const ARRAY_INSTEAD = { delete: "elements of an array always exist: write zeros instead" };
const QUEUE_INSTEAD = {
  delete: "take elements with popElement()",
  iterate: "take elements with popElement() until there is none",
  batch: "take elements one by one with popElement()",
};
const RING_INSTEAD = { lookup: "read it with a RingBufferReader" };
const OWNED = { entries: "none", flags: MapFlag.BPF_F_NO_PREALLOC, typed: true, keySize: 4 } as const;
const STORAGE: readonly MapOperation[] = ["lookup", "update", "delete"];
const STORAGE_INSTEAD = {
  iterate: "an iterator program (iter/bpf_sk_storage_map and the like) walks over it",
};

/**
 * mapTypeRows has a row for each map type. Source: the alloc_check and the operations of each type in
 * kernel/bpf/*.c and net/core/*.c; map-types.test.ts tries every operation on the running kernel.
 */
export const mapTypeRows: readonly MapTypeRow[] = [
  { type: MapType.BPF_MAP_TYPE_HASH, operations: HASH },
  {
    type: MapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    operations: ["lookup", "update", "iterate", "batch", "batch-update", "map-memory"],
    instead: { ...ARRAY_INSTEAD, take: "elements of an array always exist: read, then write zeros" },
  },
  {
    type: MapType.BPF_MAP_TYPE_PROG_ARRAY,
    keySize: 4,
    valueSize: 4,
    holds: "programs: written as descriptors, read as ids",
    operations: SLOTS,
  },
  {
    type: MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    keySize: 4,
    valueSize: 4,
    holds: "descriptors of perf events, by processor",
    operations: ["update", "delete", "iterate"],
    instead: { lookup: "read the perf event's descriptor itself" },
  },
  { type: MapType.BPF_MAP_TYPE_PERCPU_HASH, perCpu: true, operations: HASH },
  {
    type: MapType.BPF_MAP_TYPE_PERCPU_ARRAY,
    keySize: 4,
    perCpu: true,
    operations: ["lookup", "update", "iterate", "batch", "batch-update"],
    instead: {
      ...ARRAY_INSTEAD,
      "map-memory": "the kernel maps plain arrays only: make cpuCountersSpec(), a slot per processor",
    },
  },
  {
    type: MapType.BPF_MAP_TYPE_STACK_TRACE,
    keySize: 4,
    holds: "stacks, as 8 bytes per frame",
    operations: ["lookup", "delete", "iterate", "take"],
    instead: { update: "only programs write stacks, with bpf_get_stackid()" },
  },
  {
    type: MapType.BPF_MAP_TYPE_CGROUP_ARRAY,
    keySize: 4,
    valueSize: 4,
    holds: "descriptors of cgroup folders",
    operations: ["update", "delete", "iterate"],
  },
  { type: MapType.BPF_MAP_TYPE_LRU_HASH, operations: HASH },
  { type: MapType.BPF_MAP_TYPE_LRU_PERCPU_HASH, perCpu: true, operations: HASH },
  {
    type: MapType.BPF_MAP_TYPE_LPM_TRIE,
    flags: MapFlag.BPF_F_NO_PREALLOC,
    holds: "keys of 4 bytes for the prefix's length in bits, then 1 to 256 bytes of address",
    operations: [...SLOTS, "batch", "batch-update", "batch-delete"],
  },
  {
    type: MapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
    keySize: 4,
    valueSize: 4,
    nested: true,
    operations: [...SLOTS, "batch", "batch-update"],
  },
  { type: MapType.BPF_MAP_TYPE_HASH_OF_MAPS, valueSize: 4, nested: true, operations: [...SLOTS, ...BATCHES] },
  { type: MapType.BPF_MAP_TYPE_DEVMAP, keySize: 4, holds: "indexes of network devices", operations: SLOTS },
  {
    type: MapType.BPF_MAP_TYPE_SOCKMAP,
    keySize: 4,
    holds: "sockets: written as descriptors, read as cookies of 8 bytes",
    operations: SLOTS,
  },
  { type: MapType.BPF_MAP_TYPE_CPUMAP, keySize: 4, holds: "queue sizes, by processor", operations: SLOTS },
  {
    type: MapType.BPF_MAP_TYPE_XSKMAP,
    keySize: 4,
    valueSize: 4,
    holds: "descriptors of AF_XDP sockets",
    operations: ["update", "delete", "iterate"],
  },
  {
    type: MapType.BPF_MAP_TYPE_SOCKHASH,
    holds: "sockets: written as descriptors, read as cookies of 8 bytes",
    operations: SLOTS,
  },
  {
    type: MapType.BPF_MAP_TYPE_CGROUP_STORAGE,
    entries: "none",
    holds: "keys of struct bpf_cgroup_storage_key (16 bytes), or 8 for a cgroup id",
    operations: ["lookup", "update", "iterate"],
    instead: { delete: "the kernel deletes it when the program is detached" },
  },
  {
    type: MapType.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
    keySize: 4,
    holds: "sockets: written as descriptors, read as cookies of 8 bytes",
    operations: SLOTS,
  },
  {
    type: MapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
    since: "4.20",
    entries: "none",
    perCpu: true,
    operations: ["lookup", "update", "iterate"],
    instead: { delete: "the kernel deletes it when the program is detached" },
  },
  {
    type: MapType.BPF_MAP_TYPE_QUEUE,
    since: "4.20",
    keySize: 0,
    operations: ["lookup", "update", "take"],
    instead: QUEUE_INSTEAD,
  },
  {
    type: MapType.BPF_MAP_TYPE_STACK,
    since: "4.20",
    keySize: 0,
    operations: ["lookup", "update", "take"],
    instead: QUEUE_INSTEAD,
  },
  {
    type: MapType.BPF_MAP_TYPE_SK_STORAGE,
    since: "5.2",
    ...OWNED,
    holds: "values by the descriptor of a socket",
    operations: STORAGE,
    instead: STORAGE_INSTEAD,
  },
  {
    type: MapType.BPF_MAP_TYPE_DEVMAP_HASH,
    since: "5.4",
    keySize: 4,
    holds: "indexes of network devices",
    operations: SLOTS,
  },
  {
    type: MapType.BPF_MAP_TYPE_STRUCT_OPS,
    since: "5.6",
    keySize: 4,
    holds: "one struct of functions; attach it with a link",
    operations: ["lookup", "update", "delete"],
  },
  {
    type: MapType.BPF_MAP_TYPE_RINGBUF,
    since: "5.8",
    keySize: 0,
    valueSize: 0,
    operations: [],
    instead: RING_INSTEAD,
  },
  {
    type: MapType.BPF_MAP_TYPE_INODE_STORAGE,
    since: "5.10",
    ...OWNED,
    holds: "values by the descriptor of a file",
    operations: STORAGE,
    instead: STORAGE_INSTEAD,
  },
  {
    type: MapType.BPF_MAP_TYPE_TASK_STORAGE,
    since: "5.11",
    ...OWNED,
    holds: "values by a pidfd",
    operations: STORAGE,
    instead: STORAGE_INSTEAD,
  },
  {
    type: MapType.BPF_MAP_TYPE_BLOOM_FILTER,
    since: "5.16",
    keySize: 0,
    operations: ["lookup", "update"],
    instead: { delete: "a bloom filter forgets nothing: make a new one", iterate: "it keeps no elements" },
  },
  {
    type: MapType.BPF_MAP_TYPE_USER_RINGBUF,
    since: "6.1",
    keySize: 0,
    valueSize: 0,
    operations: [],
    instead: { update: "write records with a user ring buffer's writer" },
  },
  {
    type: MapType.BPF_MAP_TYPE_CGRP_STORAGE,
    since: "6.2",
    ...OWNED,
    holds: "values by the descriptor of a cgroup's folder",
    operations: STORAGE,
    instead: STORAGE_INSTEAD,
  },
  {
    type: MapType.BPF_MAP_TYPE_ARENA,
    since: "6.9",
    keySize: 0,
    valueSize: 0,
    flags: MapFlag.BPF_F_MMAPABLE,
    holds: "pages of memory shared with programs: maxEntries counts pages",
    operations: ["map-memory"],
    instead: { lookup: "map its memory", update: "map its memory" },
  },
];

const BY_TYPE: ReadonlyMap<number, MapTypeRow> = new Map(mapTypeRows.map((row) => [row.type, row]));

/** mapTypeRow gives a map type's row, undefined for a type that is not known here. */
export function mapTypeRow(type: number): MapTypeRow | undefined {
  return BY_TYPE.get(type);
}
