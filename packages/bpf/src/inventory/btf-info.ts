import { writeU64 } from "../kernel/attr.js";
import { readInfo, textOf } from "../kernel/info.js";
import { addressOf } from "../kernel/syscall.js";

/** KernelBtfInfo is what the kernel knows of a BTF object. */
export interface KernelBtfInfo {
  readonly id: number;
  /** `vmlinux`, a module's name, or "" for a program's (5.11). */
  readonly name: string;
  readonly bytes: number;
  /** True for the types of the kernel and its modules (5.11). */
  readonly isKernel: boolean;
}

// struct bpf_btf_info, include/uapi/linux/bpf.h; MODULE_NAME_LEN is 56 on 64-bit machines.
const INFO_BYTES = 32;
const NAME_BYTES = 64;

/** btfInfo asks the kernel about BTF by descriptor (4.18). Throws BpfError. */
export function btfInfo(fd: number): KernelBtfInfo {
  const info = new Uint8Array(INFO_BYTES);
  const name = new Uint8Array(NAME_BYTES);
  const view = new DataView(info.buffer);
  writeU64(view, 16, addressOf(name));
  view.setUint32(24, NAME_BYTES, true);
  readInfo(fd, info, "BTF");
  return {
    id: view.getUint32(12, true),
    name: textOf(name),
    bytes: view.getUint32(8, true),
    isKernel: view.getUint32(28, true) !== 0,
  };
}
