import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { jumpIfImm } from "../asm/flow.js";
import { R0, R6 } from "../asm/instruction.js";
import { load } from "../asm/memory.js";
import { kernelBtf } from "../btf/kernel.js";
import { attachBtfId } from "../object/attach-target.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import { countingProgram, countOf, createCounter } from "../testing/counter.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import { attachRawTracepoint, attachTracing } from "./raw-tracepoint.js";
import { createSlot } from "./slot.js";

const GETPPID = process.arch === "x64" ? 110 : 173;

/** Node asks the kernel each time. */
function callOften(count: number): void {
  for (let index = 0; index < count; index++) assert.ok(process.ppid >= 0);
}

describe("a slot for programs", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), held));

  // sys_enter(regs, id), as a raw tracepoint and with typed arguments.
  const calls = [load(8, R0, R6, 8), jumpIfImm("ne", R0, GETPPID, "out")];

  for (const name of ["raw_tp", "tp_btf"]) {
    test(`${name}: the program is changed with no event missed and none seen twice`, () => {
      const isRaw = name === "raw_tp";
      const type = isRaw ? ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT : ProgramType.BPF_PROG_TYPE_TRACING;
      const attachType = isRaw ? 0 : AttachType.BPF_TRACE_RAW_TP;
      const attachBtf = attachBtfId(type, attachType, "sys_enter", kernelBtf);
      using first = createCounter(process.pid);
      using second = createCounter(process.pid);
      const make = (counter: typeof first): Program =>
        loadProgram({
          name,
          type,
          attachType,
          attachBtfId: attachBtf,
          instructions: countingProgram(counter, calls),
          license: "GPL",
        });
      using old = make(first);
      using slot = createSlot(old);
      using link = isRaw ? attachRawTracepoint(slot, { name: "sys_enter" }) : attachTracing(slot);
      assert.ok(link.fds.length === 1);
      callOften(100);
      assert.deepEqual([countOf(first), countOf(second)], [100, 0]);
      using next = make(second);
      slot.update(next);
      callOften(100);
      assert.deepEqual([countOf(first), countOf(second)], [100, 100]);

      using other = loadOther(ProgramType.BPF_PROG_TYPE_SOCKET_FILTER);
      assert.throws(() => slot.update(other), refused("bad-argument", /"other" does not fit into the slot/));
      callOften(10);
      assert.deepEqual([countOf(first), countOf(second)], [100, 110]);
    });
  }

  function loadOther(type: ProgramTypeId): Program {
    using counter = createCounter(1);
    const instructions = countingProgram(counter).slice(-2);
    return loadProgram({ name: "other", type, instructions, license: "GPL" });
  }
});
