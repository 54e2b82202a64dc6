import { INFO_ATTR } from "./attr.generated.js";
import { bpf } from "./bpf.js";
import { failure } from "./failure.js";

/**
 * readInfo fills a bpf_*_info struct by descriptor (BPF_OBJ_GET_INFO_BY_FD, 4.13). Older kernels fill a shorter one
 * and leave the rest zero. Throws BpfError.
 */
export function readInfo(fd: number, info: Uint8Array, what: string): void {
  const call = "BPF_OBJ_GET_INFO_BY_FD";
  const result = bpf(call, INFO_ATTR, { bpf_fd: fd, info_len: info.length, info });
  if (result < 0) throw failure(-result, { call, tried: `ask about ${what}`, since: "4.13" });
}

/** nameOf reads a NUL-ended name of at most 16 bytes, as info structs have them. */
export function nameOf(info: Uint8Array, offset: number): string {
  return textOf(info.subarray(offset, offset + 16));
}

/** textOf reads bytes up to the first NUL. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
