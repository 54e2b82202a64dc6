import { decodeInstructions } from "../asm/decode.js";
import type { Instruction } from "../asm/instruction.js";
import { INSTRUCTION_BYTES } from "../asm/opcode.js";
import { ENABLE_STATS_ATTR } from "../kernel/attr.generated.js";
import { writeU64 } from "../kernel/attr.js";
import { bpf } from "../kernel/bpf.js";
import { failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";
import { nameOf, readInfo } from "../kernel/info.js";
import { addressOf } from "../kernel/syscall.js";

/** ProgramInfo is what the kernel knows of a loaded program. */
export interface ProgramInfo {
  readonly id: number;
  /** ProgramType number. */
  readonly type: number;
  readonly name: string;
  /** Hash of the instructions, as hex. */
  readonly tag: string;
  /** Instructions after the verifier's rewriting. */
  readonly translatedInstructions: number;
  /** Size of the machine code, 0 when it is interpreted. */
  readonly nativeBytes: number;
  /** When it was loaded, in nanoseconds since the machine started (CLOCK_BOOTTIME; 4.15). */
  readonly loadedAtNs: bigint;
  /** User who loaded it (4.15). */
  readonly userId: number;
  /** The maps it uses, by id, without repetition (4.15). */
  readonly mapIds: readonly number[];
  /** True when its license lets it call GPL-only helpers (4.18). */
  readonly gplCompatible: boolean;
  /** Id of its BTF, 0 without (5.0). */
  readonly btfId: number;
  /** What a tracing program attaches to: BTF object and type in it, 0 without (6.0). */
  readonly attachBtfObjectId: number;
  readonly attachBtfTypeId: number;
  /** Network device it is offloaded to, 0 for none. */
  readonly interfaceIndex: number;
  /** Functions in it, 1 without subprograms. */
  readonly functionCount: number;
  /** Runs and nanoseconds while statistics were enabled (5.1). */
  readonly runCount: bigint;
  readonly runTimeNs: bigint;
  /** Runs left out because the program was running already (5.12). */
  readonly recursionMisses: bigint;
  /** Instructions the verifier looked at (5.16). */
  readonly verifiedInstructions: number;
}

// struct bpf_prog_info of 6.18 and the places of the fields that are asked for.
const INFO_BYTES = 232;
const XLATED_LENGTH = 20;
const JITED_INSNS = 24;
const XLATED_INSNS = 32;
const MAP_COUNT = 52;
const MAP_IDS = 56;

/** More maps than most programs have: one call is enough for those. The kernel allows 64. */
const USUAL_MAPS = 64;

function askWith(fd: number, fill: (view: DataView) => void): { info: Uint8Array; view: DataView } {
  const info = new Uint8Array(INFO_BYTES);
  const view = new DataView(info.buffer);
  fill(view);
  readInfo(fd, info, "a program");
  return { info, view };
}

/** programInfo asks the kernel about a program by descriptor (4.13). Throws BpfError. */
export function programInfo(fd: number): ProgramInfo {
  const ids = new Uint32Array(USUAL_MAPS);
  const { info, view } = askWith(fd, (words) => {
    words.setUint32(MAP_COUNT, USUAL_MAPS, true);
    writeU64(words, MAP_IDS, addressOf(ids));
  });
  const u32 = (at: number): number => view.getUint32(at, true);
  const u64 = (at: number): bigint => view.getBigUint64(at, true);
  return {
    type: u32(0),
    id: u32(4),
    tag: Buffer.from(info.subarray(8, 16)).toString("hex"),
    nativeBytes: u32(16),
    translatedInstructions: u32(XLATED_LENGTH) / INSTRUCTION_BYTES,
    loadedAtNs: u64(40),
    userId: u32(48),
    mapIds: [...new Set(ids.subarray(0, Math.min(u32(MAP_COUNT), USUAL_MAPS)))],
    name: nameOf(info, 64),
    interfaceIndex: u32(80),
    gplCompatible: (u32(84) & 1) === 1,
    functionCount: Math.max(1, u32(104)),
    btfId: u32(128),
    runTimeNs: u64(192),
    runCount: u64(200),
    recursionMisses: u64(208),
    verifiedInstructions: u32(216),
    attachBtfObjectId: u32(220),
    attachBtfTypeId: u32(224),
  };
}

/**
 * translatedInstructions gives a program as the verifier rewrote it, with map ids in place of addresses unless
 * the kernel lets this user see them. Empty without CAP_PERFMON or CAP_SYS_ADMIN. Throws BpfError.
 */
export function translatedInstructions(fd: number): Instruction[] {
  const length = askWith(fd, () => {}).view.getUint32(XLATED_LENGTH, true);
  const code = new Uint8Array(length);
  const { view } = askWith(fd, (words) => {
    words.setUint32(XLATED_LENGTH, length, true);
    writeU64(words, XLATED_INSNS, addressOf(code));
  });
  // The kernel clears the address when this user may not see the code.
  return view.getBigUint64(XLATED_INSNS, true) === 0n ? [] : decodeInstructions(code);
}

/** nativeCode gives a program's machine code, empty when it has none or this user may not see it. */
export function nativeCode(fd: number): Uint8Array {
  const length = askWith(fd, () => {}).view.getUint32(16, true);
  const code = new Uint8Array(length);
  const { view } = askWith(fd, (words) => {
    words.setUint32(16, length, true);
    writeU64(words, JITED_INSNS, addressOf(code));
  });
  return view.getBigUint64(JITED_INSNS, true) === 0n ? new Uint8Array(0) : code;
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
