import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { BtfBuilder } from "../btf/builder.js";
import { loadBtf } from "../btf/load.js";
import { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { possibleCpus } from "../maps/cpus.js";
import { createMap } from "../maps/map.js";
import { mapOfDescriptor, openMapById } from "../maps/open.js";
import type { MapSpec } from "../maps/spec.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { MapType } from "../uapi/map-types.js";
import { layoutOf } from "./layout.js";
import { mapBtf } from "./map-btf.js";
import type { Plain } from "./plain.js";
import { plainReader } from "./plain.js";
import { writePlain } from "./plain-writer.js";
import { typedMap } from "./typed-map.js";

const b = new BtfBuilder();
const u32 = b.add({ kind: "int", name: "unsigned int", size: 4 });
const u64 = b.add({ kind: "int", name: "unsigned long", size: 8 });
const i16 = b.add({ kind: "int", name: "short", size: 2, encoding: "signed" });
const char = b.add({ kind: "int", name: "char", size: 1, encoding: "signed" });
const bool = b.add({ kind: "int", name: "_Bool", size: 1, encoding: "bool" });
const double = b.add({ kind: "float", name: "double", size: 8 });
const comm = b.add({ kind: "array", type: char, index: u32, length: 8 });
const shorts = b.add({ kind: "array", type: i16, index: u32, length: 3 });
const state = b.add({
  kind: "enum",
  name: "state",
  size: 4,
  values: [
    { name: "OFF", value: 0 },
    { name: "ON", value: 1 },
  ],
});
const key = b.add({
  kind: "struct",
  name: "flow",
  size: 8,
  members: [
    { name: "pid", type: u32, bitOffset: 0 },
    { name: "low", type: u32, bitOffset: 32, bitSize: 5 },
    { name: "high", type: u32, bitOffset: 37, bitSize: 27 },
  ],
});
const value = b.add({
  kind: "struct",
  name: "stat",
  size: 40,
  members: [
    { name: "count", type: u64, bitOffset: 0 },
    { name: "comm", type: comm, bitOffset: 64 },
    { name: "shorts", type: shorts, bitOffset: 128 },
    { name: "ok", type: bool, bitOffset: 176 },
    { name: "ratio", type: double, bitOffset: 192 },
    { name: "state", type: state, bitOffset: 256 },
  ],
});
const bytes = b.encode();
const btf = new Btf(bytes);

const sample = { count: 2n ** 63n, comm: "nginx", shorts: [-1, 2, 3], ok: true, ratio: 0.5, state: 1 };

function refused(text: RegExp) {
  return (error: unknown): boolean =>
    error instanceof BpfError &&
    error.code === "bad-argument" &&
    text.test(`${error.message} ${error.hint ?? ""}`);
}

test("what is written reads back, for any values", () => {
  const values = fc.record({
    count: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    comm: fc.string({ maxLength: 8, unit: fc.constantFrom(..."abcXYZ0_-/") }),
    shorts: fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: 3, maxLength: 3 }),
    ok: fc.boolean(),
    ratio: fc.double({ noNaN: true }),
    state: fc.nat(2 ** 32 - 1),
  });
  const layout = layoutOf(btf, value);
  const read = plainReader(layout);
  const room = new Uint8Array(40);
  fc.assert(
    fc.property(values, (one) => {
      writePlain(layout, room, one);
      assert.deepEqual(read(new DataView(room.buffer), 0), { ...one });
    }),
  );
  const bits = fc.record({ pid: fc.nat(), low: fc.nat(31), high: fc.nat(2 ** 27 - 1) });
  const keyLayout = layoutOf(btf, key);
  fc.assert(
    fc.property(bits, (one) => {
      writePlain(keyLayout, room.subarray(0, 8), one);
      assert.deepEqual(plainReader(keyLayout)(new DataView(room.buffer), 0), { ...one });
    }),
  );
});

test("values that the type does not take are refused with the member's name", () => {
  const layout = layoutOf(btf, value);
  const room = new Uint8Array(40);
  const cases: [Plain, RegExp][] = [
    [{ count: -1 }, /value\.count: -1 does not fit \(0 to 18446744073709551615\)/],
    [{ count: 1.5 }, /value\.count: number 1\.5 is no integer/],
    [{ shorts: [1, 70_000] }, /value\.shorts\[1\]: 70000 does not fit/],
    [{ shorts: [1, 2, 3, 4] }, /4 elements do not fit into 3/],
    [{ comm: "much too long" }, /13 bytes do not fit into 8/],
    [{ state: "BROKEN" }, /enum state has no value "BROKEN" it has OFF, ON/],
    [{ cuont: 1n }, /value\.cuont: struct stat has no such member it has count, comm/],
    [{ ok: 1 }, /no truth value/],
    [7, /number 7 is no struct stat/],
    [new Uint8Array(3), /3 bytes were given, it has 40/],
  ];
  for (const [given, text] of cases) assert.throws(() => writePlain(layout, room, given), refused(text));
  writePlain(layout, room, { state: "ON" });
  assert.equal(room[32], 1);
});

describe("typed maps", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), held));
  const spec: MapSpec = {
    name: "typed",
    type: MapType.BPF_MAP_TYPE_HASH,
    keySize: 8,
    valueSize: 40,
    maxEntries: 100,
    keyType: key,
    valueType: value,
  };
  type Key = { pid: number; low: number; high: number };

  test("elements are set, read, walked, taken and deleted as values", () => {
    using types = loadBtf(bytes);
    using map = createMap(spec, { btfFd: types.number });
    const typed = typedMap<Key, typeof sample>(map, btf);
    const at = (pid: number): Key => ({ pid, low: 3, high: 1000 });
    typed.set(at(1), sample);
    typed.set(at(2), { ...sample, comm: "node" });
    assert.deepEqual(typed.get(at(1)), sample);
    assert.equal(typed.get(at(9)), undefined);
    assert.equal(typed.has(at(2)), true);
    assert.deepEqual([...typed].map(([one]) => one.pid).sort(), [1, 2]);
    const found = typed.valueView<typeof sample>();
    assert.equal(typed.find(at(2), found), true);
    assert.equal(found.comm, "node");
    assert.equal(found.$number.count, 2 ** 63);
    assert.equal(typed.find(at(9), found), false);
    const met = new Map<number, string>();
    const keys = typed.keyView<Key>();
    typed.each(keys, found, () => met.set(keys.pid, found.comm));
    assert.deepEqual([...met].sort(), [
      [1, "nginx"],
      [2, "node"],
    ]);
    assert.deepEqual(typed.take(at(1)), sample);
    assert.equal(typed.delete(at(2)), true);
    assert.equal(typed.delete(at(2)), false);
  });

  test("a map opened by its id tells its own types", () => {
    using types = loadBtf(bytes);
    using map = createMap(spec, { btfFd: types.number });
    typedMap<Key, typeof sample>(map, btf).set({ pid: 5, low: 0, high: 0 }, sample);
    using again = openMapById(map.info().id);
    const own = mapBtf(again);
    assert.ok(own !== undefined);
    assert.deepEqual(typedMap<Key, typeof sample>(again, own).get({ pid: 5, low: 0, high: 0 }), sample);
    using plain = createMap({ ...spec, keyType: 0, valueType: 0 });
    assert.equal(mapBtf(plain), undefined);
    assert.deepEqual(typedMap(plain, btf).keyLayout, { kind: "bytes", size: 8 });
    assert.equal(mapOfDescriptor.length, 1);
  });

  test("per-CPU values are arrays, and queues have no key", () => {
    const shape = { keySize: 4, valueSize: 4, maxEntries: 4, keyType: u32, valueType: u32 };
    using map = createMap({ name: "counts", type: MapType.BPF_MAP_TYPE_PERCPU_ARRAY, ...shape });
    const typed = typedMap<number, number[]>(map, btf);
    const values = Array.from({ length: possibleCpus() }, (_, cpu) => cpu + 10);
    typed.set(2, values);
    assert.deepEqual(typed.get(2), values);
    assert.throws(() => typed.set(2, [1, 2, 3, 4, 5, 6, 7]), refused(/one value for each possible/));
    const one = typed.valueView<{ value: number }>();
    typed.find(2, one, possibleCpus() - 1);
    assert.equal(one.value, possibleCpus() + 9);
    const keys = typed.keyView<{ value: number }>();
    let sum = 0;
    typed.each(keys, one, () => {
      if (keys.value === 2) sum += one.value;
    });
    assert.equal(
      sum,
      values.reduce((x, y) => x + y, 0),
    );
    using queue = createMap({
      name: "queue",
      type: MapType.BPF_MAP_TYPE_QUEUE,
      keySize: 0,
      valueSize: 8,
      maxEntries: 2,
    });
    const typedQueue = typedMap<undefined, bigint>(queue, btf, { value: u64 });
    typedQueue.set(undefined, 7n);
    assert.equal(typedQueue.take(undefined), 7n);
    assert.throws(() => typedMap(map, btf, { value: "stat" }), refused(/has 4 bytes, the type 40/));
  });
});
