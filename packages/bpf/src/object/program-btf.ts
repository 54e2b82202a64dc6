import { Btf } from "../btf/reader.js";
import { openById } from "../inventory/ids.js";
import { writeU64 } from "../kernel/attr.js";
import { readInfo } from "../kernel/info.js";
import { addressOf } from "../kernel/syscall.js";
import type { Program } from "../program/program.js";

// struct bpf_btf_info, include/uapi/linux/bpf.h: where the types go and how long they are.
const INFO_BYTES = 32;
const SIZE_AT = 8;

/** programBtf reads a loaded program's own types back from the kernel (5.0), undefined when it has none. */
export function programBtf(program: Program): Btf | undefined {
  const { btfId } = program.info();
  if (btfId === 0) return undefined;
  using fd = openById("btf", btfId);
  const info = new Uint8Array(INFO_BYTES);
  const view = new DataView(info.buffer);
  readInfo(fd.number, info, "BTF");
  const bytes = new Uint8Array(view.getUint32(SIZE_AT, true));
  info.fill(0);
  writeU64(view, 0, addressOf(bytes));
  view.setUint32(SIZE_AT, bytes.length, true);
  readInfo(fd.number, info, "BTF");
  return new Btf(bytes);
}
