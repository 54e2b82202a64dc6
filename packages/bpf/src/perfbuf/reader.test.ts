import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit } from "../asm/flow.js";
import { type Instruction, R1, R2, R3, R4, R5, R6, R7, R10 } from "../asm/instruction.js";
import { atomic, loadImm64, loadMapFd, loadMapValue, storeImm, storeReg } from "../asm/memory.js";
import { BpfError } from "../errors.js";
import { onlineCpus } from "../maps/cpus.js";
import { type BpfMap, createMap } from "../maps/map.js";
import { loadProgram } from "../program/load.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import type { PerfRecordHandler } from "./cpu-buffer.js";
import { type PerfBufferOptions, PerfBufferReader } from "./reader.js";

const PAYLOAD = 96;
// Padded by the kernel so that with the length before it a multiple of 8 comes out.
const LENGTH = 100;
const RECORD = LENGTH + 4 + 8;
const BPF_F_CURRENT_CPU = 0xffffffffn;

/** Each run writes a record of 96 bytes with the run's number at its start and end. */
function producer(output: BpfMap, state: BpfMap): Instruction[] {
  const zeros = Array.from({ length: PAYLOAD / 8 }, (_, i) => storeImm(8, R10, -PAYLOAD + i * 8, 0));
  return [
    movReg(R6, R1),
    loadMapValue(R2, state.fd, 0),
    movImm(R7, 1),
    atomic("add", 8, R2, 0, R7, true),
    ...zeros,
    storeReg(8, R10, -PAYLOAD, R7),
    storeReg(8, R10, -8, R7),
    movReg(R1, R6),
    loadMapFd(R2, output.fd),
    loadImm64(R3, BPF_F_CURRENT_CPU),
    movReg(R4, R10),
    aluImm("add", R4, -PAYLOAD),
    movImm(R5, PAYLOAD),
    callHelper(HelperFunction.perf_event_output),
    movImm(0, 0),
    exit(),
  ];
}

function bench() {
  const output = createMap({
    name: "output",
    type: MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    keySize: 4,
    valueSize: 4,
    maxEntries: 256,
  });
  const state = createMap({
    name: "state",
    type: MapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 8,
    maxEntries: 1,
  });
  const program = loadProgram({
    name: "produce",
    type: ProgramType.BPF_PROG_TYPE_SCHED_CLS,
    instructions: producer(output, state),
    license: "GPL",
  });
  return {
    output,
    run: (repeat: number) => void program.testRun({ data: new Uint8Array(64), repeat }),
    read: (handler: PerfRecordHandler, options?: PerfBufferOptions) =>
      new PerfBufferReader(output, handler, options),
    [Symbol.dispose]() {
      program.close();
      state.close();
      output.close();
    },
  };
}

describe("perf buffers of the kernel", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  test("every record is whole, also those that go over the end of a buffer", () => {
    using b = bench();
    const seen: number[] = [];
    const orders = new Map<number, number>();
    using reader = b.read(
      (memory, offset, length, cpu) => {
        assert.equal(length, LENGTH);
        const number = memory.view.getUint32(offset, true);
        assert.equal(memory.words[(offset + PAYLOAD - 8) >> 2], number);
        assert.equal(memory.bytes[offset + 16], 0);
        assert.ok(number > (orders.get(cpu) ?? -1), "records of one processor come in order");
        orders.set(cpu, number);
        seen.push(number);
      },
      { bytesPerCpu: 4096 },
    );
    for (let round = 0; round < 50; round++) {
      b.run(30);
      assert.equal(reader.drain(), 30);
      assert.equal(reader.waiting(), 0);
    }
    assert.deepEqual(
      seen.sort((x, y) => x - y),
      Array.from({ length: 1500 }, (_, i) => i),
    );
    const counts = reader.counts();
    assert.equal(counts.records, 1500);
    assert.equal(counts.bytes, 1500 * LENGTH);
    assert.equal(counts.lost, 0);
    assert.ok(counts.wrapped > 0 && counts.wrapped < 100, `${counts.wrapped} were copied`);
  });

  test("records there is no room for are counted", () => {
    using b = bench();
    let got = 0;
    using reader = b.read(() => got++, { bytesPerCpu: 4096 });
    // Twice what the buffers of all processors hold.
    const runs = Math.ceil((2 * reader.size) / RECORD);
    b.run(runs);
    assert.equal(reader.drain(3), 3);
    reader.drain();
    const missing = runs - got;
    assert.ok(missing > 0);
    // The kernel tells of the loss with the next record that fits, on each processor.
    for (let i = 0; i < 2000 && reader.counts().lost < missing; i++) {
      b.run(1);
      reader.drain();
    }
    assert.equal(reader.counts().lost, missing);
  });

  test("a sleeping reader is woken by a record, and by the watermark", async () => {
    using b = bench();
    for (const wakeup of [{ records: 1 }, { bytes: RECORD }]) {
      using reader = b.read(() => {}, { bytesPerCpu: 4096, wakeup });
      assert.equal(reader.wait(0), false);
      await new Promise<void>((resolve) => {
        reader.start({ idle: Number.POSITIVE_INFINITY }, resolve);
        setTimeout(() => b.run(2), 5);
      });
      assert.ok(reader.counts().records > 0);
    }
  });

  test("closing inside of the handler ends the drain and empties the map", () => {
    using b = bench();
    const reader = b.read(() => reader.close());
    b.run(5);
    assert.equal(reader.drain(), 1);
    assert.equal(reader.counts().records, 1);
    assert.throws(
      () => reader.drain(),
      (error) => error instanceof BpfError && error.code === "closed",
    );
    reader.close();
    // Programs may run on: there is nothing to write to.
    b.run(1);
  });

  test("other maps and impossible sizes are refused, leaving nothing behind", () => {
    using b = bench();
    using other = createMap({ name: "a", type: 2, keySize: 4, valueSize: 4, maxEntries: 1 });
    assert.throws(() => new PerfBufferReader(other, () => {}), /not a perf event array/);
    assert.throws(() => b.read(() => {}, { bytesPerCpu: 5000 }), /cannot have 5000 bytes/);
    using small = createMap({
      name: "small",
      type: MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
      keySize: 4,
      valueSize: 4,
      maxEntries: 1,
    });
    if (onlineCpus().length > 1) assert.throws(() => new PerfBufferReader(small, () => {}), BpfError);
  });
});
