import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit, jumpIfImm } from "../asm/flow.js";
import { R0, R1, R2, R10, withLabel } from "../asm/instruction.js";
import { atomic, loadMapFd, storeReg } from "../asm/memory.js";
import { BtfBuilder } from "../btf/builder.js";
import { loadBtf } from "../btf/load.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { loadProgram } from "../program/load.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { MapFlag, UpdateFlag } from "../uapi/flags.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType, type MapTypeId } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { ArrayMemory } from "./array-memory.js";
import { CpuCounters, cpuCountersSpec } from "./cpu-counters.js";
import { possibleCpus } from "./cpus.js";
import { createMap, u32Bytes, u64Bytes } from "./map.js";
import { createInnerMap, innerMapOf, putInnerMap } from "./nested.js";
import { fillCpus, lookupCpu, updateCpu, valueOfCpu, valuesOfCpus } from "./per-cpu.js";
import { addToBloom, bloomMayHave, peekElement, popElement, pushElement } from "./queue.js";
import type { MapSpec } from "./spec.js";

function spec(type: MapTypeId, more: Partial<MapSpec> = {}): MapSpec {
  return { name: "go3s_kind", type, keySize: 4, valueSize: 8, maxEntries: 4, ...more };
}

describe("kinds of maps", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), held));

  test("a queue gives the oldest first, a stack the newest, and a full one says so", () => {
    using queue = createMap(spec(MapType.BPF_MAP_TYPE_QUEUE, { keySize: 0, maxEntries: 2 }));
    using stack = createMap(spec(MapType.BPF_MAP_TYPE_STACK, { keySize: 0, maxEntries: 2 }));
    for (const map of [queue, stack]) for (const n of [1n, 2n]) pushElement(map, u64Bytes(n));
    assert.deepEqual(peekElement(queue), u64Bytes(1n));
    assert.deepEqual(popElement(queue), u64Bytes(1n));
    assert.deepEqual(popElement(stack), u64Bytes(2n));
    pushElement(queue, u64Bytes(3n));
    assert.throws(() => pushElement(queue, u64Bytes(4n)), refused("map-full", /holds 2 elements/));
    pushElement(queue, u64Bytes(4n), true);
    assert.deepEqual([popElement(queue), popElement(queue)], [u64Bytes(3n), u64Bytes(4n)]);
    assert.equal(popElement(queue), undefined);
    assert.throws(() => bloomMayHave(queue, u64Bytes(1n)), refused("bad-argument", /is no bloom filter/));
    assert.throws(() => [...queue.entries()], refused("bad-argument", /popElement/));
  });

  test("a bloom filter has what was added", () => {
    const more = { keySize: 0, maxEntries: 100, extra: 3 };
    using map = createMap(spec(MapType.BPF_MAP_TYPE_BLOOM_FILTER, more));
    addToBloom(map, u64Bytes(7n));
    assert.equal(bloomMayHave(map, u64Bytes(7n)), true);
    const others = Array.from({ length: 50 }, (_, i) => bloomMayHave(map, u64Bytes(BigInt(i) + 100n)));
    assert.ok(others.includes(false));
    assert.throws(() => map.delete(new Uint8Array(0)), refused("bad-argument", /forgets nothing/));
    assert.throws(() => popElement(map), refused("bad-argument", /no queue or stack/));
  });

  test("a trie finds the longest prefix", () => {
    using map = createMap(
      spec(MapType.BPF_MAP_TYPE_LPM_TRIE, { keySize: 8, flags: MapFlag.BPF_F_NO_PREALLOC }),
    );
    const key = (bits: number, ...address: number[]): Uint8Array => Uint8Array.of(bits, 0, 0, 0, ...address);
    map.update(key(8, 10, 0, 0, 0), u64Bytes(8n));
    map.update(key(16, 10, 1, 0, 0), u64Bytes(16n));
    assert.deepEqual(map.lookup(key(32, 10, 1, 2, 3)), u64Bytes(16n));
    assert.deepEqual(map.lookup(key(32, 10, 9, 2, 3)), u64Bytes(8n));
    assert.equal(map.lookup(key(32, 11, 9, 2, 3)), undefined);
    assert.equal([...map.entries()].length, 2);
  });

  test("a processor's value is read alone, and all are filled with one", () => {
    using map = createMap(spec(MapType.BPF_MAP_TYPE_PERCPU_HASH, { valueSize: 4 }));
    fillCpus(map, u32Bytes(1), u32Bytes(9));
    const whole = map.lookup(u32Bytes(1)) ?? new Uint8Array(0);
    assert.deepEqual(
      valuesOfCpus(map, whole),
      Array.from({ length: possibleCpus() }, () => u32Bytes(9)),
    );
    const last = possibleCpus() - 1;
    valueOfCpu(map, whole, last)[0] = 5;
    map.update(u32Bytes(1), whole);
    assert.deepEqual(lookupCpu(map, u32Bytes(1), last), u32Bytes(5));
    assert.equal(lookupCpu(map, u32Bytes(2), 0), undefined);
    assert.throws(
      () => lookupCpu(map, u32Bytes(1), last + 1),
      refused("bad-argument", /there is no processor/),
    );
    if (kernelIsAtLeast(7, 0)) {
      updateCpu(map, u32Bytes(1), 0, u32Bytes(6));
      assert.deepEqual(lookupCpu(map, u32Bytes(1), 0), u32Bytes(6));
    } else {
      assert.throws(
        () => updateCpu(map, u32Bytes(1), 0, u32Bytes(6)),
        refused("not-supported", /needs Linux 7\.0/),
      );
    }
  });

  for (const type of [MapType.BPF_MAP_TYPE_ARRAY_OF_MAPS, MapType.BPF_MAP_TYPE_HASH_OF_MAPS] as const) {
    test(`maps in a map of type ${type} are put, opened and taken out`, () => {
      const inner = spec(MapType.BPF_MAP_TYPE_HASH);
      using outer = createMap(spec(type, { valueSize: 4, inner }));
      {
        using made = createInnerMap(outer, "made");
        made.update(u32Bytes(5), u64Bytes(55n));
        putInnerMap(outer, u32Bytes(2), made);
      }
      {
        using found = innerMapOf(outer, u32Bytes(2));
        assert.deepEqual(found?.lookup(u32Bytes(5)), u64Bytes(55n));
        assert.equal(found?.spec.name, "made");
      }
      assert.equal(innerMapOf(outer, u32Bytes(1)), undefined);
      assert.equal(outer.delete(u32Bytes(2)), true);
      assert.equal(innerMapOf(outer, u32Bytes(2)), undefined);
      using other = createMap({ ...inner, keySize: 8 });
      assert.throws(
        () => putInnerMap(outer, u32Bytes(1), other),
        refused("bad-argument", /made like `inner`/),
      );
      assert.throws(() => innerMapOf(other, u64Bytes(1n)), refused("bad-argument", /no map of maps/));
    });
  }

  test("an array's memory is read and written in place", () => {
    using map = createMap(spec(MapType.BPF_MAP_TYPE_ARRAY, { valueSize: 12, flags: MapFlag.BPF_F_MMAPABLE }));
    using memory = new ArrayMemory(map, true);
    assert.equal(memory.stride, 16);
    map.update(u32Bytes(3), new Uint8Array(12).fill(7));
    assert.deepEqual(memory.at(3), new Uint8Array(12).fill(7));
    memory.view.setUint32(memory.offsetOf(1), 99, true);
    assert.equal(map.lookup(u32Bytes(1))?.[0], 99);
    assert.throws(() => memory.at(4), refused("bad-argument", /none with index 4/));
    using plain = createMap(spec(MapType.BPF_MAP_TYPE_ARRAY));
    assert.throws(() => new ArrayMemory(plain), refused("bad-argument", /BPF_F_MMAPABLE/));
    using perCpu = createMap(spec(MapType.BPF_MAP_TYPE_PERCPU_ARRAY));
    assert.throws(() => perCpu.mapMemory(false), refused("bad-argument", /cpuCountersSpec/));
    assert.throws(() => new ArrayMemory(perCpu), refused("bad-argument", /cpuCountersSpec/));
  });

  test("counters of each processor are read without a system call", () => {
    using map = createMap(cpuCountersSpec("counted", 2));
    using program = loadProgram({
      name: "count",
      type: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER,
      license: "GPL",
      instructions: [
        callHelper(HelperFunction.get_smp_processor_id),
        storeReg(4, R10, -4, R0),
        movReg(R2, R10),
        aluImm("add", R2, -4),
        loadMapFd(R1, map.fd),
        callHelper(HelperFunction.map_lookup_elem),
        jumpIfImm("eq", R0, 0, "out"),
        movImm(R1, 3),
        atomic("add", 8, R0, 8, R1),
        withLabel("out", movImm(R0, 0)),
        exit(),
      ],
    });
    using counters = new CpuCounters(map);
    program.testRun({ data: new Uint8Array(64), repeat: 1000 });
    assert.equal(counters.sum(1), 3000);
    assert.equal(counters.sum(0), 0);
    const byCpu = Array.from({ length: possibleCpus() }, (_, cpu) => counters.ofCpu(cpu, 1));
    assert.equal(
      byCpu.reduce((a, b) => a + b, 0n),
      3000n,
    );
    assert.throws(() => counters.sum(99), refused("bad-argument", /no counter 99/));
  });

  test("an arena's pages are there when they are touched", () => {
    const shape = { keySize: 0, valueSize: 0, maxEntries: 4, flags: MapFlag.BPF_F_MMAPABLE };
    using map = createMap(spec(MapType.BPF_MAP_TYPE_ARENA, shape));
    using memory = map.mapMemory(true);
    const words = new Uint32Array(memory.buffer);
    words[1024] = 5;
    assert.equal(words[1024], 5);
    assert.throws(() => map.lookup(new Uint8Array(0)), refused("bad-argument", /map its memory/));
  });

  test("a walk meets each element once, though they are deleted while it goes on", () => {
    for (const flags of [0, MapFlag.BPF_F_NO_PREALLOC]) {
      using map = createMap(spec(MapType.BPF_MAP_TYPE_HASH, { maxEntries: 5000, flags }));
      for (let i = 0; i < 5000; i++) map.update(u32Bytes(i), u64Bytes(BigInt(i)));
      const seen = new Set<number>();
      let count = 0;
      for (const { key } of map.entries()) {
        const number = new DataView(key.buffer).getUint32(0, true);
        seen.add(number);
        count++;
        // Even ones stay; the odd ones go from under the walk, the one at hand among them.
        if (count % 50 === 0) for (let i = 1; i < 5000; i += 2) map.delete(u32Bytes(i));
      }
      assert.equal(count, seen.size);
      for (let i = 0; i < 5000; i += 2) assert.ok(seen.has(i), `${i} was missed`);
    }
  });

  test("the walk by keys of types without batches meets each once too", () => {
    using map = createMap(spec(MapType.BPF_MAP_TYPE_CPUMAP, { valueSize: 4, maxEntries: possibleCpus() }));
    map.update(u32Bytes(0), u32Bytes(64));
    assert.deepEqual([...map.entries()], [{ key: u32Bytes(0), value: u32Bytes(64) }]);
  });

  test("a value's spin lock is taken where there is one, and told to be missing where not", () => {
    const types = new BtfBuilder();
    const int = types.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
    const lock = types.add({
      kind: "struct",
      name: "bpf_spin_lock",
      size: 4,
      members: [{ name: "val", type: int, bitOffset: 0 }],
    });
    const members = [
      { name: "lock", type: lock, bitOffset: 0 },
      { name: "n", type: int, bitOffset: 32 },
    ];
    const value = types.add({ kind: "struct", name: "locked", size: 8, members });
    using btf = loadBtf(types.encode());
    using map = createMap(spec(MapType.BPF_MAP_TYPE_HASH, { keyType: int, valueType: value }), {
      btfFd: btf.number,
    });
    map.update(u32Bytes(1), u64Bytes(7n << 32n));
    map.update(u32Bytes(1), u64Bytes(8n << 32n), UpdateFlag.BPF_F_LOCK | UpdateFlag.BPF_EXIST);
    assert.deepEqual(map.lookup(u32Bytes(1), UpdateFlag.BPF_F_LOCK), u64Bytes(8n << 32n));
    using plain = createMap(spec(MapType.BPF_MAP_TYPE_HASH));
    assert.throws(
      () => plain.update(u32Bytes(1), u64Bytes(1n), UpdateFlag.BPF_F_LOCK),
      refused("bad-argument", /bpf_spin_lock/),
    );
  });

  test("an index beyond an array's end is told with its length", () => {
    using map = createMap(spec(MapType.BPF_MAP_TYPE_ARRAY));
    assert.throws(
      () => map.update(u32Bytes(4), u64Bytes(1n)),
      refused("bad-argument", /index 4 .* 4 elements/),
    );
    assert.throws(() => map.delete(u32Bytes(0)), refused("bad-argument", /always exist: write zeros/));
  });
});
