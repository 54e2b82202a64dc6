import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { aluImm, aluReg, movImm, movReg, neg, toEndian } from "../asm/arithmetic.js";
import { callFunction, callHelper, exit, jump, jumpIfImm, jumpIfReg } from "../asm/flow.js";
import { type Instruction, R0, R1, R2, R3, R6, R10, withLabel } from "../asm/instruction.js";
import { atomic, load, loadImm64, loadMapFd, loadMapValue, storeImm, storeReg } from "../asm/memory.js";
import { BpfError } from "../errors.js";
import { createMap, u32Bytes, u64Bytes } from "../maps/map.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { enableStatistics } from "./info.js";
import { loadProgram } from "./load.js";
import type { ProgramImage } from "./spec.js";

function image(instructions: readonly Instruction[], more: Partial<ProgramImage> = {}): ProgramImage {
  const type = ProgramType.BPF_PROG_TYPE_SOCKET_FILTER;
  return { name: "go3s_test", type, instructions, license: "GPL", ...more };
}

function run(instructions: readonly Instruction[], data = new Uint8Array(64)): number {
  using program = loadProgram(image(instructions));
  return program.testRun({ data }).result;
}

describe("programs of the kernel", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  const cases: readonly { name: string; have: readonly Instruction[]; want: number }[] = [
    { name: "constants", have: [movImm(R0, 42), exit()], want: 42 },
    {
      name: "64-bit arithmetic",
      have: [loadImm64(R0, 0x1_0000_0007n), aluImm("mul", R0, 3), aluImm("rsh", R0, 32), exit()],
      want: 3,
    },
    { name: "32-bit operations cut", have: [movImm(R0, -1), aluImm("add", R0, 2, 32), exit()], want: 1 },
    {
      name: "signed division",
      have: [movImm(R0, -7), aluImm("sdiv", R0, 2), neg(R0), exit()],
      want: 3,
    },
    {
      name: "byte order",
      have: [movImm(R0, 0x1234), toEndian("be", R0, 16), exit()],
      want: 0x3412,
    },
    {
      name: "a loop with labels",
      have: [
        movImm(R0, 0),
        movImm(R1, 10),
        withLabel("again", aluReg("add", R0, R1)),
        aluImm("sub", R1, 1),
        jumpIfImm("ne", R1, 0, "again"),
        exit(),
      ],
      want: 55,
    },
    {
      name: "a call of a subprogram",
      have: [
        movImm(R1, 20),
        callFunction("twice"),
        aluImm("add", R0, 2),
        exit(),
        withLabel("twice", movReg(R0, R1)),
        aluReg("add", R0, R1),
        exit(),
      ],
      want: 42,
    },
    {
      name: "the stack and an atomic addition",
      have: [
        storeImm(8, R10, -8, 40),
        movImm(R1, 2),
        atomic("add", 8, R10, -8, R1, true),
        load(8, R0, R10, -8),
        aluReg("mul", R0, R1),
        exit(),
      ],
      want: 42 * 40,
    },
    {
      name: "signed and 32-bit comparisons",
      have: [
        movImm(R1, -1),
        movImm(R2, 1),
        movImm(R0, 0),
        jumpIfReg("slt", R1, R2, "less"),
        exit(),
        withLabel("less", jumpIfReg("gt", R1, R2, "out", 32)),
        jump("out"),
        withLabel("out", movImm(R0, 7)),
        exit(),
      ],
      want: 7,
    },
  ];
  for (const { name, have, want } of cases) test(`runs: ${name}`, () => assert.equal(run(have), want));

  test("a program counts in a hash and writes to an array's memory", () => {
    using counts = createMap({
      name: "counts",
      type: MapType.BPF_MAP_TYPE_HASH,
      keySize: 4,
      valueSize: 8,
      maxEntries: 4,
      contents: [{ key: u32Bytes(5), value: u64Bytes(0n) }],
    });
    using cell = createMap({
      name: "cell",
      type: MapType.BPF_MAP_TYPE_ARRAY,
      keySize: 4,
      valueSize: 16,
      maxEntries: 1,
    });
    using program = loadProgram(
      image([
        storeImm(4, R10, -4, 5),
        loadMapFd(R1, counts.fd),
        movReg(R2, R10),
        aluImm("add", R2, -4),
        callHelper(HelperFunction.map_lookup_elem),
        jumpIfImm("eq", R0, 0, "out"),
        movImm(R1, 1),
        atomic("add", 8, R0, 0, R1),
        loadMapValue(R6, cell.fd, 8),
        movImm(R3, 77),
        storeReg(8, R6, 0, R3),
        withLabel("out", movImm(R0, 0)),
        exit(),
      ]),
    );
    program.testRun({ data: new Uint8Array(64), repeat: 25 });
    assert.deepEqual(counts.lookup(u32Bytes(5)), u64Bytes(25n));
    assert.deepEqual(cell.lookup(u32Bytes(0))?.subarray(8), u64Bytes(77n));
  });

  test("a packet comes back as the program left it", () => {
    // XDP: pkt[0] = 9 after the bounds check; returns XDP_PASS.
    using program = loadProgram(
      image(
        [
          load(4, R2, R1, 0),
          load(4, R3, R1, 4),
          movReg(R0, R2),
          aluImm("add", R0, 14),
          jumpIfReg("gt", R0, R3, "out"),
          storeImm(1, R2, 0, 9),
          withLabel("out", movImm(R0, 2)),
          exit(),
        ],
        { type: ProgramType.BPF_PROG_TYPE_XDP },
      ),
    );
    const result = program.testRun({ data: new Uint8Array(64).fill(1) });
    assert.equal(result.result, 2);
    assert.deepEqual([result.data.length, result.data[0], result.data[1]], [64, 9, 1]);
  });

  test("a raw tracepoint program gets its arguments, a syscall program changes its context", () => {
    using raw = loadProgram(
      image([load(8, R0, R1, 8), exit()], { type: ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT }),
    );
    const context = new Uint8Array(BigUint64Array.of(1n, 1234n).buffer);
    assert.equal(raw.testRun({ context }).result, 1234);
    using call = loadProgram(
      image([movImm(R2, 5), storeReg(8, R1, 0, R2), movImm(R0, 3), exit()], {
        type: ProgramType.BPF_PROG_TYPE_SYSCALL,
        flags: 1 << 4,
      }),
    );
    const back = call.testRun({ context });
    assert.equal(back.result, 3);
    assert.equal(back.context[0], 5);
  });

  test("the verifier's refusal names the source line and keeps the log", () => {
    const lines = [
      { slot: 0, file: "probe.go3s", line: 3, column: 1, text: "p := 0" },
      { slot: 1, file: "probe.go3s", line: 4, column: 9, text: "return *p" },
    ];
    assert.throws(
      () => loadProgram(image([movImm(R0, 0), load(8, R0, R0, 0), exit()], { lines })),
      (error) => {
        assert.ok(error instanceof BpfError);
        assert.equal(error.code, "verifier-rejected");
        assert.match(error.message, /at probe\.go3s:4:9: return \*p: R0 invalid mem access/);
        assert.match(error.log ?? "", /1: \(79\) r0 = \*\(u64 \*\)\(r0 \+0\)/);
        return true;
      },
    );
  });

  test("a log larger than the first buffer arrives whole", () => {
    const long: Instruction[] = Array.from({ length: 6000 }, (_, i) => aluImm("add", R0, i));
    assert.throws(
      () => loadProgram(image([movImm(R0, 0), ...long, load(8, R0, R0, 0), exit()])),
      (error) => {
        assert.ok(error instanceof BpfError);
        assert.ok((error.log?.length ?? 0) > 128 * 1024);
        assert.match(error.log ?? "", /^func#0|^0: /);
        assert.match(error.message, /at instruction 6001: R0 invalid mem access/);
        return true;
      },
    );
  });

  test("runs are counted while statistics are on", () => {
    using statistics = enableStatistics();
    assert.ok(statistics.isOpen);
    using program = loadProgram(image([movImm(R0, 1), exit()]));
    program.testRun({ data: new Uint8Array(64), repeat: 100 });
    const info = program.info();
    assert.equal(info.name, "go3s_test");
    assert.equal(info.type, ProgramType.BPF_PROG_TYPE_SOCKET_FILTER);
    assert.equal(info.runCount, 100n);
    assert.ok(info.runTimeNs > 0n);
  });
});
