import assert from "node:assert/strict";
import { test } from "node:test";
import { WireWriter } from "./writer.js";

test("nested messages get the shortest length, also when their content has to move", () => {
  for (const size of [0, 1, 127, 128, 16383, 16384, 70000]) {
    const writer = new WireWriter(16);
    const outer = writer.begin(1);
    const inner = writer.begin(2);
    writer.raw(new Uint8Array(size).fill(0x61));
    writer.end(inner);
    writer.end(outer);
    const expected = new WireWriter();
    const content = new WireWriter();
    content.tag(2, 2);
    content.bytes(new Uint8Array(size).fill(0x61));
    expected.tag(1, 2);
    expected.bytes(content.finish());
    assert.deepEqual(writer.finish(), expected.finish(), `${size} bytes`);
  }
});

test("negative int32 values take ten bytes, as protobuf has it", () => {
  const writer = new WireWriter();
  writer.int32(-1);
  assert.equal(Buffer.from(writer.finish()).toString("hex"), "ffffffffffffffffff01");
});

test("finish gives a copy: a reset writer does not change what was given out", () => {
  const writer = new WireWriter();
  writer.string("first");
  const first = writer.finish();
  writer.reset();
  writer.string("other");
  assert.equal(Buffer.from(first).toString("latin1"), "\x05first");
});
