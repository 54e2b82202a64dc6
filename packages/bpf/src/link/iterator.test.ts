import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit, jumpIfImm } from "../asm/flow.js";
import { R0, R1, R2, R3, R6, R10, withLabel } from "../asm/instruction.js";
import { load, storeImm, storeReg } from "../asm/memory.js";
import { kernelBtf } from "../btf/kernel.js";
import { BtfKind } from "../btf/kinds.js";
import { BpfError } from "../errors.js";
import { createMap } from "../maps/map.js";
import { attachBtfId } from "../object/attach-target.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import { OwnCgroup, skipWithoutCgroups } from "../testing/cgroup.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { Tally } from "../testing/tally.js";
import { AttachType } from "../uapi/attach-types.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType } from "../uapi/map-types.js";
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

describe("an iterator over a part", { skip: skipWithoutBpf() }, () => {
  const type = ProgramType.BPF_PROG_TYPE_TRACING;
  const attachType = AttachType.BPF_TRACE_ITER;

  /** Writes a byte for each element, and nothing for the null at the end. */
  function marking(target: string, elementOffset: number): Program {
    return loadProgram({
      name: "mark",
      type,
      attachType,
      attachBtfId: attachBtfId(type, attachType, target, kernelBtf),
      license: "GPL",
      instructions: [
        load(8, R6, R1, elementOffset),
        jumpIfImm("eq", R6, 0, "out"),
        load(8, R1, R1, 0),
        load(8, R1, R1, 0),
        storeImm(1, R10, -8, 1),
        movReg(R2, R10),
        aluImm("add", R2, -8),
        movImm(R3, 1),
        callHelper(HelperFunction.seq_write),
        withLabel("out", movImm(R0, 0)),
        exit(),
      ],
    });
  }

  test("a map's elements", () => {
    using tally = new Tally();
    using many = createMap({
      name: "many",
      type: MapType.BPF_MAP_TYPE_ARRAY,
      keySize: 4,
      valueSize: 8,
      maxEntries: 5,
    });
    // struct bpf_iter__bpf_map_elem: meta, map, key, value.
    using program = marking("bpf_map_elem", 24);
    assert.throws(() => attachIterator(program), refused("system-call-failed", /scope that names the map/));
    using one = attachIterator(program, { map: tally.map });
    using five = attachIterator(program, { map: many });
    assert.equal(readIterator(one).length, 1);
    assert.equal(readIterator(five).length, 5);
    const info = five.info();
    assert.ok(info.kind === "iterator");
    assert.deepEqual([info.iterator, info.mapId], ["bpf_map_elem", many.info().id]);
  });

  test("one thread, one process", () => {
    using program = marking("task", 8);
    using thread = attachIterator(program, { threadId: process.pid });
    using threads = attachIterator(program, { processId: process.pid });
    assert.equal(readIterator(thread).length, 1);
    assert.ok(readIterator(threads).length > 4, "Node has threads");
    const info = thread.info();
    assert.ok(info.kind === "iterator" && info.threadId === process.pid);
  });

  test("a cgroup and those above it", { skip: skipWithoutCgroups() }, () => {
    using group = new OwnCgroup();
    using program = marking("cgroup", 8);
    using self = attachIterator(program, { cgroup: group.path });
    using above = attachIterator(program, { cgroup: group.path, order: "ancestors" });
    assert.equal(readIterator(self).length, 1);
    assert.equal(readIterator(above).length, 2);
    using next = marking("cgroup", 8);
    self.update(next);
    assert.equal(self.info().programId, next.info().id);
    assert.equal(readIterator(self).length, 1);
  });
});
