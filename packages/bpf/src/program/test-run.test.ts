import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit, jumpIfReg } from "../asm/flow.js";
import { type Instruction, R0, R1, R2, R3, R4, withLabel } from "../asm/instruction.js";
import { load, storeImm, storeReg } from "../asm/memory.js";
import { kernelBtf } from "../btf/kernel.js";
import { BtfKind } from "../btf/kinds.js";
import { BpfError } from "../errors.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { onlineCpus } from "../maps/cpus.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramFlag } from "../uapi/flags.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import { loadProgram } from "./load.js";
import type { Program } from "./program.js";
import { programTypeName } from "./spec.js";
import { testRunRows } from "./test-run-rows.js";

const SYSCALL = ProgramType.BPF_PROG_TYPE_SYSCALL;

function loaded(type: ProgramTypeId, instructions: readonly Instruction[], attachType?: number): Program {
  const flags = type === SYSCALL ? ProgramFlag.BPF_F_SLEEPABLE : 0;
  return loadProgram({ name: "go3s_run", type, instructions, license: "GPL", attachType, flags });
}

function refused(run: () => unknown): BpfError {
  try {
    run();
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
  return assert.fail("it ran");
}

/** An IPv4 packet of 64 bytes: Ethernet, IP without options, UDP from port 7 to port 9. */
function packet(): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([8, 0, 0x45, 0, 0, 50, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2, 0, 7, 0, 9], 12);
  return bytes;
}

describe("programs run by request", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  // The value 1 lets packets pass in cgroup programs and is allowed everywhere.
  const packetTypes: readonly [ProgramTypeId, number?][] = [
    [ProgramType.BPF_PROG_TYPE_SOCKET_FILTER],
    [ProgramType.BPF_PROG_TYPE_SCHED_CLS],
    [ProgramType.BPF_PROG_TYPE_SCHED_ACT],
    [ProgramType.BPF_PROG_TYPE_CGROUP_SKB],
    [ProgramType.BPF_PROG_TYPE_LWT_IN],
    [ProgramType.BPF_PROG_TYPE_LWT_OUT],
    [ProgramType.BPF_PROG_TYPE_LWT_XMIT],
    [ProgramType.BPF_PROG_TYPE_XDP],
    [ProgramType.BPF_PROG_TYPE_NETFILTER, AttachType.BPF_NETFILTER],
  ];
  for (const [type, attachType] of packetTypes) {
    test(`${programTypeName(type)}: a packet goes in`, (t) => {
      if (type === ProgramType.BPF_PROG_TYPE_NETFILTER && !kernelIsAtLeast(6, 4))
        return t.skip("needs Linux 6.4");
      using program = loaded(type, [movImm(R0, 1), exit()], attachType);
      const { result, data } = program.testRun({ data: packet(), repeat: 3 });
      assert.equal(result, 1);
      if (type === ProgramType.BPF_PROG_TYPE_XDP) assert.deepEqual(data, packet());
    });
  }

  test("a context of __sk_buff is read, changed and given back", () => {
    // mark (offset 8) += 1; cb[1] (offset 52) = 9
    using program = loaded(ProgramType.BPF_PROG_TYPE_SCHED_CLS, [
      load(4, R2, R1, 8),
      aluImm("add", R2, 1),
      storeReg(4, R1, 8, R2),
      movImm(R3, 9),
      storeReg(4, R1, 52, R3),
      movReg(R0, R2),
      exit(),
    ]);
    const context = new Uint8Array(192);
    new DataView(context.buffer).setUint32(8, 41, true);
    const back = program.testRun({ data: packet(), context });
    const view = new DataView(back.context.buffer, back.context.byteOffset);
    assert.deepEqual([back.result, view.getUint32(8, true), view.getUint32(52, true)], [42, 42, 9]);
  });

  test("a flow dissector gives the keys it found", () => {
    // flow_keys (offset 144 of __sk_buff) -> ip_proto (byte 9) = 17; BPF_OK is 0.
    using program = loaded(
      ProgramType.BPF_PROG_TYPE_FLOW_DISSECTOR,
      [load(8, R2, R1, 144), storeImm(1, R2, 9, 17), movImm(R0, 0), exit()],
      AttachType.BPF_FLOW_DISSECTOR,
    );
    const { result, data } = program.testRun({ data: packet() });
    assert.deepEqual([result, data.length, data[9]], [0, 56, 17]);
  });

  test("sk_lookup sees the addresses in its context", () => {
    // Returns SK_PASS when local_port (offset 60) is 8080, else SK_DROP.
    using program = loaded(
      ProgramType.BPF_PROG_TYPE_SK_LOOKUP,
      [
        load(4, R2, R1, 60),
        movImm(R0, 0),
        movImm(R3, 8080),
        jumpIfReg("ne", R2, R3, "out"),
        movImm(R0, 1),
        withLabel("out", exit()),
      ],
      AttachType.BPF_SK_LOOKUP,
    );
    const run = (port: number): number => {
      const context = new Uint8Array(72);
      const view = new DataView(context.buffer);
      view.setUint32(8, 2, true); // AF_INET
      view.setUint32(12, 6, true); // TCP
      view.setUint32(60, port, true);
      return program.testRun({ context }).result;
    };
    assert.deepEqual([run(8080), run(8081)], [1, 0]);
  });

  test("a raw tracepoint program runs on the processor that is asked for", () => {
    using program = loaded(ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT, [
      callHelper(HelperFunction.get_smp_processor_id),
      exit(),
    ]);
    for (const cpu of onlineCpus())
      assert.equal(program.testRun({ context: new Uint8Array(16), cpu }).result, cpu);
  });

  test("a syscall program changes its context in place", () => {
    using program = loaded(SYSCALL, [movImm(R2, 5), storeReg(8, R1, 0, R2), movImm(R0, 3), exit()]);
    const back = program.testRun({ context: new Uint8Array(8).fill(1) });
    assert.deepEqual([back.result, back.context[0], back.context[1]], [3, 5, 0]);
  });

  test("a function of a table gets its arguments", (t) => {
    // The kernel's own table for tests; its first function takes a pointer that may be null.
    const table = kernelBtf().findOne("bpf_dummy_ops", BtfKind.STRUCT);
    if (table === undefined) return t.skip("this kernel is built without bpf_dummy_ops");
    using program = loadProgram({
      name: "go3s_table",
      type: ProgramType.BPF_PROG_TYPE_STRUCT_OPS,
      attachType: 0,
      attachBtfId: table,
      instructions: [movImm(R0, 42), exit()],
      license: "GPL",
    });
    assert.equal(program.testRun({ context: new Uint8Array(8) }).result, 42);
  });

  test("XDP frames live are dropped by the kernel, in batches", () => {
    using program = loaded(ProgramType.BPF_PROG_TYPE_XDP, [movImm(R0, 1), exit()]);
    // xdp_md names the loopback interface as where they came from.
    const context = new Uint8Array(24);
    const view = new DataView(context.buffer);
    view.setUint32(4, 64, true);
    view.setUint32(12, 1, true);
    const { data } = program.testRun({ data: packet(), context, repeat: 100, liveFrames: { batchSize: 16 } });
    assert.equal(data.length, 0);
  });

  test("a packet of several pages goes through a program that takes fragments", () => {
    const code = [load(4, R2, R1, 0), load(4, R3, R1, 4), movReg(R4, R3), movImm(R0, 2), exit()];
    const data = new Uint8Array(9000).fill(7);
    using parts = loadProgram({
      name: "go3s_frags",
      type: ProgramType.BPF_PROG_TYPE_XDP,
      instructions: code,
      license: "GPL",
      flags: ProgramFlag.BPF_F_XDP_HAS_FRAGS,
    });
    assert.deepEqual(parts.testRun({ data }).data, data);
  });

  test("types that cannot be run are told with those that can", () => {
    using program = loaded(ProgramType.BPF_PROG_TYPE_TRACEPOINT, [movImm(R0, 0), exit()]);
    const error = refused(() => program.testRun());
    assert.equal(error.code, "not-supported");
    assert.match(error.message, /cannot run tracepoint programs/);
    for (const { type } of testRunRows) assert.ok(error.hint?.includes(programTypeName(type)));
  });

  test("what a type does not take is refused before the kernel is asked", () => {
    using filter = loaded(ProgramType.BPF_PROG_TYPE_SOCKET_FILTER, [movImm(R0, 0), exit()]);
    assert.match(refused(() => filter.testRun()).hint ?? "", /at least 14 bytes/);
    assert.match(
      refused(() => filter.testRun({ data: packet(), cpu: 0 })).message,
      /processor cannot be chosen/,
    );
    assert.match(refused(() => filter.testRun({ data: packet(), liveFrames: {} })).message, /no live frames/);
    assert.match(
      refused(() => filter.testRun({ data: packet(), context: new Uint8Array(400).fill(1) })).hint ?? "",
      /context/,
    );
    using raw = loaded(ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT, [movImm(R0, 0), exit()]);
    assert.equal(refused(() => raw.testRun({ data: packet() })).code, "bad-argument");
    assert.match(refused(() => raw.testRun({ repeat: 2 })).message, /run once a call/);
  });

  test("a tracing program without a test function is told so", () => {
    using program = loadProgram({
      name: "go3s_traced",
      type: ProgramType.BPF_PROG_TYPE_TRACING,
      attachType: AttachType.BPF_TRACE_RAW_TP,
      attachBtfId: kernelBtf().findOne("btf_trace_sched_process_exec", BtfKind.TYPEDEF),
      instructions: [movImm(R0, 0), exit()],
      license: "GPL",
    });
    assert.match(refused(() => program.testRun()).hint ?? "", /bpf_fentry_test1/);
  });
});
