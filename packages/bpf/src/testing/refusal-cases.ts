import { aluImm, aluReg, movImm, movReg } from "../asm/arithmetic.js";
import { callFunction, callHelper, callKfunc, exit, jump, jumpIfImm, jumpIfReg } from "../asm/flow.js";
import {
  type Instruction,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R10,
  type Register,
  withLabel,
} from "../asm/instruction.js";
import { atomic, load, loadImm64, loadMapFd, storeImm, storeReg } from "../asm/memory.js";
import type { BpfMap } from "../maps/map.js";
import { HelperFunction as Helper } from "../uapi/helper-functions.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";

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

const XDP = ProgramType.BPF_PROG_TYPE_XDP;
const RAW = ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT;
const { BPF_PROG_TYPE_TRACEPOINT: TRACEPOINT, BPF_PROG_TYPE_CGROUP_SKB: CGROUP_SKB } = ProgramType;

function stack(register: Register, offset: number): Instruction[] {
  return [movReg(register, R10), aluImm("add", register, offset)];
}

function lookup(map: BpfMap): Instruction[] {
  return [
    storeImm(4, R10, -4, 0),
    loadMapFd(R1, map.fd),
    ...stack(R2, -4),
    callHelper(Helper.map_lookup_elem),
  ];
}

function found(map: BpfMap, then: readonly Instruction[]): Instruction[] {
  return [...lookup(map), jumpIfImm("eq", R0, 0, "out"), ...then, withLabel("out", movImm(R0, 0)), exit()];
}

function reserve(map: BpfMap): Instruction[] {
  return [loadMapFd(R1, map.fd), movImm(R2, 8), movImm(R3, 0), callHelper(Helper.ringbuf_reserve)];
}

/** A packet of which so many bytes were compared with its end, at r2. */
function packet(checked: number, then: readonly Instruction[]): Instruction[] {
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

/** bpf_probe_read_kernel of r2 bytes to the stack. */
function probeRead(size: readonly Instruction[]): Instruction[] {
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

function memoryCases({ counts, table, events }: RefusalMaps): RefusalCase[] {
  return [
    {
      name: "a looked-up value that may be missing",
      kind: "may-be-null",
      code: [...lookup(counts), load(8, R0, R0, 0), exit()],
      tells: /instruction 5: r0 is what bpf_map_lookup_elem gives: a pointer to a value of map "counts", or null/,
    },
    {
      name: "a record that may be missing",
      kind: "may-be-null",
      code: [...reserve(events), storeImm(8, R0, 0, 1), movImm(R0, 0), exit()],
      tells: /was not compared with null on the way/,
    },
    {
      name: "a lookup by a subprogram",
      kind: "may-be-null",
      code: [
        callFunction("find"),
        load(8, R0, R0, 0),
        exit(),
        withLabel("find", movImm(R0, 0)),
        ...lookup(counts),
        exit(),
      ],
      tells: /bpf_map_lookup_elem/,
    },
    {
      name: "a value handed to a subprogram",
      kind: "may-be-null",
      code: [...lookup(counts), movReg(R1, R0), callFunction("f"), exit(), withLabel("f", load(8, R0, R1, 0)), exit()],
      tells: /r1 is copied from r0/,
    },
    {
      name: "a value kept on the stack",
      kind: "may-be-null",
      code: [
        ...lookup(counts),
        storeReg(8, R10, -16, R0),
        callHelper(Helper.get_prandom_u32),
        load(8, R1, R10, -16),
        load(8, R0, R1, 0),
        exit(),
      ],
      tells: /r1 is read back from the stack \(fp-16\)/,
    },
    {
      name: "a number as an address",
      kind: "not-a-pointer",
      code: [movImm(R1, 0), load(8, R0, R1, 0), exit()],
      tells: /r1 is set to the number 0/,
    },
    { name: "the packet's end", kind: "wrong-pointer", type: XDP, code: [load(4, R2, R1, 4), load(1, R0, R2, 0), exit()] },
    {
      name: "an unchecked packet",
      kind: "packet-bounds",
      type: XDP,
      code: [load(4, R2, R1, 0), load(1, R0, R2, 0), exit()],
      tells: /read from the context/,
    },
    {
      name: "more of a packet than was checked",
      kind: "packet-bounds",
      type: XDP,
      code: packet(4, [load(8, R0, R2, 0)]),
      tells: /reads 8 bytes through `r2`, beyond what was checked/,
    },
    {
      name: "a packet at a variable offset",
      kind: "packet-bounds",
      type: XDP,
      code: packet(14, [load(1, R5, R2, 0), aluReg("add", R2, R5), load(1, R0, R2, 0)]),
      tells: /a number from 0 to 255/,
    },
    { name: "behind a value", kind: "value-bounds", code: found(counts, [load(8, R0, R0, 8)]) },
    {
      name: "an index that is too large",
      kind: "value-bounds",
      code: found(table, [movReg(R6, R0), load(1, R1, R6, 0), aluReg("add", R6, R1), load(1, R0, R6, 0)]),
      tells: /at an offset from 0 to 255/,
    },
    {
      name: "behind a record",
      kind: "memory-bounds",
      code: [...reserve(events), jumpIfImm("eq", R0, 0, "out"), storeImm(8, R0, 4, 0), withLabel("out", exit())],
    },
    {
      name: "an index that may be negative",
      kind: "negative-index",
      code: found(table, [
        movReg(R6, R0),
        load(4, R1, R6, 0),
        aluImm("sub", R1, 4),
        jumpIfImm("sgt", R1, 20, "out"),
        aluReg("add", R6, R1),
        load(1, R0, R6, 0),
      ]),
      tells: /`r1 -= 4` makes it a number from -4 to/,
    },
    {
      name: "a size that may be negative",
      kind: "negative-size",
      type: RAW,
      code: probeRead([load(8, R2, R6, 0)]),
      tells: /r2 is read from the context \(8 bytes at offset 0\)/,
    },
    { name: "a size without bound", kind: "unbounded-size", type: RAW, code: probeRead([load(4, R2, R6, 0)]) },
    {
      name: "an offset without bound",
      kind: "unbounded-offset",
      code: found(table, [movReg(R6, R0), callHelper(Helper.ktime_get_ns), aluReg("add", R6, R0)]),
      tells: /r0 is what bpf_ktime_get_ns gives: a number of which nothing is known/,
    },
    { name: "a far offset", kind: "far-offset", code: found(counts, [aluImm("add", R0, 1 << 30)]) },
    { name: "behind the context", kind: "context-bounds", code: [load(4, R0, R1, 4000), exit()] },
    { name: "a field that is read-only", kind: "context-bounds", code: [movImm(R0, 0), storeImm(4, R1, 0, 1), exit()] },
    {
      name: "the context at a variable offset",
      kind: "variable-context-offset",
      code: [movReg(R2, R1), load(4, R3, R1, 0), aluReg("add", R2, R3), load(4, R0, R2, 0), exit()],
    },
    { name: "a moved context", kind: "moved-context", code: [aluImm("add", R1, 4), load(4, R0, R1, 0), exit()] },
    {
      name: "a kernel structure written to",
      kind: "read-only-memory",
      traced: true,
      code: [load(8, R2, R1, 0), storeImm(8, R2, 0, 0), movImm(R0, 0), exit()],
      tells: /a pointer to the kernel's task_struct/,
    },
    {
      name: "the context changed atomically",
      kind: "read-only-memory",
      code: [movImm(R0, 0), movImm(R2, 1), atomic("add", 8, R1, 0, R2), exit()],
    },
    {
      name: "an unset key",
      kind: "stack-uninitialised",
      restricted: true,
      code: [loadMapFd(R1, counts.fd), ...stack(R2, -4), callHelper(Helper.map_lookup_elem), movImm(R0, 0), exit()],
    },
    { name: "an unset variable", kind: "stack-uninitialised", restricted: true, code: [load(8, R0, R10, -8), exit()] },
    {
      name: "the stack at a variable offset",
      kind: "stack-variable-offset",
      code: [load(4, R2, R1, 0), ...stack(R3, -16), aluReg("add", R3, R2), storeImm(1, R3, 0, 0), movImm(R0, 0), exit()],
    },
    { name: "below the stack", kind: "stack-bounds", code: [storeImm(8, R10, -520, 0), movImm(R0, 0), exit()] },
    { name: "a buffer that is too small", kind: "stack-bounds", type: RAW, code: probeRead([movImm(R2, 64)]) },
    {
      name: "much stack in two functions",
      kind: "stack-too-deep",
      code: [
        storeImm(8, R10, -400, 0),
        callFunction("f"),
        exit(),
        withLabel("f", storeImm(8, R10, -400, 0)),
        movImm(R0, 0),
        exit(),
      ],
    },
    { name: "half of a pointer", kind: "stack-spill", code: [storeReg(8, R10, -8, R1), load(4, R0, R10, -8), exit()] },
    { name: "an odd address", kind: "misaligned", code: [storeImm(8, R10, -9, 0), movImm(R0, 0), exit()] },
    {
      name: "behind a kernel structure",
      kind: "struct-bounds",
      traced: true,
      code: [load(8, R2, R1, 0), load(8, R0, R2, 1 << 14), exit()],
    },
    { name: "the frame pointer", kind: "frame-pointer", code: [movImm(R10, 0), exit()] },
  ];
}

function valueCases({ counts, events }: RefusalMaps): RefusalCase[] {
  return [
    { name: "a register never set", kind: "unset-register", code: [movReg(R0, R3), exit()], tells: /not given a value/ },
    {
      name: "a register a call took",
      kind: "unset-register",
      code: [movImm(R2, 5), callHelper(Helper.ktime_get_ns), movReg(R0, R2), exit()],
      tells: /the call of bpf_ktime_get_ns leaves nothing in r1 to r5/,
    },
    { name: "no result", kind: "no-result", code: [exit()] },
    { name: "adding to what may be missing", kind: "pointer-null-arithmetic", code: [...lookup(counts), aluImm("add", R0, 4), exit()] },
    { name: "multiplying a pointer", kind: "pointer-arithmetic", code: [movReg(R2, R10), aluImm("mul", R2, 4), exit()] },
    { name: "adding 32 bits to a pointer", kind: "pointer-arithmetic", code: [movReg(R2, R10), aluImm("add", R2, 4, 32), exit()] },
    { name: "adding pointers", kind: "pointer-arithmetic", code: [movReg(R2, R10), aluReg("add", R2, R10), exit()] },
    { name: "moving a map", kind: "pointer-arithmetic", code: [loadMapFd(R1, counts.fd), aluImm("add", R1, 4), exit()] },
    { name: "comparing an address", kind: "pointer-comparison", restricted: true, code: [movImm(R0, 0), jumpIfImm("gt", R10, 5, "o"), withLabel("o", exit())] },
    { name: "a result out of range", kind: "result-range", type: CGROUP_SKB, code: [movImm(R0, 9), exit()], tells: /the number 9/ },
    { name: "a pointer as result", kind: "address-leak", restricted: true, code: [movReg(R0, R10), exit()] },
    { name: "an address in a map", kind: "address-leak", restricted: true, code: found(counts, [storeReg(8, R0, 0, R10)]) },
    {
      name: "a record that is not given back",
      kind: "not-released",
      code: [...reserve(events), jumpIfImm("eq", R0, 0, "out"), withLabel("out", movImm(R0, 0)), exit()],
      tells: /`if r0 == 0x0` is taken to be false/,
    },
    { name: "a division by zero", kind: "zero-division", code: [movImm(R0, 1), aluImm("div", R0, 0), exit()] },
    { name: "a shift by 64", kind: "invalid-shift", code: [movImm(R0, 1), aluImm("lsh", R0, 64), exit()] },
    { name: "an unknown opcode", kind: "bad-instruction", code: [{ ...exit(), opcode: 0xff }, exit()] },
    { name: "a reserved field", kind: "bad-instruction", code: [{ ...movImm(R0, 0), offset: 5 }, exit()] },
    { name: "a register that is not there", kind: "bad-instruction", code: [{ ...movImm(R0, 0), dst: 11 }, exit()] },
  ];
}

function flowCases(): RefusalCase[] {
  const compare = (value: number): Instruction => jumpIfImm("eq", R0, value, "out");
  return [
    {
      name: "a loop that changes nothing",
      kind: "endless-loop",
      code: [load(4, R2, R1, 0), withLabel("a", jumpIfImm("eq", R2, 7, "a")), movImm(R0, 0), exit()],
      tells: /the jump back to instruction 1 was followed/,
    },
    {
      name: "a loop that runs too long",
      kind: "too-many-instructions",
      code: [movImm(R0, 0), withLabel("a", aluImm("add", R0, 1)), jumpIfImm("ne", R0, 3_000_000, "a"), exit()],
      tells: /r0 had come to the number \d+/,
    },
    {
      name: "a long row of comparisons",
      kind: "too-many-branches",
      code: [
        callHelper(Helper.get_prandom_u32),
        ...Array.from({ length: 9000 }, (_, value) => compare(value)),
        withLabel("out", movImm(R0, 0)),
        exit(),
      ],
    },
    { name: "code behind the end", kind: "unreachable", code: [movImm(R0, 0), exit(), movImm(R0, 1), exit()] },
    { name: "a jump too far", kind: "jump-out-of-range", code: [movImm(R0, 0), jump(10), exit()] },
    { name: "a jump into an instruction", kind: "jump-out-of-range", code: [movImm(R0, 0), jumpIfImm("eq", R0, 0, 1), loadImm64(R1, 5n), exit()] },
    { name: "no end", kind: "no-exit", code: [movImm(R0, 0), movImm(R0, 1)] },
    { name: "a function that calls itself", kind: "calls-too-deep", code: [callFunction("f"), exit(), withLabel("f", callFunction("f")), exit()] },
  ];
}

function callCases({ counts, events }: RefusalMaps, kfuncId: (name: string) => number): RefusalCase[] {
  return [
    {
      name: "a key that may be missing",
      kind: "argument-may-be-null",
      code: [...lookup(counts), loadMapFd(R1, counts.fd), movReg(R2, R0), callHelper(Helper.map_lookup_elem), exit()],
      tells: /passes `r2` to bpf_map_lookup_elem/,
    },
    {
      name: "an object that may be missing",
      kind: "argument-may-be-null",
      traced: true,
      code: [
        load(8, R1, R1, 0),
        callKfunc(kfuncId("bpf_task_acquire")),
        movReg(R1, R0),
        callKfunc(kfuncId("bpf_task_release")),
        movImm(R0, 0),
        exit(),
      ],
      tells: /r0 is what bpf_task_acquire gives: a pointer to the kernel's task_struct, or null/,
    },
    { name: "a number for a pointer", kind: "argument-type", type: RAW, code: [movImm(R1, 0), callHelper(Helper.probe_read_kernel), exit()] },
    { name: "a hash for a ring buffer", kind: "map-for-helper", code: [...reserve(counts), exit()] },
    {
      name: "a tail call by a hash",
      kind: "map-for-helper",
      code: [loadMapFd(R2, counts.fd), movImm(R3, 0), callHelper(Helper.tail_call), movImm(R0, 0), exit()],
    },
    { name: "a key of a ring buffer", kind: "empty-argument", code: [...lookup(events), exit()] },
    {
      name: "a helper that sleeps",
      kind: "sleeping-helper",
      type: TRACEPOINT,
      code: [...stack(R1, -8), movImm(R2, 8), movImm(R3, 0), callHelper(Helper.copy_from_user), movImm(R0, 0), exit()],
    },
    { name: "a sleepable socket filter", kind: "not-sleepable", flags: 1 << 4, code: [movImm(R0, 0), exit()] },
    {
      name: "a packet helper in a tracepoint",
      kind: "helper-not-allowed",
      type: TRACEPOINT,
      code: [callHelper(Helper.skb_load_bytes), movImm(R0, 0), exit()],
    },
    { name: "a helper that no kernel has", kind: "helper-not-allowed", code: [callHelper(9999), exit()] },
    { name: "a helper for GPL programs", kind: "gpl-only", type: RAW, license: "Proprietary", code: probeRead([movImm(R2, 8)]) },
    { name: "a kernel function", kind: "kfunc-not-allowed", code: [callKfunc(kfuncId("bpf_task_release")), exit()] },
    {
      name: "a kernel function's argument",
      kind: "kfunc-argument",
      traced: true,
      code: [load(8, R1, R1, 0), load(8, R1, R1, 0), callKfunc(kfuncId("bpf_task_acquire")), movImm(R0, 0), exit()],
    },
    {
      name: "a record of variable size",
      kind: "not-constant",
      code: [movReg(R6, R1), loadMapFd(R1, events.fd), load(4, R2, R6, 0), movImm(R3, 0), callHelper(Helper.ringbuf_reserve), exit()],
    },
    { name: "a map that is none", kind: "no-map", code: [loadMapFd(R1, 1), exit()] },
  ];
}

/** refusalCases gives them all; `kfuncId` finds a kernel function's BTF id. */
export function refusalCases(maps: RefusalMaps, kfuncId: (name: string) => number): RefusalCase[] {
  return [...memoryCases(maps), ...valueCases(maps), ...flowCases(), ...callCases(maps, kfuncId)];
}
