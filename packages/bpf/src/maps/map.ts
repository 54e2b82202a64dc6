import { BpfError } from "../errors.js";
import { type KernelMapInfo, mapInfo } from "../inventory/map-info.js";
import { MAP_ELEM_ATTR } from "../kernel/attr.generated.js";
import { writeU64 } from "../kernel/attr.js";
import { bpf, bpfWith } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import type { Descriptor } from "../kernel/fd.js";
import { MappedMemory, pageSize } from "../kernel/mmap.js";
import { addressOf } from "../kernel/syscall.js";
import { type PinOptions, pinObject } from "../pin/pin.js";
import { Command } from "../uapi/commands.js";
import { MapFlag, UpdateFlag, type UpdateFlags } from "../uapi/flags.js";
import { MapType } from "../uapi/map-types.js";
import { possibleCpus } from "./cpus.js";
import { type CreateReferences, createMapDescriptor } from "./create.js";
import { mapFailure, mapTitle } from "./misuse.js";
import { isPerCpu, type MapEntry, type MapSpec } from "./spec.js";
import { mapTypeRow } from "./type-rows.js";
import { walkMap } from "./walk.js";

const KEY_OFFSET = MAP_ELEM_ATTR.fields.key[0];
const VALUE_OFFSET = MAP_ELEM_ATTR.fields.value[0];
const FLAGS_OFFSET = MAP_ELEM_ATTR.fields.flags[0];

/**
 * BpfMap owns a map of the kernel. Keys and values are plain bytes in the machine's byte order. The forms
 * that take the caller's buffers allocate nothing when they get the same buffers again, so that a poller
 * can run them all day.
 */
export class BpfMap {
  readonly spec: MapSpec;
  /** Bytes of a whole value as user space sees it: for per-CPU maps one value, padded to 8, per processor. */
  readonly valueBytes: number;
  readonly #fd: Descriptor;
  readonly #attr = new Uint8Array(MAP_ELEM_ATTR.bytes);
  readonly #view = new DataView(this.#attr.buffer);
  readonly #attrAddress = addressOf(this.#attr);
  #lastKey: Uint8Array | undefined;
  #lastValue: Uint8Array | undefined;

  /** Takes ownership of the descriptor; createMap() is the usual way to get here. */
  constructor(spec: MapSpec, fd: Descriptor) {
    this.spec = spec;
    this.#fd = fd;
    this.valueBytes = isPerCpu(spec.type)
      ? Math.ceil(spec.valueSize / 8) * 8 * possibleCpus()
      : spec.valueSize;
    this.#view.setUint32(0, fd.number, true);
  }

  /** fd is the map's descriptor number. Throws BpfError `closed` after close(). */
  get fd(): number {
    return this.#fd.number;
  }

  /** lookup gives a copy of the value, undefined when the key is not there. The flags may be BPF_F_LOCK. */
  lookup(key: Uint8Array, flags: UpdateFlags = 0): Uint8Array | undefined {
    const value = new Uint8Array(this.valueBytes);
    return this.lookupInto(key, value, flags) ? value : undefined;
  }

  /** lookupInto copies the value into the caller's buffer and tells whether the key is there. */
  lookupInto(key: Uint8Array, value: Uint8Array, flags: UpdateFlags = 0): boolean {
    const result = this.#call(Command.BPF_MAP_LOOKUP_ELEM, key, value, flags);
    if (result === 0) return true;
    if (result === -Errno.ENOENT) return false;
    throw mapFailure(this.spec, "lookup", -result, { call: "BPF_MAP_LOOKUP_ELEM", flags });
  }

  /** lookupAndDelete takes the element out of the map (queues and stacks 4.20, hashes 5.14). */
  lookupAndDelete(key: Uint8Array, flags: UpdateFlags = 0): Uint8Array | undefined {
    const value = new Uint8Array(this.valueBytes);
    const result = this.#call(Command.BPF_MAP_LOOKUP_AND_DELETE_ELEM, key, value, flags);
    if (result === 0) return value;
    if (result === -Errno.ENOENT) return undefined;
    const since = this.spec.keySize === 0 ? "4.20" : "5.14";
    throw mapFailure(this.spec, "take", -result, { call: "BPF_MAP_LOOKUP_AND_DELETE_ELEM", flags, since });
  }

  /**
   * update writes an element: any, or only a new one (BPF_NOEXIST), or only one that is there (BPF_EXIST);
   * BPF_F_LOCK (5.1) takes the value's spin lock. Throws `map-full`, `already-exists`, `not-found`.
   */
  update(key: Uint8Array, value: Uint8Array, flags: UpdateFlags = UpdateFlag.BPF_ANY): void {
    const result = this.#call(Command.BPF_MAP_UPDATE_ELEM, key, value, flags);
    if (result < 0) {
      throw mapFailure(this.spec, "update", -result, { call: "BPF_MAP_UPDATE_ELEM", flags, key });
    }
  }

  /** delete removes an element and tells whether it was there. */
  delete(key: Uint8Array): boolean {
    const result = this.#call(Command.BPF_MAP_DELETE_ELEM, key, undefined, 0);
    if (result === 0) return true;
    if (result === -Errno.ENOENT) return false;
    throw mapFailure(this.spec, "delete", -result, { call: "BPF_MAP_DELETE_ELEM" });
  }

  /**
   * nextKeyInto writes the key that follows `key` (the first one for undefined) into `next` and tells
   * whether there is one. When `key` was deleted meanwhile a hash starts again at its first key.
   */
  nextKeyInto(key: Uint8Array | undefined, next: Uint8Array): boolean {
    this.#checkLength("key", next, this.spec.keySize);
    if (key !== undefined) this.#checkLength("key", key, this.spec.keySize);
    this.#bind(key, next);
    const result = bpfWith(Command.BPF_MAP_GET_NEXT_KEY, this.#attrAddress, MAP_ELEM_ATTR.bytes);
    if (result === 0) return true;
    if (result === -Errno.ENOENT) return false;
    throw mapFailure(this.spec, "iterate", -result, { call: "BPF_MAP_GET_NEXT_KEY" });
  }

  /**
   * entries gives a copy of each element. Elements that are there all the while are met once, whatever is
   * deleted meanwhile, also by the one who walks; those that come or go may be met or not.
   */
  entries(): Generator<MapEntry> {
    return walkMap(this);
  }

  /** info asks the kernel what it knows of the map (4.13). */
  info(): KernelMapInfo {
    return mapInfo(this.fd);
  }

  /** pin keeps the map in the kernel under a path of the BPF file system, whoever ends; see pinObject(). */
  pin(path: string, options: PinOptions = {}): string {
    return pinObject(this, path, options);
  }

  /** freeze forbids user space to write from now on (5.2); programs still may unless flags forbid it. */
  freeze(): void {
    const result = bpf("BPF_MAP_FREEZE", MAP_ELEM_ATTR, { map_fd: this.fd });
    if (result < 0) {
      throw failure(-result, {
        call: "BPF_MAP_FREEZE",
        tried: `freeze ${mapTitle(this.spec)}`,
        since: "5.2",
      });
    }
  }

  /**
   * mapMemory maps an array made with BPF_F_MMAPABLE (5.5): values are read and written without system
   * calls, each padded to 8 bytes. An arena's pages come into being when they are touched. The caller closes
   * the mapping. Read-only mappings must not be written to: that ends the process.
   */
  mapMemory(writable: boolean): MappedMemory {
    const isArena = this.spec.type === MapType.BPF_MAP_TYPE_ARENA;
    if (((this.spec.flags ?? 0) & MapFlag.BPF_F_MMAPABLE) === 0) {
      const canBe = mapTypeRow(this.spec.type)?.operations.includes("map-memory");
      throw new BpfError("bad-argument", `the memory of ${mapTitle(this.spec)} cannot be mapped`, {
        hint: canBe
          ? "make it with the flag BPF_F_MMAPABLE"
          : (mapTypeRow(this.spec.type)?.instead?.["map-memory"] ?? "only arrays and arenas can be"),
      });
    }
    const page = pageSize();
    const { valueSize, maxEntries } = this.spec;
    const bytes = isArena ? maxEntries * page : Math.ceil(valueSize / 8) * 8 * maxEntries;
    const rounded = Math.ceil(bytes / page) * page;
    return MappedMemory.map(this.fd, rounded, 0, writable, mapTitle(this.spec));
  }

  /** close gives the descriptor back; programs that use the map keep it alive. */
  close(): void {
    this.#fd.close();
    this.#lastKey = undefined;
    this.#lastValue = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #call(command: number, key: Uint8Array, value: Uint8Array | undefined, flags: number): number {
    this.#checkLength("key", key, this.spec.keySize);
    if (value !== undefined) this.#checkLength("value", value, this.valueBytes);
    this.#bind(key, value);
    if (flags !== 0) writeU64(this.#view, FLAGS_OFFSET, flags);
    const result = bpfWith(command, this.#attrAddress, MAP_ELEM_ATTR.bytes);
    if (flags !== 0) writeU64(this.#view, FLAGS_OFFSET, 0);
    return result;
  }

  #bind(key: Uint8Array | undefined, value: Uint8Array | undefined): void {
    // Asking throws when the map is closed: its number may belong to something else by now.
    this.#view.setUint32(0, this.#fd.number, true);
    if (key !== this.#lastKey) {
      writeU64(this.#view, KEY_OFFSET, key === undefined ? 0 : addressOf(key));
      this.#lastKey = key;
    }
    if (value !== this.#lastValue) {
      writeU64(this.#view, VALUE_OFFSET, value === undefined ? 0 : addressOf(value));
      this.#lastValue = value;
    }
  }

  #checkLength(what: string, bytes: Uint8Array, wanted: number): void {
    if (bytes.byteLength === wanted) return;
    throw new BpfError(
      "bad-argument",
      `a ${what} of ${mapTitle(this.spec)} has ${wanted} bytes, not ${bytes.byteLength}`,
    );
  }
}

/** createMap makes a map, fills it with the spec's contents and freezes it when the spec says so. */
export function createMap(spec: MapSpec, references: CreateReferences = {}): BpfMap {
  const inner = spec.inner === undefined ? undefined : createMapDescriptor(spec.inner);
  let map: BpfMap | undefined;
  try {
    map = new BpfMap(spec, createMapDescriptor(spec, { innerFd: inner?.number, ...references }));
    for (const { key, value } of spec.contents ?? []) map.update(key, value);
    if (spec.freeze) map.freeze();
    return map;
  } catch (error) {
    map?.close();
    throw error;
  } finally {
    // The kernel only copies the inner map's shape.
    inner?.close();
  }
}

/** u32Bytes gives a number as the four bytes of a key or value in the machine's order. */
export function u32Bytes(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** u64Bytes gives a number as the eight bytes of a key or value in the machine's order. */
export function u64Bytes(value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer);
}
