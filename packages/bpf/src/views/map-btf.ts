import { Btf } from "../btf/reader.js";
import { btfInfo } from "../inventory/btf-info.js";
import { openById } from "../inventory/ids.js";
import { writeU64 } from "../kernel/attr.js";
import { readInfo } from "../kernel/info.js";
import { addressOf } from "../kernel/syscall.js";
import type { BpfMap } from "../maps/map.js";

// struct bpf_btf_info, include/uapi/linux/bpf.h: address of the bytes, their length.
const INFO_BYTES = 32;

/**
 * mapBtf gives the types that a map of the kernel was made with, whoever made it (4.18); undefined when it
 * was made without. Needs CAP_SYS_ADMIN. Throws BpfError.
 */
export function mapBtf(map: BpfMap): Btf | undefined {
  const { btfId } = map.info();
  if (btfId === 0) return undefined;
  using fd = openById("btf", btfId);
  const bytes = new Uint8Array(btfInfo(fd.number).bytes);
  const info = new Uint8Array(INFO_BYTES);
  const view = new DataView(info.buffer);
  writeU64(view, 0, addressOf(bytes));
  view.setUint32(8, bytes.length, true);
  readInfo(fd.number, info, "BTF");
  return new Btf(bytes);
}
