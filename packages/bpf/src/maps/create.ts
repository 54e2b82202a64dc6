import { MAP_CREATE_ATTR } from "../kernel/attr.generated.js";
import { bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";
import { allowLockedMemory } from "../kernel/memlock.js";
import { pageSize } from "../kernel/mmap.js";
import { MapType } from "../uapi/map-types.js";
import { type MapSpec, mapTypeName, mapTypeSince } from "./spec.js";

function hintFor(spec: MapSpec, errno: number): string | undefined {
  if (errno !== Errno.EINVAL) return undefined;
  const page = pageSize();
  if (spec.type === MapType.BPF_MAP_TYPE_RINGBUF) {
    const size = spec.maxEntries;
    const isPower = size > 0 && Number.isInteger(Math.log2(size));
    if (!isPower || size % page !== 0) {
      return `a ring buffer's size must be a power of two and a multiple of ${page}; ${size} is not`;
    }
    if (spec.keySize !== 0 || spec.valueSize !== 0) return "a ring buffer has no key and no value size";
  }
  if (spec.maxEntries === 0) return "the map needs at least one entry";
  return "check key size, value size and flags: this type of map does not take this combination";
}

/** What a map of maps or a map with BTF refers to by descriptor. */
export interface CreateReferences {
  readonly btfFd?: number | undefined;
  readonly innerFd?: number | undefined;
}

/** createMapDescriptor makes a map in the kernel. Throws BpfError. */
export function createMapDescriptor(spec: MapSpec, references: CreateReferences = {}): Descriptor {
  allowLockedMemory();
  const base = {
    map_type: spec.type,
    key_size: spec.keySize,
    value_size: spec.valueSize,
    max_entries: spec.maxEntries,
    map_flags: spec.flags ?? 0,
    map_extra: spec.extra ?? 0,
    inner_map_fd: references.innerFd ?? 0,
    map_name: spec.name.replace(/[^A-Za-z0-9_.]/g, "_"),
  };
  let fd = -Errno.EINVAL;
  const hasTypes = (spec.keyType ?? 0) !== 0 || (spec.valueType ?? 0) !== 0;
  if (references.btfFd !== undefined && hasTypes) {
    fd = bpf("BPF_MAP_CREATE", MAP_CREATE_ATTR, {
      ...base,
      btf_fd: references.btfFd,
      btf_key_type_id: spec.keyType ?? 0,
      btf_value_type_id: spec.valueType ?? 0,
    });
  }
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
