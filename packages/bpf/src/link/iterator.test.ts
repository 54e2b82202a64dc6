import assert from "node:assert/strict";
import { test } from "node:test";
import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit, jumpIfImm } from "../asm/flow.js";
import { R0, R1, R2, R3, R6, R10, withLabel } from "../asm/instruction.js";
import { load, storeImm, storeReg } from "../asm/memory.js";
import { kernelBtf } from "../btf/kernel.js";
import { BtfKind } from "../btf/kinds.js";
import { BpfError } from "../errors.js";
import { attachBtfId } from "../object/attach-target.js";
import { loadProgram } from "../program/load.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { AttachType } from "../uapi/attach-types.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { ProgramType } from "../uapi/program-types.js";
import { attachIterator, readIterator } from "./iterator.js";

test("an iterator over all tasks meets this process", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  const btf = kernelBtf();
  const task = btf.type(btf.findOne("task_struct", BtfKind.STRUCT) ?? 0);
  assert.ok(task.kind === "struct");
  const tgid = (task.members.find(({ name }) => name === "tgid")?.bitOffset ?? 0) / 8;
  const type = ProgramType.BPF_PROG_TYPE_TRACING;
  const attachType = AttachType.BPF_TRACE_ITER;
  const program = loadProgram({
    name: "tasks",
    type,
    attachType,
    attachBtfId: attachBtfId(type, attachType, "task", kernelBtf),
    license: "GPL",
    // struct bpf_iter__task: meta, whose first member is the seq_file, and the task, null at the end.
    instructions: [
      load(8, R6, R1, 8),
      jumpIfImm("eq", R6, 0, "out"),
      load(8, R1, R1, 0),
      load(8, R1, R1, 0),
      load(4, R3, R6, tgid),
      storeImm(8, R10, -8, 0),
      storeReg(4, R10, -8, R3),
      movReg(R2, R10),
      aluImm("add", R2, -8),
      movImm(R3, 8),
      callHelper(HelperFunction.seq_write),
      withLabel("out", movImm(R0, 0)),
      exit(),
    ],
  });
  const link = attachIterator(program);
  const bytes = readIterator(link);
  const pids = new BigUint64Array(new Uint8Array(bytes).buffer);
  assert.ok(pids.includes(BigInt(process.pid)));
  link.close();
  program.close();
  assert.throws(
    () => readIterator(link),
    (error) => error instanceof BpfError && error.code === "closed",
  );
  assert.deepEqual(kernelDescriptors(), before);
});
