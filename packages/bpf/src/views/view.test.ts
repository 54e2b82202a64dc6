import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BtfBuilder } from "../btf/builder.js";
import { Btf } from "../btf/reader.js";
import type { BtfMember } from "../btf/types.js";
import { BpfError } from "../errors.js";
import type { ArrayView } from "./array-view.js";
import { eventView, memoryOf, StructView } from "./view.js";

/** The types every case may use, in the order in which they are added. */
function builder() {
  const b = new BtfBuilder();
  const int = (name: string, size: number, encoding?: "signed" | "bool" | "char"): number =>
    b.add({ kind: "int", name, size, ...(encoding && { encoding }) });
  const ids = {
    u8: int("unsigned char", 1),
    i8: int("signed char", 1, "signed"),
    u16: int("unsigned short", 2),
    i16: int("short", 2, "signed"),
    u32: int("unsigned int", 4),
    i32: int("int", 4, "signed"),
    u64: int("unsigned long", 8),
    i64: int("long", 8, "signed"),
    bool: int("_Bool", 1, "bool"),
    char: int("char", 1, "signed"),
    u128: int("unsigned __int128", 16),
    f32: b.add({ kind: "float", name: "float", size: 4 }),
    f64: b.add({ kind: "float", name: "double", size: 8 }),
    ptr: b.add({ kind: "ptr", type: 0 }),
  };
  return { b, ids };
}

type Scalar = Exclude<keyof ReturnType<typeof builder>["ids"], "char">;

/** What a field's bytes mean, written a second time and by other means than the views have. */
const MODEL: Readonly<Record<Scalar, [size: number, read: (view: DataView, at: number) => unknown]>> = {
  u8: [1, (v, at) => v.getUint8(at)],
  i8: [1, (v, at) => v.getInt8(at)],
  u16: [2, (v, at) => v.getUint16(at, true)],
  i16: [2, (v, at) => v.getInt16(at, true)],
  u32: [4, (v, at) => v.getUint32(at, true)],
  i32: [4, (v, at) => v.getInt32(at, true)],
  u64: [8, (v, at) => v.getBigUint64(at, true)],
  i64: [8, (v, at) => v.getBigInt64(at, true)],
  bool: [1, (v, at) => v.getUint8(at) !== 0],
  u128: [16, (v, at) => v.getBigUint64(at, true) | (v.getBigUint64(at + 8, true) << 64n)],
  f32: [4, (v, at) => v.getFloat32(at, true)],
  f64: [8, (v, at) => v.getFloat64(at, true)],
  ptr: [8, (v, at) => v.getBigUint64(at, true)],
};
const SCALARS: Scalar[] = [
  "u8",
  "i8",
  "u16",
  "i16",
  "u32",
  "i32",
  "u64",
  "i64",
  "bool",
  "u128",
  "f32",
  "f64",
  "ptr",
];

test("every field of any struct reads as a DataView says, wherever the struct stands", () => {
  const fields = fc.array(fc.tuple(fc.constantFrom(...SCALARS), fc.nat(3)), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(fields, fc.nat(20), fc.infiniteStream(fc.nat(255)), (chosen, start, stream) => {
      const { b, ids } = builder();
      let offset = 0;
      const places = chosen.map(([kind, gap], i) => {
        const at = offset + gap;
        offset = at + MODEL[kind][0];
        return { name: `f${i}`, kind, at };
      });
      const members = places.map(({ name, kind, at }) => ({ name, type: ids[kind], bitOffset: at * 8 }));
      b.add({ kind: "struct", name: "event", size: offset, members });
      const bytes = Uint8Array.from({ length: start + offset }, () => stream.next().value ?? 0);
      const memory = memoryOf(bytes);
      const view = eventView(new Btf(b.encode()), "event");
      assert.equal(view.at(memory, start), view);
      const object = view.toObject();
      for (const { name, kind, at } of places) {
        const wanted = MODEL[kind][1](memory.view, start + at);
        assert.deepEqual(view[name], wanted, `${name} ${kind}`);
        assert.deepEqual(object[name], wanted, `${name} ${kind}`);
        if (typeof wanted === "bigint" && kind !== "u128") {
          assert.equal(Reflect.get(view.$number, name), Number(wanted));
        }
      }
    }),
    { numRuns: 200 },
  );
});

test("bit fields of any width read as the bits they are", () => {
  const widths = fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.boolean(), fc.nat(9)), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(widths, fc.infiniteStream(fc.nat(255)), (chosen, stream) => {
      const { b, ids } = builder();
      let bit = 0;
      const members: BtfMember[] = chosen.map(([bitSize, signed, gap], i) => {
        const bitOffset = bit + gap;
        bit = bitOffset + bitSize;
        return { name: `b${i}`, type: signed ? ids.i64 : ids.u64, bitOffset, bitSize };
      });
      const size = Math.ceil(bit / 8);
      b.add({ kind: "struct", name: "bits", size, members });
      const bytes = Uint8Array.from({ length: size }, () => stream.next().value ?? 0);
      const whole = bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
      const view = eventView(new Btf(b.encode()), "bits").at(memoryOf(bytes), 0);
      const object = view.toObject();
      for (const [i, [bitSize, signed]] of chosen.entries()) {
        const raw = whole >> BigInt(members[i]?.bitOffset ?? 0);
        const value = signed ? BigInt.asIntN(bitSize, raw) : BigInt.asUintN(bitSize, raw);
        const wanted = bitSize > 32 ? value : Number(value);
        assert.equal(view[`b${i}`], wanted, `${bitSize} bits, ${signed}`);
        assert.equal(object[`b${i}`], wanted);
        if (bitSize > 32) assert.equal(Reflect.get(view.$number, `b${i}`), Number(value));
      }
    }),
    { numRuns: 300 },
  );
});

function nested(): Btf {
  const { b, ids } = builder();
  const array = (type: number, length: number): number =>
    b.add({ kind: "array", type, index: ids.u32, length });
  const point = b.add({
    kind: "struct",
    name: "point",
    size: 8,
    members: [
      { name: "x", type: ids.i32, bitOffset: 0 },
      { name: "at", type: ids.i32, bitOffset: 32 },
    ],
  });
  const either = b.add({
    kind: "union",
    name: "",
    size: 4,
    members: [
      { name: "word", type: ids.u32, bitOffset: 0 },
      { name: "bytes", type: array(ids.u8, 4), bitOffset: 0 },
    ],
  });
  const state = b.add({
    kind: "enum",
    name: "state",
    size: 4,
    values: [
      { name: "OFF", value: 0 },
      { name: "ON", value: 1 },
    ],
  });
  const members: BtfMember[] = [
    { name: "comm", type: array(ids.char, 8), bitOffset: 0 },
    { name: "", type: either, bitOffset: 64 },
    { name: "state", type: b.add({ kind: "typedef", name: "state_t", type: state }), bitOffset: 96 },
    { name: "points", type: array(point, 2), bitOffset: 128 },
    { name: "grid", type: array(array(ids.u16, 2), 2), bitOffset: 256 },
    { name: "here", type: b.add({ kind: "const", type: point }), bitOffset: 320 },
  ];
  b.add({ kind: "struct", name: "event", size: 48, members });
  return new Btf(b.encode());
}

function sample(): Uint8Array {
  const bytes = new Uint8Array(48);
  bytes.set(new TextEncoder().encode("nginx"));
  bytes.set([1, 2, 3, 4], 8);
  new Uint32Array(bytes.buffer).set([1, 10, 11, 20, 21], 3);
  new Uint16Array(bytes.buffer).set([5, 6, 7, 8], 16);
  new Int32Array(bytes.buffer).set([-1, -2], 10);
  return bytes;
}

test("text, unions, enums, arrays and structs in structs are read in place", () => {
  const bytes = sample();
  const view = eventView<{
    comm: string;
    word: number;
    bytes: Uint8Array;
    state: number;
    points: ArrayView<StructView & { x: number; at_: number }>;
    grid: ArrayView<ArrayView<number>>;
    here: StructView & { x: number; at_: number };
  }>(nested(), "event").at(memoryOf(bytes), 0);
  assert.equal(view.comm, "nginx");
  assert.equal(view.word, 0x04030201);
  assert.deepEqual([...view.bytes], [1, 2, 3, 4]);
  assert.equal(view.bytes.buffer, bytes.buffer);
  assert.equal(view.state, 1);
  assert.deepEqual([view.points.get(0).x, view.points.get(0).at_, view.points.get(1).x], [10, 11, 20]);
  assert.deepEqual(
    Array.from(view.grid, (row) => [...row]),
    [
      [5, 6],
      [7, 8],
    ],
  );
  assert.deepEqual([view.here.x, view.here.at_], [-1, -2]);
  assert.throws(() => view.points.get(2), /none with index 2/);
  assert.deepEqual(view.toObject(), {
    comm: "nginx",
    word: 0x04030201,
    bytes: Uint8Array.of(1, 2, 3, 4),
    state: 1,
    points: [
      { x: 10, at_: 11 },
      { x: 20, at_: 21 },
    ],
    grid: [
      [5, 6],
      [7, 8],
    ],
    here: { x: -1, at_: -2 },
  });
});

test("an object stays as it was when the memory is used again", () => {
  const bytes = sample();
  const view = eventView(nested(), "event").at(memoryOf(bytes), 0);
  const object = view.toObject();
  bytes.fill(0xff);
  assert.deepEqual(object["bytes"], Uint8Array.of(1, 2, 3, 4));
  assert.equal(view["word"], 0xffffffff);
});

test("two views of a type move by themselves", () => {
  const btf = nested();
  const memory = memoryOf(Uint8Array.from([...sample(), ...new Uint8Array(48)]));
  const [a, b] = [eventView(btf, "event").at(memory, 0), eventView(btf, "event").at(memory, 48)];
  assert.deepEqual([a["comm"], b["comm"]], ["nginx", ""]);
});

test("text is UTF-8 up to its NUL, or to its end", () => {
  const { b, ids } = builder();
  for (const length of [4, 40]) {
    const type = b.add({ kind: "array", type: ids.char, index: ids.u32, length });
    b.add({
      kind: "struct",
      name: `t${length}`,
      size: length,
      members: [{ name: "text", type, bitOffset: 0 }],
    });
  }
  const btf = new Btf(b.encode());
  const read = (length: number, text: string): unknown => {
    const bytes = new Uint8Array(length);
    bytes.set(new TextEncoder().encode(text).subarray(0, length));
    return eventView(btf, `t${length}`).at(memoryOf(bytes), 0)["text"];
  };
  for (const text of ["", "abcd", "é", "日"]) assert.equal(read(4, text), text);
  for (const text of ["x".repeat(40), "y".repeat(33), "ö".repeat(20), "short"])
    assert.equal(read(40, text), text);
});

test("what is no struct is a view with a value", () => {
  const { b, ids } = builder();
  const btf = new Btf(b.encode());
  assert.equal(eventView(btf, ids.u16).at(memoryOf(Uint8Array.of(1, 2)), 0)["value"], 513);
});

test("a record too short, a type that is not there and broken types are refused", () => {
  const view = eventView(nested(), "event");
  assert.throws(
    () => view.at(memoryOf(new Uint8Array(40)), 0, 40),
    (error) => error instanceof BpfError && /40 bytes are too short for "event" of 48/.test(error.message),
  );
  assert.throws(
    () => eventView(nested(), "nothing"),
    (error) => error instanceof BpfError && error.code === "not-found",
  );
  const { b, ids } = builder();
  b.add({ kind: "struct", name: "s", size: 2, members: [{ name: "x", type: ids.u32, bitOffset: 0 }] });
  const self = b.reserve();
  b.define(self, {
    kind: "struct",
    name: "self",
    size: 8,
    members: [{ name: "self", type: self, bitOffset: 0 }],
  });
  const proto = b.add({ kind: "func_proto", type: 0, parameters: [] });
  const broken = new Btf(b.encode());
  for (const type of ["s", self, proto, 999]) {
    assert.throws(
      () => eventView(broken, type),
      (error) => error instanceof BpfError && error.code === "bad-btf",
      String(type),
    );
  }
});

test("types that nest without end in breadth are refused or made when asked for, in bounded time", () => {
  const { b, ids } = builder();
  let type = ids.u32;
  for (let depth = 0; depth < 60; depth++) {
    const size = 4 * (depth + 1);
    const members = [
      { name: "a", type, bitOffset: 0 },
      { name: "b", type, bitOffset: 0 },
    ];
    type = b.add({ kind: "struct", name: `deep${depth}`, size, members });
  }
  let flat = ids.u32;
  for (let depth = 0; depth < 40; depth++) {
    const members = [
      { name: depth === 0 ? "x" : "", type: flat, bitOffset: 0 },
      { name: depth === 0 ? "y" : "", type: flat, bitOffset: 0 },
    ];
    flat = b.add({ kind: "struct", name: "", size: 4, members });
  }
  b.add({ kind: "struct", name: "flat", size: 4, members: [{ name: "", type: flat, bitOffset: 0 }] });
  const btf = new Btf(b.encode());
  const view = eventView(btf, "deep59").at(memoryOf(new Uint8Array(240)), 0);
  assert.ok(view["a"] instanceof StructView);
  assert.throws(() => view.toObject(), BpfError);
  assert.throws(() => eventView(btf, "flat"), BpfError);
});
