import { nameOf, readInfo } from "../kernel/info.js";

/** KernelMapInfo is what the kernel knows of a map. */
export interface KernelMapInfo {
  readonly id: number;
  /** MapType number. */
  readonly type: number;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  /** Bytes for ring buffers. */
  readonly maxEntries: number;
  /** MapFlag bits. */
  readonly flags: number;
  /** The type-specific 64-bit extra (5.16). */
  readonly extra: bigint;
  /** Id of its BTF, 0 without, and the types of key and value in it (4.18). */
  readonly btfId: number;
  readonly keyTypeId: number;
  readonly valueTypeId: number;
}

// struct bpf_map_info, include/uapi/linux/bpf.h, 6.18.
const INFO_BYTES = 104;

/** mapInfo asks the kernel about a map by descriptor (4.13). Throws BpfError. */
export function mapInfo(fd: number): KernelMapInfo {
  const info = new Uint8Array(INFO_BYTES);
  readInfo(fd, info, "a map");
  const view = new DataView(info.buffer);
  const u32 = (at: number): number => view.getUint32(at, true);
  return {
    type: u32(0),
    id: u32(4),
    keySize: u32(8),
    valueSize: u32(12),
    maxEntries: u32(16),
    flags: u32(20),
    name: nameOf(info, 24),
    btfId: u32(64),
    keyTypeId: u32(68),
    valueTypeId: u32(72),
    extra: view.getBigUint64(80, true),
  };
}
