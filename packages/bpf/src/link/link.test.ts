import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { openElf } from "@go3s/binary";
import { jumpIfImm } from "../asm/flow.js";
import { type Instruction, R0, R6 } from "../asm/instruction.js";
import { load } from "../asm/memory.js";
import { BpfError } from "../errors.js";
import { PerfSoftware, PerfType } from "../kernel/perf.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import { startWaiting } from "../testing/child.js";
import { countingProgram, countOf, createCounter } from "../testing/counter.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import { attachKprobe } from "./kprobe.js";
import type { Link } from "./link.js";
import { attachPerfEvent } from "./perf-event.js";
import { attachRawTracepoint } from "./raw-tracepoint.js";
import { findTracefs, parseTracepointFormat, tracepointFormat } from "./tracefs.js";
import { attachTracepoint } from "./tracepoint.js";
import { attachUprobe } from "./uprobe.js";
import { attachUprobeMulti } from "./uprobe-multi.js";

const FORMAT = `name: sys_enter_write
ID: 761
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:int __syscall_nr;	offset:8;	size:4;	signed:1;
	field:const char * buf;	offset:24;	size:8;	signed:0;
	field:__u8 saddr_v6[16];	offset:38;	size:16;	signed:0;
	field:__data_loc char[] name;	offset:56;	size:4;	signed:0;

print fmt: "x"
`;

test("the format of a tracepoint is read field by field", () => {
  const format = parseTracepointFormat("syscalls", FORMAT);
  assert.equal(format.id, 761);
  assert.deepEqual(format.fields.slice(1), [
    { name: "common_pid", type: "int", offset: 4, size: 4, signed: true, length: undefined },
    { name: "__syscall_nr", type: "int", offset: 8, size: 4, signed: true, length: undefined },
    { name: "buf", type: "const char *", offset: 24, size: 8, signed: false, length: undefined },
    { name: "saddr_v6", type: "__u8[16]", offset: 38, size: 16, signed: false, length: 16 },
    { name: "name", type: "__data_loc char[]", offset: 56, size: 4, signed: false, length: undefined },
  ]);
  assert.throws(() => parseTracepointFormat("a", "nonsense"), BpfError);
});

/** The file offset of libc's write(), which dd calls for each block; Node is linked with the same libc. */
function libcWrite(): { path: string; offset: number } | undefined {
  const path = /\s(\/\S*libc\.so\.6|\/\S*ld-musl\S*)$/m.exec(readFileSync("/proc/self/maps", "utf8"))?.[1];
  if (path === undefined) return undefined;
  using elf = openElf(path);
  const address = elf.dynamicSymbols()?.find("write")?.value;
  const offset = address === undefined ? undefined : elf.addressToOffset(address);
  return offset === undefined ? undefined : { path, offset };
}

// pt_regs: the third argument, arch/x86/include/uapi/asm/ptrace.h and arch/arm64.
const THIRD_ARGUMENT = process.arch === "x64" ? 96 : 16;
const WRITE_NUMBER = process.arch === "x64" ? 1 : 64;
// sys_enter_write's record: three 8-byte arguments from byte 16 on.
const WRITE_LENGTH = 32;
const WRITES = 1000;
const COMMAND = `dd if=/dev/zero of=/dev/null bs=3 count=${WRITES}`;

describe("links of the kernel", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  async function countWrites(
    type: ProgramTypeId,
    filter: readonly Instruction[],
    attach: (program: Program, pid: number) => Link,
    attachType?: number,
  ): Promise<number> {
    const child = await startWaiting(COMMAND);
    try {
      using counter = createCounter(child.pid);
      const instructions = countingProgram(counter, filter);
      using program = loadProgram({ name: "count", type, instructions, license: "GPL", attachType });
      using link = attach(program, child.pid);
      assert.ok(link.fds.length > 0);
      await child.go();
      const counted = countOf(counter);
      link.close();
      link.close();
      assert.deepEqual(link.fds, []);
      return counted;
    } finally {
      child.kill();
    }
  }

  const threeBytes = (offset: number) => [load(8, R0, R6, offset), jumpIfImm("ne", R0, 3, "out")];

  test("a tracepoint sees each write of a child", {
    skip: findTracefs() ? false : "no tracefs",
  }, async () => {
    const counted = await countWrites(
      ProgramType.BPF_PROG_TYPE_TRACEPOINT,
      threeBytes(WRITE_LENGTH),
      (program) => attachTracepoint(program, { group: "syscalls", name: "sys_enter_write" }),
    );
    assert.equal(counted, WRITES);
  });

  test("a raw tracepoint sees each write of a child", async () => {
    // sys_enter(regs, id); the length is in no argument, so all writes are counted: dd's report adds some.
    const filter = [load(8, R0, R6, 8), jumpIfImm("ne", R0, WRITE_NUMBER, "out")];
    const counted = await countWrites(ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT, filter, (program) =>
      attachRawTracepoint(program, { name: "sys_enter" }),
    );
    assert.ok(counted >= WRITES && counted <= WRITES + 10, `${counted} writes counted`);
  });

  const libc = skipWithoutBpf() === false ? libcWrite() : undefined;
  const skipUprobes = libc === undefined ? "libc's write() was not found" : false;

  test("a uprobe sees each call of a child, by process and for all", { skip: skipUprobes }, async () => {
    assert.ok(libc !== undefined);
    for (const scope of ["pid", "all"]) {
      const counted = await countWrites(
        ProgramType.BPF_PROG_TYPE_KPROBE,
        threeBytes(THIRD_ARGUMENT),
        (program, pid) => attachUprobe(program, scope === "pid" ? { ...libc, pid } : libc),
      );
      assert.equal(counted, WRITES);
    }
  });

  test("uprobe_multi sees each call of a child", { skip: skipUprobes }, async () => {
    assert.ok(libc !== undefined);
    const counted = await countWrites(
      ProgramType.BPF_PROG_TYPE_KPROBE,
      threeBytes(THIRD_ARGUMENT),
      (program, pid) =>
        attachUprobeMulti(program, { path: libc.path, offsets: [libc.offset], cookies: [7n], pid }),
      AttachType.BPF_TRACE_UPROBE_MULTI,
    );
    assert.equal(counted, WRITES);
  });

  test("a perf event samples this process", () => {
    using counter = createCounter(process.pid);
    using program = loadProgram({
      name: "sample",
      type: ProgramType.BPF_PROG_TYPE_PERF_EVENT,
      instructions: countingProgram(counter),
      license: "GPL",
    });
    using link = attachPerfEvent(program, {
      type: PerfType.SOFTWARE,
      config: PerfSoftware.CPU_CLOCK,
      period: 1_000_000,
    });
    assert.equal(link.kind, "perf-event");
    // A sample each millisecond of CPU: the work below takes many.
    let sum = 0;
    for (let i = 0; i < 3e7 && countOf(counter) < 3; i++) for (let k = 0; k < 1000; k++) sum += k;
    assert.ok(sum > 0);
    assert.ok(countOf(counter) >= 3);
  });

  test("what does not exist is named with what to do", () => {
    using counter = createCounter(1);
    const load_ = (type: ProgramTypeId): Program =>
      loadProgram({ name: "none", type, instructions: countingProgram(counter), license: "GPL" });
    using tracepoint = load_(ProgramType.BPF_PROG_TYPE_TRACEPOINT);
    using raw = load_(ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT);
    using probe = load_(ProgramType.BPF_PROG_TYPE_KPROBE);
    const isCode = (code: string) => (error: unknown) => error instanceof BpfError && error.code === code;
    if (findTracefs() !== undefined) {
      assert.throws(
        () => attachTracepoint(tracepoint, { group: "sched", name: "no_such" }),
        isCode("not-found"),
      );
      assert.throws(
        () => attachTracepoint(tracepoint, { group: "../..", name: "x" }),
        isCode("bad-argument"),
      );
      assert.ok(tracepointFormat("sched", "sched_switch").fields.length > 4);
    }
    assert.throws(() => attachRawTracepoint(raw, { name: "no_such" }), isCode("not-found"));
    assert.throws(() => attachUprobe(probe, { path: "/no/such/file", offset: 4 }), isCode("not-found"));
    assert.throws(() => attachUprobeMulti(probe, { path: "/bin/sh", offsets: [] }), isCode("bad-argument"));
  });

  test("a kprobe is attached or refused with the reason", () => {
    using counter = createCounter(1);
    using program = loadProgram({
      name: "kprobe",
      type: ProgramType.BPF_PROG_TYPE_KPROBE,
      instructions: countingProgram(counter),
      license: "GPL",
    });
    try {
      attachKprobe(program, { symbol: "do_sys_openat2" }).close();
    } catch (error) {
      assert.ok(error instanceof BpfError);
      assert.equal(error.code, "not-supported");
      assert.match(error.hint ?? "", /CONFIG_KPROBE_EVENTS=y/);
    }
  });
});
