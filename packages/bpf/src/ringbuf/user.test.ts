import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit, jumpIfImm } from "../asm/flow.js";
import { R0, R1, R2, R3, R4, R5, R10, withLabel } from "../asm/instruction.js";
import { atomic, load, loadFunction, loadMapFd, loadMapValue, storeImm } from "../asm/memory.js";
import { BtfBuilder } from "../btf/builder.js";
import { BtfLinkage } from "../btf/kinds.js";
import { loadBtf } from "../btf/load.js";
import { BpfError } from "../errors.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { createMap, u32Bytes } from "../maps/map.js";
import { loadProgram } from "../program/load.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { UserRingBuffer } from "./user.js";

/** bench makes a program that adds the first 8 bytes of each record to sums[0] and 1 to sums[1]. */
function bench(bytes = 4096) {
  const ring = createMap({
    name: "commands",
    type: MapType.BPF_MAP_TYPE_USER_RINGBUF,
    keySize: 0,
    valueSize: 0,
    maxEntries: bytes,
  });
  const sums = createMap({
    name: "sums",
    type: MapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 16,
    maxEntries: 1,
  });
  const types = new BtfBuilder();
  const int = types.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
  const pointer = types.add({ kind: "ptr", type: 0 });
  const one = { name: "ctx", type: pointer };
  const main = types.add({ kind: "func_proto", type: int, parameters: [one] });
  const callback = types.add({
    kind: "func_proto",
    type: int,
    parameters: [{ name: "dynptr", type: pointer }, one],
  });
  const mainFunction = types.add({ kind: "func", name: "take", type: main, linkage: BtfLinkage.GLOBAL });
  const callbackFunction = types.add({
    kind: "func",
    name: "each",
    type: callback,
    linkage: BtfLinkage.STATIC,
  });
  using btf = loadBtf(types.encode());
  const program = loadProgram({
    name: "take",
    type: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER,
    license: "GPL",
    btfFd: btf.number,
    functionInfo: new Uint8Array(Uint32Array.of(0, mainFunction, 9, callbackFunction).buffer),
    instructions: [
      loadMapFd(R1, ring.fd), // slots 0 and 1
      loadFunction(R2, 6), // 2 and 3; slot 9 from the next instruction
      movImm(R3, 0), // 4
      movImm(R4, 0), // 5
      callHelper(HelperFunction.user_ringbuf_drain), // 6
      movImm(R5, 0), // 7
      exit(), // 8
      movReg(R3, R1), // 9
      storeImm(8, R10, -8, 0),
      movReg(R1, R10),
      aluImm("add", R1, -8),
      movImm(R2, 8),
      movImm(R4, 0),
      movImm(R5, 0),
      callHelper(HelperFunction.dynptr_read),
      jumpIfImm("ne", R0, 0, "out"),
      load(8, R2, R10, -8),
      loadMapValue(R1, sums.fd, 0),
      atomic("add", 8, R1, 0, R2),
      movImm(R2, 1),
      atomic("add", 8, R1, 8, R2),
      withLabel("out", movImm(R0, 0)),
      exit(),
    ],
  });
  return {
    ring,
    /** run lets the program take what is there and gives how many records it says it took. */
    run: () => program.testRun({ data: new Uint8Array(64) }).result,
    totals() {
      const value = sums.lookup(u32Bytes(0)) ?? new Uint8Array(16);
      const view = new DataView(value.buffer);
      return [Number(view.getBigUint64(0, true)), Number(view.getBigUint64(8, true))];
    },
    [Symbol.dispose]() {
      program.close();
      sums.close();
      ring.close();
    },
  };
}

const skip = skipWithoutBpf() || (kernelIsAtLeast(6, 1) ? false : "user ring buffers are from Linux 6.1 on");

describe("user ring buffers", { skip }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  test("the program takes what was submitted, in order, without what was discarded", () => {
    using b = bench();
    using ring = new UserRingBuffer(b.ring);
    const payload = new Uint8Array(20);
    let sum = 0;
    // 32 bytes a record with its header: wraps at the end of 4096 bytes, and 20 is no multiple of 8.
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 25; i++) {
        const number = round * 25 + i;
        new DataView(payload.buffer).setUint32(0, number, true);
        assert.equal(ring.write(payload), true);
        sum += number;
      }
      const place = ring.reserve(20);
      ring.memory.view.setUint32(place, 1e6, true);
      ring.discard(place);
      b.run();
      assert.equal(ring.free(), 4096);
    }
    assert.deepEqual(b.totals(), [sum, 1000]);
  });

  test("a record that is not finished holds up those behind it", () => {
    using b = bench();
    using ring = new UserRingBuffer(b.ring);
    const first = ring.reserve(8);
    const second = ring.reserve(8);
    ring.memory.view.setUint32(second, 2, true);
    ring.submit(second);
    b.run();
    assert.deepEqual(b.totals(), [0, 0]);
    ring.memory.view.setUint32(first, 1, true);
    ring.submit(first);
    b.run();
    assert.deepEqual(b.totals(), [3, 2]);
    assert.throws(() => ring.submit(first), /not reserved/);
  });

  test("a full buffer says so until the program has drained", () => {
    using b = bench();
    using ring = new UserRingBuffer(b.ring);
    let written = 0;
    while (ring.write(new Uint8Array(56))) written++;
    assert.equal(written, 64);
    assert.equal(ring.reserve(0), -1);
    b.run();
    assert.deepEqual(b.totals(), [0, 64]);
    assert.equal(ring.write(new Uint8Array(4088)), true);
    assert.throws(() => ring.reserve(4089), /can never fit/);
  });

  test("other maps are refused, and use after close", () => {
    using b = bench();
    using other = createMap({ name: "a", type: 2, keySize: 4, valueSize: 4, maxEntries: 1 });
    assert.throws(() => new UserRingBuffer(other), /not a user ring buffer/);
    const ring = new UserRingBuffer(b.ring);
    ring.close();
    ring.close();
    assert.throws(
      () => ring.write(new Uint8Array(8)),
      (error) => error instanceof BpfError && error.code === "closed",
    );
  });
});
