import { aluImm, aluReg, movImm, movReg } from "../asm/arithmetic.js";
import { callFunction, callHelper, callKfunc, exit, jump, jumpIfImm } from "../asm/flow.js";
import { type Instruction, R0, R1, R2, R3, R6, R10, withLabel } from "../asm/instruction.js";
import { load, loadImm64, loadMapFd, storeReg } from "../asm/memory.js";
import { HelperFunction as Helper } from "../uapi/helper-functions.js";
import { ProgramType } from "../uapi/program-types.js";

import {
  found,
  lookup,
  probeRead,
  type RefusalCase,
  type RefusalMaps,
  reserve,
  stack,
} from "./refusal-code.js";
import { memoryCases } from "./refusal-memory.js";

const RAW = ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT;
const { BPF_PROG_TYPE_TRACEPOINT: TRACEPOINT, BPF_PROG_TYPE_CGROUP_SKB: CGROUP_SKB } = ProgramType;

function valueCases({ counts, events }: RefusalMaps): RefusalCase[] {
  return [
    {
      name: "a register never set",
      kind: "unset-register",
      code: [movReg(R0, R3), exit()],
      tells: /not given a value/,
    },
    {
      name: "a register a call took",
      kind: "unset-register",
      code: [movImm(R2, 5), callHelper(Helper.ktime_get_ns), movReg(R0, R2), exit()],
      tells: /the call of bpf_ktime_get_ns leaves nothing in r1 to r5/,
    },
    { name: "no result", kind: "no-result", code: [exit()] },
    {
      name: "adding to what may be missing",
      kind: "pointer-null-arithmetic",
      code: [...lookup(counts), aluImm("add", R0, 4), exit()],
    },
    {
      name: "multiplying a pointer",
      kind: "pointer-arithmetic",
      code: [movReg(R2, R10), aluImm("mul", R2, 4), exit()],
    },
    {
      name: "adding 32 bits to a pointer",
      kind: "pointer-arithmetic",
      code: [movReg(R2, R10), aluImm("add", R2, 4, 32), exit()],
    },
    {
      name: "adding pointers",
      kind: "pointer-arithmetic",
      code: [movReg(R2, R10), aluReg("add", R2, R10), exit()],
    },
    {
      name: "moving a map",
      kind: "pointer-arithmetic",
      code: [loadMapFd(R1, counts.fd), aluImm("add", R1, 4), exit()],
    },
    {
      name: "comparing an address",
      kind: "pointer-comparison",
      restricted: true,
      code: [movImm(R0, 0), jumpIfImm("gt", R10, 5, "o"), withLabel("o", exit())],
    },
    {
      name: "a result out of range",
      kind: "result-range",
      type: CGROUP_SKB,
      code: [movImm(R0, 9), exit()],
      tells: /the number 9/,
    },
    {
      name: "a pointer for a number",
      kind: "result-unknown",
      type: CGROUP_SKB,
      code: [movReg(R0, R10), exit()],
    },
    { name: "a pointer as result", kind: "address-leak", restricted: true, code: [movReg(R0, R10), exit()] },
    {
      name: "an address in a map",
      kind: "address-leak",
      restricted: true,
      code: found(counts, [storeReg(8, R0, 0, R10)]),
    },
    {
      name: "a record given back twice",
      kind: "used-after-release",
      code: [
        ...reserve(events),
        jumpIfImm("eq", R0, 0, "out"),
        movReg(R6, R0),
        movReg(R1, R6),
        movImm(R2, 0),
        callHelper(Helper.ringbuf_submit),
        movReg(R1, R6),
        movImm(R2, 0),
        callHelper(Helper.ringbuf_submit),
        withLabel("out", movImm(R0, 0)),
        exit(),
      ],
      tells: /bpf_ringbuf_submit takes it back/,
    },
    {
      name: "a record that is not given back",
      kind: "not-released",
      code: [...reserve(events), jumpIfImm("eq", R0, 0, "out"), withLabel("out", movImm(R0, 0)), exit()],
      tells: /`if r0 == 0x0` is taken to be false/,
    },
    {
      name: "a division by zero",
      kind: "zero-division",
      code: [movImm(R0, 1), aluImm("div", R0, 0), exit()],
    },
    { name: "a shift by 64", kind: "invalid-shift", code: [movImm(R0, 1), aluImm("lsh", R0, 64), exit()] },
    { name: "an unknown opcode", kind: "bad-instruction", code: [{ ...exit(), opcode: 0xff }, exit()] },
    { name: "a reserved field", kind: "bad-instruction", code: [{ ...movImm(R0, 0), offset: 5 }, exit()] },
    {
      name: "a register that is not there",
      kind: "bad-instruction",
      code: [{ ...movImm(R0, 0), dst: 11 }, exit()],
    },
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
      name: "a long row of comparisons",
      kind: "too-many-branches",
      code: [
        callHelper(Helper.get_prandom_u32),
        ...Array.from({ length: 9000 }, (_, value) => compare(value)),
        withLabel("out", movImm(R0, 0)),
        exit(),
      ],
    },
    {
      name: "code behind the end",
      kind: "unreachable",
      code: [movImm(R0, 0), exit(), movImm(R0, 1), exit()],
    },
    { name: "a jump too far", kind: "jump-out-of-range", code: [movImm(R0, 0), jump(10), exit()] },
    {
      name: "a jump into an instruction",
      kind: "jump-out-of-range",
      code: [movImm(R0, 0), jumpIfImm("eq", R0, 0, 1), loadImm64(R1, 5n), exit()],
    },
    { name: "no end", kind: "no-exit", code: [movImm(R0, 0), movImm(R0, 1)] },
    {
      name: "a function that calls itself",
      kind: "calls-too-deep",
      code: [callFunction("f"), exit(), withLabel("f", callFunction("f")), exit()],
    },
  ];
}

function callCases({ counts, events }: RefusalMaps, kfuncId: (name: string) => number): RefusalCase[] {
  return [
    {
      name: "a key that may be missing",
      kind: "argument-may-be-null",
      code: [
        ...lookup(counts),
        loadMapFd(R1, counts.fd),
        movReg(R2, R0),
        callHelper(Helper.map_lookup_elem),
        exit(),
      ],
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
    {
      name: "a number for a pointer",
      kind: "argument-type",
      type: RAW,
      code: [movImm(R1, 0), callHelper(Helper.probe_read_kernel), exit()],
    },
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
      code: [
        ...stack(R1, -8),
        movImm(R2, 8),
        movImm(R3, 0),
        callHelper(Helper.copy_from_user),
        movImm(R0, 0),
        exit(),
      ],
    },
    {
      name: "a sleepable socket filter",
      kind: "not-sleepable",
      flags: 1 << 4,
      code: [movImm(R0, 0), exit()],
    },
    {
      name: "a packet helper in a tracepoint",
      kind: "helper-not-allowed",
      type: TRACEPOINT,
      code: [callHelper(Helper.skb_load_bytes), movImm(R0, 0), exit()],
    },
    { name: "a helper that no kernel has", kind: "helper-not-allowed", code: [callHelper(9999), exit()] },
    {
      name: "a helper for GPL programs",
      kind: "gpl-only",
      type: RAW,
      license: "Proprietary",
      code: probeRead([movImm(R2, 8)]),
    },
    {
      name: "a kernel function",
      kind: "kfunc-not-allowed",
      code: [callKfunc(kfuncId("bpf_task_release")), exit()],
    },
    {
      name: "a kernel function's argument",
      kind: "kfunc-argument",
      traced: true,
      code: [
        load(8, R1, R1, 0),
        load(8, R1, R1, 0),
        callKfunc(kfuncId("bpf_task_acquire")),
        movImm(R0, 0),
        exit(),
      ],
    },
    {
      name: "a record of variable size",
      kind: "not-constant",
      code: [
        movReg(R6, R1),
        loadMapFd(R1, events.fd),
        load(4, R2, R6, 0),
        movImm(R3, 0),
        callHelper(Helper.ringbuf_reserve),
        exit(),
      ],
    },
    { name: "a map that is none", kind: "no-map", code: [loadMapFd(R1, 1), exit()] },
  ];
}

/** refusalCases gives them all; `kfuncId` finds a kernel function's BTF id. */
export function refusalCases(maps: RefusalMaps, kfuncId: (name: string) => number): RefusalCase[] {
  return [...memoryCases(maps), ...valueCases(maps), ...flowCases(), ...callCases(maps, kfuncId)];
}
