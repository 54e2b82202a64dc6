import { BtfBuilder } from "../btf/builder.js";
import { loadBtf } from "../btf/load.js";
import { MAP_CREATE_ATTR } from "../kernel/attr.generated.js";
import type { AttrValues } from "../kernel/attr.js";
import { bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";
import { allowLockedMemory } from "../kernel/memlock.js";
import { pageSize } from "../kernel/mmap.js";
import { MapFlag } from "../uapi/flags.js";
import { MapType } from "../uapi/map-types.js";
import { type MapSpec, mapTypeName, mapTypeSince } from "./spec.js";
import { type MapTypeRow, mapTypeRow } from "./type-rows.js";

function ringHint(size: number): string | undefined {
  const page = pageSize();
  if (size > 0 && Number.isInteger(Math.log2(size)) && size % page === 0) return undefined;
  return `a ring buffer's size must be a power of two and a multiple of ${page}; ${size} is not`;
}

// What a type's row asks for and the spec does not have, in words; undefined when nothing is wrong by it.
function rowHint(spec: MapSpec, row: MapTypeRow): string | undefined {
  const name = mapTypeName(spec.type);
  for (const part of ["key", "value"] as const) {
    const wanted = part === "key" ? row.keySize : row.valueSize;
    const have = part === "key" ? spec.keySize : spec.valueSize;
    if (wanted !== undefined && wanted !== have)
      return `a ${part} of a ${name} map has ${wanted} bytes, not ${have}`;
    if (wanted === undefined && have === 0) return `a ${part} of a ${name} map has at least one byte`;
  }
  if (row.entries === "none" && spec.maxEntries !== 0) return `a ${name} map is made with 0 entries`;
  if (row.entries === undefined && spec.maxEntries === 0) return "the map needs at least one entry";
  const missing = (row.flags ?? 0) & ~(spec.flags ?? 0);
  if (missing !== 0) {
    const names = Object.entries(MapFlag).filter(([, bit]) => (bit & missing) !== 0);
    return `a ${name} map needs the flag ${names.map(([flag]) => flag).join(" and ")}`;
  }
  if (row.nested && spec.inner === undefined) return "say in `inner` what the maps in it are made like";
  return undefined;
}

function hintFor(spec: MapSpec, errno: number): string | undefined {
  if (errno === Errno.E2BIG)
    return "a key has at most 512 bytes, and key, value and entries have their limits";
  if (errno !== Errno.EINVAL) return undefined;
  const row = mapTypeRow(spec.type);
  const isRing = row?.operations.length === 0;
  const found = (row && rowHint(spec, row)) ?? (isRing ? ringHint(spec.maxEntries) : undefined);
  if (found !== undefined) return found;
  if (spec.type === MapType.BPF_MAP_TYPE_STRUCT_OPS)
    return "load it from an object: it needs the kernel's type of its struct";
  const holds = row?.holds === undefined ? "" : ` (${row.holds})`;
  return `check key size, value size and flags: this type of map does not take this combination${holds}`;
}

/** What a map of maps or a map with BTF refers to by descriptor. */
export interface CreateReferences {
  readonly btfFd?: number | undefined;
  readonly innerFd?: number | undefined;
  /** Descriptor of the module's BTF that has the spec's kernelValueType; absent for the kernel itself (6.9). */
  readonly moduleFd?: number | undefined;
}

// Local storage wants types of key and value; when nobody named any, a number and so many bytes will do.
function createTyped(base: AttrValues<typeof MAP_CREATE_ATTR>, spec: MapSpec): number {
  const builder = new BtfBuilder();
  const int = builder.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
  const byte = builder.add({ kind: "int", name: "unsigned char", size: 1 });
  const value = builder.add({ kind: "array", type: byte, index: int, length: spec.valueSize });
  using btf = loadBtf(builder.encode());
  return bpf("BPF_MAP_CREATE", MAP_CREATE_ATTR, {
    ...base,
    btf_fd: btf.number,
    btf_key_type_id: int,
    btf_value_type_id: value,
  });
}

/** createMapDescriptor makes a map in the kernel. Throws BpfError. */
export function createMapDescriptor(spec: MapSpec, references: CreateReferences = {}): Descriptor {
  allowLockedMemory();
  const base = {
    map_type: spec.type,
    key_size: spec.keySize,
    value_size: spec.valueSize,
    max_entries: spec.maxEntries,
    map_flags: (spec.flags ?? 0) | (spec.numaNode === undefined ? 0 : MapFlag.BPF_F_NUMA_NODE),
    map_extra: spec.extra ?? 0,
    inner_map_fd: references.innerFd ?? 0,
    numa_node: spec.numaNode ?? 0,
    btf_vmlinux_value_type_id: spec.kernelValueType ?? 0,
    value_type_btf_obj_fd: references.moduleFd ?? 0,
    // The kernel wants some BTF beside a type of its own, and looks at none of it (map_create).
    btf_fd: spec.kernelValueType === undefined ? 0 : (references.btfFd ?? 0),
    map_name: spec.name.replace(/[^A-Za-z0-9_.]/g, "_"),
  };
  let fd: number = -Errno.EINVAL;
  const hasTypes = (spec.keyType ?? 0) !== 0 || (spec.valueType ?? 0) !== 0;
  if (references.btfFd !== undefined && hasTypes) {
    fd = bpf("BPF_MAP_CREATE", MAP_CREATE_ATTR, {
      ...base,
      btf_fd: references.btfFd,
      btf_key_type_id: spec.keyType ?? 0,
      btf_value_type_id: spec.valueType ?? 0,
    });
  }
  if (fd < 0 && !hasTypes && mapTypeRow(spec.type)?.typed) fd = createTyped(base, spec);
  // Many types of maps take no BTF, and old kernels take it for few: it only serves dumps, so go without.
  if (fd < 0) fd = bpf("BPF_MAP_CREATE", MAP_CREATE_ATTR, base);
  if (fd < 0) {
    throw failure(-fd, {
      call: "BPF_MAP_CREATE",
      tried: `create ${mapTypeName(spec.type)} map "${spec.name}"`,
      since: mapTypeSince(spec.type),
      capabilities: ["CAP_BPF"],
      hint: hintFor(spec, -fd),
      code: fd === -Errno.EINVAL ? "bad-argument" : undefined,
    });
  }
  return new Descriptor(fd, `map "${spec.name}"`);
}
