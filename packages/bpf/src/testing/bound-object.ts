import { BtfBuilder } from "../btf/builder.js";
import type { BtfMember } from "../btf/types.js";
import type { MapSpec } from "../maps/spec.js";
import type { ObjectSpec } from "../object/spec.js";
import { MapType } from "../uapi/map-types.js";

/** BoundObjectOptions change what the bindings of boundObject() say. */
export interface BoundObjectOptions {
  /** The name of the event's member `pid`, and whether its member `delta` is narrow. */
  readonly pid?: string;
  readonly narrowDelta?: boolean;
  /** Further maps without types, by name. */
  readonly maps?: readonly string[];
  /** Further members of the event, of 4 bytes. */
  readonly members?: readonly string[];
}

/**
 * boundObject is the spec of an object that has one of everything that bindings tell: structs with every
 * kind of member, an enum, typed maps and a typed ring buffer, variables and a constant. Nothing loads it.
 */
export function boundObject(options: BoundObjectOptions = {}): ObjectSpec {
  const b = new BtfBuilder();
  const int = (name: string, size: number, encoding?: "signed" | "bool"): number =>
    b.add({ kind: "int", name, size, ...(encoding && { encoding }) });
  const u32 = int("unsigned int", 4);
  const u64 = int("unsigned long", 8);
  const i64 = int("long", 8, "signed");
  const i32 = int("int", 4, "signed");
  const u8 = int("unsigned char", 1);
  const char = int("char", 1, "signed");
  const bool = int("_Bool", 1, "bool");
  const wide = int("unsigned __int128", 16);
  const double = b.add({ kind: "float", name: "double", size: 8 });
  const array = (type: number, length: number): number => b.add({ kind: "array", type, index: u32, length });
  const values = [
    { name: "OFF", value: 0 },
    { name: "ON", value: 5 },
  ];
  const state = b.add({ kind: "enum", name: "state", size: 4, values });
  const point = b.add({
    kind: "struct",
    name: "point",
    size: 8,
    members: [
      { name: "x", type: i32, bitOffset: 0 },
      { name: "at", type: i32, bitOffset: 32 },
    ],
  });
  const members: BtfMember[] = [
    { name: "ts", type: u64, bitOffset: 0 },
    { name: options.pid ?? "pid", type: u32, bitOffset: 64 },
    { name: "comm", type: array(char, 12), bitOffset: 96 },
    { name: "delta", type: options.narrowDelta ? i32 : i64, bitOffset: 192 },
    { name: "path", type: array(point, 2), bitOffset: 256 },
    { name: "low", type: u32, bitOffset: 384, bitSize: 5 },
    { name: "high", type: u32, bitOffset: 389, bitSize: 27 },
    { name: "ok", type: bool, bitOffset: 416 },
    { name: "mac", type: array(u8, 6), bitOffset: 424 },
    // Where a packed struct has it, Go would not.
    { name: "ratio", type: double, bitOffset: 480 },
    { name: "state", type: state, bitOffset: 544 },
    { name: "big", type: wide, bitOffset: 640 },
  ];
  let size = 96;
  for (const name of options.members ?? []) {
    members.push({ name, type: u32, bitOffset: size * 8 });
    size += 4;
  }
  const event = b.add({ kind: "struct", name: "event", size: Math.ceil(size / 8) * 8, members });
  const map = (name: string, more: Partial<MapSpec>): [string, MapSpec] => [
    name,
    { name, type: MapType.BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 8, ...more },
  ];
  const variable = (name: string, section: string, type: number, bytes: number) =>
    [name, { name, map: section, offset: 0, size: bytes, type }] as const;
  return {
    license: "GPL",
    maps: new Map([
      map("stats", { keyType: u32, valueSize: size, valueType: event }),
      map("counts", { type: MapType.BPF_MAP_TYPE_PERCPU_ARRAY, keyType: u32, valueType: u64 }),
      map("events", { type: MapType.BPF_MAP_TYPE_RINGBUF, keySize: 0, valueType: event, maxEntries: 4096 }),
      map("raw", { type: MapType.BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 4096 }),
      map("perf", { type: MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY, valueSize: 4 }),
      ...(options.maps ?? []).map((name) => map(name, {})),
    ]),
    mapReferences: [],
    programs: new Map(),
    variables: new Map([
      variable("watched", ".rodata", u32, 4),
      variable("runs", ".bss", u64, 8),
      variable("place", ".data", point, 8),
    ]),
    structOps: new Map(),
    pinned: new Set(),
    btf: b.encode(),
  };
}
