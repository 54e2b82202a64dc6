import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit, jumpIfImm, jumpIfReg } from "../asm/flow.js";
import {
  type Instruction,
  R0,
  R1,
  R2,
  R3,
  R4,
  R6,
  R10,
  type Register,
  withLabel,
} from "../asm/instruction.js";
import { load, loadMapFd, storeImm } from "../asm/memory.js";
import type { BpfMap } from "../maps/map.js";
import { HelperFunction as Helper } from "../uapi/helper-functions.js";
import type { ProgramTypeId } from "../uapi/program-types.js";

/** RefusalCase is a program that the verifier refuses, and what is to be said of it. */
export interface RefusalCase {
  readonly name: string;
  readonly kind: string;
  readonly code: readonly Instruction[];
  /** SOCKET_FILTER unless given. */
  readonly type?: ProgramTypeId;
  readonly license?: string;
  readonly flags?: number;
  /** True for tp_btf programs on sched_process_exec. */
  readonly traced?: boolean;
  /** True when only a process without CAP_PERFMON is refused. */
  readonly restricted?: boolean;
  /** What the story must say somewhere. */
  readonly tells?: RegExp;
}

/** RefusalMaps are the maps the programs use: a hash of u32 to u64, an array of 64-byte values, a ring buffer. */
export interface RefusalMaps {
  readonly counts: BpfMap;
  readonly table: BpfMap;
  readonly events: BpfMap;
}

/** stack gives a register the address of a place on the stack. */
export function stack(register: Register, offset: number): Instruction[] {
  return [movReg(register, R10), aluImm("add", register, offset)];
}

/** lookup looks key 0 up, the answer is in r0. */
export function lookup(map: BpfMap): Instruction[] {
  return [
    storeImm(4, R10, -4, 0),
    loadMapFd(R1, map.fd),
    ...stack(R2, -4),
    callHelper(Helper.map_lookup_elem),
  ];
}

/** found goes on with a value that is there. */
export function found(map: BpfMap, then: readonly Instruction[]): Instruction[] {
  return [...lookup(map), jumpIfImm("eq", R0, 0, "out"), ...then, withLabel("out", movImm(R0, 0)), exit()];
}

/** reserve asks for 8 bytes of a ring buffer. */
export function reserve(map: BpfMap): Instruction[] {
  return [loadMapFd(R1, map.fd), movImm(R2, 8), movImm(R3, 0), callHelper(Helper.ringbuf_reserve)];
}

/** packet has so many bytes compared with its end, at r2. */
export function packet(checked: number, then: readonly Instruction[]): Instruction[] {
  return [
    load(4, R2, R1, 0),
    load(4, R3, R1, 4),
    movReg(R4, R2),
    aluImm("add", R4, checked),
    jumpIfReg("gt", R4, R3, "out"),
    ...then,
    withLabel("out", movImm(R0, 2)),
    exit(),
  ];
}

/** probeRead calls bpf_probe_read_kernel of r2 bytes to the stack. */
export function probeRead(size: readonly Instruction[]): Instruction[] {
  return [
    movReg(R6, R1),
    ...stack(R1, -8),
    ...size,
    movImm(R3, 0),
    callHelper(Helper.probe_read_kernel),
    movImm(R0, 0),
    exit(),
  ];
}
