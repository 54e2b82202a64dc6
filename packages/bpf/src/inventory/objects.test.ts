import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { movImm } from "../asm/arithmetic.js";
import { exit } from "../asm/flow.js";
import { R0, R2 } from "../asm/instruction.js";
import { loadMapFd } from "../asm/memory.js";
import { kernelBtf } from "../btf/kernel.js";
import { BtfKind } from "../btf/kinds.js";
import { BpfError } from "../errors.js";
import { attachRawTracepoint, attachTracing } from "../link/raw-tracepoint.js";
import { createMap } from "../maps/map.js";
import { nativeCode, programInfo, translatedInstructions } from "../program/info.js";
import { loadProgram } from "../program/load.js";
import { skipWithoutBpf } from "../testing/kernel.js";
import { AttachType } from "../uapi/attach-types.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { openById } from "./ids.js";
import { listKernelObjects } from "./objects.js";

describe("what is in the kernel", { skip: skipWithoutBpf() }, () => {
  test("programs, maps, links and BTF are listed with who holds them", () => {
    using map = createMap({
      name: "go3s_held",
      type: MapType.BPF_MAP_TYPE_ARRAY,
      keySize: 4,
      valueSize: 24,
      maxEntries: 3,
    });
    using program = loadProgram({
      name: "go3s_listed",
      type: ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT,
      license: "GPL",
      instructions: [loadMapFd(R2, map.fd), movImm(R0, 0), exit()],
    });
    using traced = loadProgram({
      name: "go3s_traced",
      type: ProgramType.BPF_PROG_TYPE_TRACING,
      license: "GPL",
      attachType: AttachType.BPF_TRACE_RAW_TP,
      attachBtfId: kernelBtf().findOne("btf_trace_sched_process_exec", BtfKind.TYPEDEF),
      instructions: [movImm(R0, 0), exit()],
    });
    using link = attachRawTracepoint(program, { name: "sched_process_exec" });
    using tracing = attachTracing(traced);
    assert.notEqual(link.kind, undefined);
    assert.notEqual(tracing.kind, undefined);

    const { programs, maps, links, btfs } = listKernelObjects();
    const isMine = (one: { holders: readonly { pid: number }[] }): boolean =>
      one.holders.some(({ pid }) => pid === process.pid);

    const info = programInfo(program.fd);
    const listed = programs.find(({ id }) => id === info.id);
    assert.ok(listed !== undefined && isMine(listed));
    assert.equal(listed.name, "go3s_listed");
    assert.equal(listed.typeName, "raw_tracepoint");
    assert.equal(listed.gplCompatible, true);
    assert.equal(listed.userId, process.getuid?.());
    assert.ok(listed.loadedAtNs > 0n);
    assert.equal(listed.functionCount, 1);

    const heldMap = maps.find(({ id }) => id === listed.mapIds[0]);
    assert.ok(heldMap !== undefined && isMine(heldMap));
    assert.deepEqual(
      [heldMap.name, heldMap.typeName, heldMap.keySize, heldMap.valueSize, heldMap.maxEntries],
      ["go3s_held", "array", 4, 24, 3],
    );

    const raw = links.find(({ programId }) => programId === info.id);
    assert.ok(raw !== undefined && isMine(raw));
    assert.deepEqual([raw.typeName, raw.target], ["raw_tracepoint", "tracepoint sched_process_exec"]);
    const tp = links.find(({ programId }) => programId === programInfo(traced.fd).id);
    assert.equal(tp?.target, "tracepoint sched_process_exec");

    assert.ok(btfs.some(({ name, isKernel, bytes }) => name === "vmlinux" && isKernel && bytes > 1e6));
  });

  test("a program's code is given back as the kernel runs it", () => {
    using program = loadProgram({
      name: "go3s_code",
      type: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER,
      license: "MIT",
      instructions: [movImm(R0, 7), exit()],
    });
    assert.deepEqual(translatedInstructions(program.fd).slice(-2), [movImm(R0, 7), exit()]);
    const info = program.info();
    assert.equal(info.gplCompatible, false);
    assert.equal(nativeCode(program.fd).length, info.nativeBytes);
  });

  test("an id that is gone is told as not found", () => {
    assert.throws(
      () => openById("map", 0x7fff_fff0),
      (error) => error instanceof BpfError && error.code === "not-found",
    );
  });
});
