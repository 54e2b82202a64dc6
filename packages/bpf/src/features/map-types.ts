import { BtfBuilder } from "../btf/builder.js";
import { loadBtf } from "../btf/load.js";
import { pageSize } from "../kernel/mmap.js";
import { createMapDescriptor } from "../maps/create.js";
import type { MapSpec } from "../maps/spec.js";
import { MapFlag } from "../uapi/flags.js";
import { MapType } from "../uapi/map-types.js";
import { answerOf, type FeatureAnswer, type FeatureRow, tryIt } from "./row.js";

interface TypeRow {
  readonly name: keyof typeof MapType;
  readonly since: string;
  readonly config?: string;
  readonly shape?: Partial<MapSpec>;
  /** The kernel wants to know the types of key and value. */
  readonly typed?: boolean;
}

const STORAGE: Partial<MapSpec> = { maxEntries: 0, flags: MapFlag.BPF_F_NO_PREALLOC };
const RING: Partial<MapSpec> = { keySize: 0, valueSize: 0, maxEntries: pageSize() };
const INNER: MapSpec = { name: "inner", type: 2, keySize: 4, valueSize: 4, maxEntries: 1 };

// Sources: first kernels by the history of include/uapi/linux/bpf.h; shapes by each type's alloc_check.
const ROWS: readonly TypeRow[] = [
  { name: "BPF_MAP_TYPE_HASH", since: "3.19" },
  { name: "BPF_MAP_TYPE_ARRAY", since: "3.19" },
  { name: "BPF_MAP_TYPE_PROG_ARRAY", since: "4.2" },
  { name: "BPF_MAP_TYPE_PERF_EVENT_ARRAY", since: "4.3", config: "CONFIG_PERF_EVENTS" },
  { name: "BPF_MAP_TYPE_PERCPU_HASH", since: "4.6" },
  { name: "BPF_MAP_TYPE_PERCPU_ARRAY", since: "4.6" },
  { name: "BPF_MAP_TYPE_STACK_TRACE", since: "4.6", config: "CONFIG_PERF_EVENTS", shape: { valueSize: 80 } },
  { name: "BPF_MAP_TYPE_CGROUP_ARRAY", since: "4.8", config: "CONFIG_CGROUPS" },
  { name: "BPF_MAP_TYPE_LRU_HASH", since: "4.10" },
  { name: "BPF_MAP_TYPE_LRU_PERCPU_HASH", since: "4.10" },
  { name: "BPF_MAP_TYPE_LPM_TRIE", since: "4.11", shape: { keySize: 8, flags: MapFlag.BPF_F_NO_PREALLOC } },
  { name: "BPF_MAP_TYPE_ARRAY_OF_MAPS", since: "4.12", shape: { inner: INNER } },
  { name: "BPF_MAP_TYPE_HASH_OF_MAPS", since: "4.12", shape: { inner: INNER } },
  { name: "BPF_MAP_TYPE_DEVMAP", since: "4.14", config: "CONFIG_NET" },
  { name: "BPF_MAP_TYPE_SOCKMAP", since: "4.14", config: "CONFIG_NET" },
  { name: "BPF_MAP_TYPE_CPUMAP", since: "4.15", config: "CONFIG_NET" },
  { name: "BPF_MAP_TYPE_XSKMAP", since: "4.18", config: "CONFIG_XDP_SOCKETS" },
  { name: "BPF_MAP_TYPE_SOCKHASH", since: "4.18", config: "CONFIG_NET" },
  {
    name: "BPF_MAP_TYPE_CGROUP_STORAGE",
    since: "4.19",
    config: "CONFIG_CGROUP_BPF",
    shape: { keySize: 16, maxEntries: 0 },
  },
  {
    name: "BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE",
    since: "4.20",
    config: "CONFIG_CGROUP_BPF",
    shape: { keySize: 16, maxEntries: 0 },
  },
  { name: "BPF_MAP_TYPE_REUSEPORT_SOCKARRAY", since: "4.19", config: "CONFIG_INET" },
  { name: "BPF_MAP_TYPE_QUEUE", since: "4.20", shape: { keySize: 0 } },
  { name: "BPF_MAP_TYPE_STACK", since: "4.20", shape: { keySize: 0 } },
  { name: "BPF_MAP_TYPE_SK_STORAGE", since: "5.2", config: "CONFIG_NET", shape: STORAGE, typed: true },
  { name: "BPF_MAP_TYPE_DEVMAP_HASH", since: "5.4", config: "CONFIG_NET" },
  { name: "BPF_MAP_TYPE_RINGBUF", since: "5.8", shape: RING },
  {
    name: "BPF_MAP_TYPE_INODE_STORAGE",
    since: "5.10",
    config: "CONFIG_BPF_LSM",
    shape: STORAGE,
    typed: true,
  },
  { name: "BPF_MAP_TYPE_TASK_STORAGE", since: "5.11", shape: STORAGE, typed: true },
  { name: "BPF_MAP_TYPE_BLOOM_FILTER", since: "5.16", shape: { keySize: 0 } },
  { name: "BPF_MAP_TYPE_USER_RINGBUF", since: "6.1", shape: RING },
  { name: "BPF_MAP_TYPE_CGRP_STORAGE", since: "6.2", config: "CONFIG_CGROUPS", shape: STORAGE, typed: true },
  {
    name: "BPF_MAP_TYPE_ARENA",
    since: "6.9",
    shape: { keySize: 0, valueSize: 0, flags: MapFlag.BPF_F_MMAPABLE },
  },
];

function probe(row: TypeRow): FeatureAnswer {
  const spec: MapSpec = {
    name: "go3s_probe",
    type: MapType[row.name],
    keySize: 4,
    valueSize: 4,
    maxEntries: 1,
    ...row.shape,
  };
  if (!row.typed && spec.inner === undefined) return tryIt(() => createMapDescriptor(spec));
  try {
    const builder = new BtfBuilder();
    const int = builder.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
    using btf = loadBtf(builder.encode());
    using inner = createMapDescriptor(INNER);
    const typed = row.typed ? { ...spec, keyType: int, valueType: int } : spec;
    return tryIt(() =>
      createMapDescriptor(typed, {
        btfFd: btf.number,
        innerFd: spec.inner === undefined ? undefined : inner.number,
      }),
    );
  } catch (error) {
    return answerOf(error);
  }
}

/** mapTypeRows has a row for each map type that can be made without anything else being there. */
export const mapTypeRows: readonly FeatureRow[] = ROWS.map((row) => {
  const short = row.name.slice("BPF_MAP_TYPE_".length).toLowerCase();
  return {
    key: `map-${short.replaceAll("_", "-")}`,
    group: "map-type",
    name: `${short} maps`,
    since: row.since,
    ...(row.config !== undefined && { config: row.config }),
    probe: () => probe(row),
  };
});
