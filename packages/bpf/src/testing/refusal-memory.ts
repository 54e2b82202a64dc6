import { aluImm, aluReg, movImm, movReg } from "../asm/arithmetic.js";
import { callFunction, callHelper, exit, jumpIfImm } from "../asm/flow.js";
import { R0, R1, R2, R3, R5, R6, R10, withLabel } from "../asm/instruction.js";
import { atomic, load, loadMapFd, storeImm, storeReg } from "../asm/memory.js";
import { HelperFunction as Helper } from "../uapi/helper-functions.js";
import { ProgramType } from "../uapi/program-types.js";

import {
  found,
  lookup,
  packet,
  probeRead,
  type RefusalCase,
  type RefusalMaps,
  reserve,
  stack,
} from "./refusal-code.js";

const XDP = ProgramType.BPF_PROG_TYPE_XDP;
const RAW = ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT;

/** memoryCases gives those of memory accesses. */
export function memoryCases({ counts, table, events }: RefusalMaps): RefusalCase[] {
  return [
    {
      name: "a looked-up value that may be missing",
      kind: "may-be-null",
      code: [...lookup(counts), load(8, R0, R0, 0), exit()],
      tells:
        /instruction 5: r0 is what bpf_map_lookup_elem gives: a pointer to a value of map "counts", or null/,
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
      code: [
        ...lookup(counts),
        movReg(R1, R0),
        callFunction("f"),
        exit(),
        withLabel("f", load(8, R0, R1, 0)),
        exit(),
      ],
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
    {
      name: "the packet's end",
      kind: "wrong-pointer",
      type: XDP,
      code: [load(4, R2, R1, 4), load(1, R0, R2, 0), exit()],
    },
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
      name: "an index without bound",
      kind: "unbounded-index",
      code: found(table, [movReg(R6, R0), load(4, R1, R6, 0), aluReg("add", R6, R1), load(1, R0, R6, 0)]),
      tells: /reads 1 byte through `r6`/,
    },
    {
      name: "behind a record",
      kind: "memory-bounds",
      code: [
        ...reserve(events),
        jumpIfImm("eq", R0, 0, "out"),
        storeImm(8, R0, 4, 0),
        withLabel("out", exit()),
      ],
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
    {
      name: "a size without bound",
      kind: "unbounded-size",
      type: RAW,
      code: probeRead([load(4, R2, R6, 0)]),
    },
    {
      name: "an offset without bound",
      kind: "unbounded-offset",
      code: found(table, [movReg(R6, R0), callHelper(Helper.ktime_get_ns), aluReg("add", R6, R0)]),
      tells: /r0 is what bpf_ktime_get_ns gives: a number of which nothing is known/,
    },
    { name: "a far offset", kind: "far-offset", code: found(counts, [aluImm("add", R0, 1 << 30)]) },
    { name: "behind the context", kind: "context-bounds", code: [load(4, R0, R1, 4000), exit()] },
    {
      name: "a field that is read-only",
      kind: "context-bounds",
      code: [movImm(R0, 0), storeImm(4, R1, 0, 1), exit()],
    },
    {
      name: "the context at a variable offset",
      kind: "variable-context-offset",
      code: [movReg(R2, R1), load(4, R3, R1, 0), aluReg("add", R2, R3), load(4, R0, R2, 0), exit()],
    },
    {
      name: "a moved context",
      kind: "moved-context",
      code: [aluImm("add", R1, 4), load(4, R0, R1, 0), exit()],
    },
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
      code: [
        loadMapFd(R1, counts.fd),
        ...stack(R2, -4),
        callHelper(Helper.map_lookup_elem),
        movImm(R0, 0),
        exit(),
      ],
    },
    {
      name: "an unset variable",
      kind: "stack-uninitialised",
      restricted: true,
      code: [load(8, R0, R10, -8), exit()],
    },
    {
      name: "the stack at a variable offset",
      kind: "stack-variable-offset",
      code: [
        load(4, R2, R1, 0),
        ...stack(R3, -16),
        aluReg("add", R3, R2),
        storeImm(1, R3, 0, 0),
        movImm(R0, 0),
        exit(),
      ],
    },
    {
      name: "below the stack",
      kind: "stack-bounds",
      code: [storeImm(8, R10, -520, 0), movImm(R0, 0), exit()],
    },
    {
      name: "a buffer that is too small",
      kind: "stack-bounds",
      type: RAW,
      code: probeRead([movImm(R2, 64)]),
    },
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
    {
      name: "half of a pointer",
      kind: "stack-spill",
      code: [storeReg(8, R10, -8, R1), load(4, R0, R10, -8), exit()],
    },
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
