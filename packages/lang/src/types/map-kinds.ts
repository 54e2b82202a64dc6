import { MapType } from "@go3s/bpf";

/** MapRow is one kind of map: its names, its kernel type, what it stores. */
export interface MapRow {
  readonly name: string;
  /** aliases are published spellings of the same map. */
  readonly aliases: readonly string[];
  readonly kernelType: number;
  /** typeArguments is 2 for [K, V], 1 for [V], 0 for none. */
  readonly typeArguments: 0 | 1 | 2;
  readonly family: "hash" | "array" | "ring" | "queue" | "stack-trace" | "events";
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
];

const byName = new Map(
  mapRows.flatMap((each) => [each.name, ...each.aliases].map((name) => [name, each] as const)),
);

/** mapRow finds a kind of map by its name or an alias. */
export function mapRow(name: string): MapRow | undefined {
  return byName.get(name);
}

/** MapMethodRow is a method of maps; operands say how the checker reads its arguments. */
export interface MapMethodRow {
  readonly name: string;
  readonly families: readonly MapRow["family"][];
  readonly operands: readonly ("key" | "value" | "count" | "flags" | "record" | "memory" | "size")[];
  /** optional operands at the end. */
  readonly optional: number;
  readonly result: "value-pointer" | "int" | "uint64" | "void";
}

const stores = ["hash", "array"] as const;

/** mapMethods are all methods; which map has which is in `families`. */
export const mapMethods: readonly MapMethodRow[] = [
  { name: "Lookup", families: stores, operands: ["key"], optional: 0, result: "value-pointer" },
  // What another CPU holds: kernel 5.19, for maps whose values are per CPU.
  { name: "LookupCPU", families: stores, operands: ["key", "flags"], optional: 0, result: "value-pointer" },
  { name: "Update", families: stores, operands: ["key", "value", "flags"], optional: 1, result: "int" },
  { name: "Insert", families: ["hash"], operands: ["key", "value"], optional: 0, result: "int" },
  { name: "Replace", families: stores, operands: ["key", "value"], optional: 0, result: "int" },
  { name: "Delete", families: ["hash"], operands: ["key"], optional: 0, result: "int" },
  { name: "Increment", families: stores, operands: ["key"], optional: 0, result: "void" },
  { name: "Add", families: stores, operands: ["key", "count"], optional: 0, result: "void" },
  { name: "Reserve", families: ["ring"], operands: [], optional: 0, result: "value-pointer" },
  { name: "Submit", families: ["ring"], operands: ["record", "flags"], optional: 1, result: "void" },
  { name: "Discard", families: ["ring"], operands: ["record", "flags"], optional: 1, result: "void" },
  { name: "Output", families: ["ring"], operands: ["value", "flags"], optional: 1, result: "int" },
  { name: "OutputN", families: ["ring"], operands: ["memory", "size", "flags"], optional: 1, result: "int" },
  { name: "Query", families: ["ring"], operands: ["flags"], optional: 0, result: "uint64" },
  { name: "Avail", families: ["ring"], operands: [], optional: 0, result: "uint64" },
  { name: "Push", families: ["queue"], operands: ["value", "flags"], optional: 1, result: "int" },
  { name: "Pop", families: ["queue"], operands: ["memory"], optional: 0, result: "int" },
  { name: "Peek", families: ["queue"], operands: ["memory"], optional: 0, result: "int" },
];
