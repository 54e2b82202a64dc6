import type { Instruction } from "../asm/instruction.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";

/** SourceLine is where an instruction comes from. */
export interface SourceLine {
  /** Slot of the first instruction of this line. */
  readonly slot: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** ProgramImage is a program as the kernel takes it: everything resolved, descriptors open. */
export interface ProgramImage {
  /** The kernel keeps the first 15 bytes; letters, digits, `_` and `.`. */
  readonly name: string;
  readonly type: ProgramTypeId;
  /** Bytecode, or instructions to be encoded. */
  readonly instructions: Uint8Array | readonly Instruction[];
  /** "GPL" or "Dual MIT/GPL" for helpers that want it. */
  readonly license: string;
  /** What it will be attached as, for types that want to know at load (AttachType). */
  readonly attachType?: number | undefined;
  /** ProgramFlag bits. */
  readonly flags?: number | undefined;
  /** BTF id of what it attaches to, for tracing programs. */
  readonly attachBtfId?: number | undefined;
  /** Descriptor of the module's BTF or of the program it attaches to; absent for vmlinux. */
  readonly attachFd?: number | undefined;
  /** Descriptor of the program's own BTF with its bpf_func_info and bpf_line_info records. */
  readonly btfFd?: number | undefined;
  readonly functionInfo?: Uint8Array | undefined;
  readonly lineInfo?: Uint8Array | undefined;
  /** Descriptors of modules' BTF that calls of kernel functions refer to by index, 32 bits each (fd_array, 5.18). */
  readonly moduleFds?: Uint8Array | undefined;
  /** The lines, in order of slots; they let a refusal name the line. */
  readonly lines?: readonly SourceLine[] | undefined;
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ProgramType).map(([name, id]) => [id, name.slice("BPF_PROG_TYPE_".length).toLowerCase()]),
);

/** programTypeName gives the kernel's name of a program type in short: `raw_tracepoint`. */
export function programTypeName(type: number): string {
  return NAMES.get(type) ?? `program type ${type}`;
}

/** The first kernel of the program types newer than 4.18. Source: kernel history of bpf.h. */
const SINCE: ReadonlyMap<number, string> = new Map<number, string>([
  [ProgramType.BPF_PROG_TYPE_SK_REUSEPORT, "4.19"],
  [ProgramType.BPF_PROG_TYPE_FLOW_DISSECTOR, "4.20"],
  [ProgramType.BPF_PROG_TYPE_CGROUP_SYSCTL, "5.2"],
  [ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, "5.2"],
  [ProgramType.BPF_PROG_TYPE_CGROUP_SOCKOPT, "5.3"],
  [ProgramType.BPF_PROG_TYPE_TRACING, "5.5"],
  [ProgramType.BPF_PROG_TYPE_STRUCT_OPS, "5.6"],
  [ProgramType.BPF_PROG_TYPE_EXT, "5.6"],
  [ProgramType.BPF_PROG_TYPE_LSM, "5.7"],
  [ProgramType.BPF_PROG_TYPE_SK_LOOKUP, "5.9"],
  [ProgramType.BPF_PROG_TYPE_SYSCALL, "5.14"],
  [ProgramType.BPF_PROG_TYPE_NETFILTER, "6.4"],
]);

/** programTypeSince gives the first kernel that has a program type, undefined for those older than 4.19. */
export function programTypeSince(type: number): string | undefined {
  return SINCE.get(type);
}
