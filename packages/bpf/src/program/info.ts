import { ENABLE_STATS_ATTR, INFO_ATTR } from "../kernel/attr.generated.js";
import { bpf } from "../kernel/bpf.js";
import { failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";

/** ProgramInfo is what the kernel knows of a loaded program. */
export interface ProgramInfo {
  readonly id: number;
  readonly type: number;
  readonly name: string;
  /** Hash of the instructions, as hex. */
  readonly tag: string;
  /** Instructions after the verifier's rewriting. */
  readonly translatedInstructions: number;
  readonly nativeBytes: number;
  /** Runs and nanoseconds while statistics were enabled (5.1). */
  readonly runCount: bigint;
  readonly runTimeNs: bigint;
  /** Runs left out because the program was running already (5.12). */
  readonly recursionMisses: bigint;
  /** Instructions the verifier looked at (5.16). */
  readonly verifiedInstructions: number;
}

// struct bpf_prog_info of 6.18; older kernels fill a shorter one and leave the rest zero.
const INFO_BYTES = 232;

/** programInfo asks the kernel about a program by descriptor. Throws BpfError. */
export function programInfo(fd: number): ProgramInfo {
  const bytes = new Uint8Array(INFO_BYTES);
  const view = new DataView(bytes.buffer);
  const result = bpf("BPF_OBJ_GET_INFO_BY_FD", INFO_ATTR, { bpf_fd: fd, info_len: INFO_BYTES, info: bytes });
  if (result < 0) {
    throw failure(-result, { call: "BPF_OBJ_GET_INFO_BY_FD", tried: "ask about a program", since: "4.13" });
  }
  const name = bytes.subarray(64, 80);
  const end = name.indexOf(0);
  return {
    type: view.getUint32(0, true),
    id: view.getUint32(4, true),
    tag: Buffer.from(bytes.subarray(8, 16)).toString("hex"),
    nativeBytes: view.getUint32(16, true),
    translatedInstructions: view.getUint32(20, true) / 8,
    name: new TextDecoder().decode(name.subarray(0, end < 0 ? 16 : end)),
    runTimeNs: view.getBigUint64(192, true),
    runCount: view.getBigUint64(200, true),
    recursionMisses: view.getBigUint64(208, true),
    verifiedInstructions: view.getUint32(216, true),
  };
}

/**
 * enableStatistics makes the kernel count runs and time of all programs until the descriptor is closed
 * (5.8). It costs each run about 20 ns. Throws BpfError.
 */
export function enableStatistics(): Descriptor {
  // BPF_STATS_RUN_TIME is 0.
  const fd = bpf("BPF_ENABLE_STATS", ENABLE_STATS_ATTR, { type: 0 });
  if (fd < 0) {
    throw failure(-fd, {
      call: "BPF_ENABLE_STATS",
      tried: "count runs of programs",
      since: "5.8",
      capabilities: ["CAP_SYS_ADMIN"],
    });
  }
  return new Descriptor(fd, "program statistics");
}
