import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TelemetryError } from "../errors.js";
import { WireReader } from "./reader.js";
import { WireWriter } from "./writer.js";

function reading(...bytes: number[]): WireReader {
  return new WireReader(Uint8Array.from(bytes));
}

function refuses(act: () => unknown, offset: number, why: RegExp): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof TelemetryError);
    assert.equal(error.code, "malformed-protobuf");
    assert.equal(error.offset, offset);
    assert.match(error.message, why);
    return true;
  });
}

test("varints of every size come back as they were written", () => {
  const half = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(half, half, (lo, hi) => {
      const writer = new WireWriter(16);
      writer.varint64(lo, hi);
      writer.uint32(lo);
      const reader = new WireReader(writer.finish());
      reader.varint64();
      assert.deepEqual([reader.lo, reader.hi], [lo, hi]);
      assert.equal(reader.uint32(), lo);
      assert.equal(reader.pos, reader.end);
    }),
  );
});

test("a padded varint is a varint: lengths may be filled in later", () => {
  assert.equal(reading(0x81, 0x80, 0x80, 0x00).uint32(), 1);
});

test("varints that are cut off, longer than 10 bytes or wider than 64 bits are refused", () => {
  refuses(() => reading(0x80).varint64(), 0, /cut off/);
  refuses(() => reading(...new Array<number>(11).fill(0x80)).varint64(), 0, /more than 10 bytes or 64 bits/);
  refuses(
    () => reading(...new Array<number>(9).fill(0xff), 0x02).varint64(),
    0,
    /more than 10 bytes or 64 bits/,
  );
  const widest = reading(...new Array<number>(9).fill(0xff), 0x01);
  widest.varint64();
  assert.deepEqual([widest.lo, widest.hi], [0xffffffff, 0xffffffff]);
});

test("lengths beyond the end of the message are refused, those beyond 32 bits too", () => {
  refuses(() => reading(0x05, 1, 2, 3, 4).length(), 0, /beyond/);
  refuses(() => reading(0x80, 0x80, 0x80, 0x80, 0x10, 0, 0).length(), 0, /beyond/);
});

test("groups, field number 0 and unknown wire types are refused", () => {
  refuses(() => reading((1 << 3) | 3).next(), 0, /group/);
  refuses(() => reading((1 << 3) | 4).next(), 0, /group/);
  refuses(() => reading(0x00).next(), 0, /field number/);
  refuses(() => reading((1 << 3) | 7).next(), 0, /wire type 7/);
  refuses(() => reading(0xff, 0xff, 0xff, 0xff, 0x7f).next(), 0, /field number/);
});

test("skip passes over each wire type and stops at its end", () => {
  const writer = new WireWriter(16);
  writer.tag(1, 0);
  writer.varint64(1, 1);
  writer.tag(2, 1);
  writer.fixed64(1, 2);
  writer.tag(3, 2);
  writer.string("abc".repeat(100));
  writer.tag(4, 5);
  writer.fixed32(9);
  const reader = new WireReader(writer.finish());
  const fields: number[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    fields.push(field);
    reader.skip();
  }
  assert.deepEqual(fields, [1, 2, 3, 4]);
});

test("a nested message hides what comes after it, and nesting has an end", () => {
  const reader = reading(2, 7, 7, 9);
  const outer = reader.enter();
  assert.equal(reader.end, 3);
  refuses(() => reader.fixed32(), 1, /4 bytes are needed, 2 are left/);
  reader.pos = reader.end;
  reader.leave(outer);
  assert.equal(reader.uint32(), 9);

  const deep = new Uint8Array(400);
  const nested = new WireReader(deep);
  deep.fill(0x7f);
  deep.set(Uint8Array.from({ length: 101 }, (_, i) => 120 - i));
  assert.throws(
    () => {
      for (let i = 0; i < 101; i++) nested.enter();
    },
    (error: unknown) => error instanceof TelemetryError && error.code === "nested-too-deep",
  );
});

test("a range outside of the bytes is a bug of the caller", () => {
  assert.throws(() => new WireReader(new Uint8Array(4), 0, 5), RangeError);
  assert.throws(() => new WireReader(new Uint8Array(4), 3, 2), RangeError);
});
