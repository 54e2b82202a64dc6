import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { decompress, type Encoding } from "./body.js";

const limits = { bodyBytes: 4 << 20, inflightBytes: 16 << 20 };
const unpack = async (bytes: Buffer, encoding: Encoding) => {
  const body = await decompress(
    { bytes, wireBytes: bytes.length, release: () => undefined },
    encoding,
    limits,
  );
  return body.bytes;
};

test("contents of every size come out whole, around the sizes of zlib's buffers too", async () => {
  const content = Buffer.alloc(3 << 20, "all is well; ");
  for (const size of [
    0,
    1,
    16_320,
    16_384,
    16_385,
    524_288,
    1_048_512,
    1_048_576,
    1_048_577,
    content.length,
  ]) {
    const part = content.subarray(0, size);
    assert.ok(part.equals(await unpack(gzipSync(part), "gzip")), `gzip ${size}`);
    assert.ok(part.equals(await unpack(deflateSync(part), "deflate")), `deflate ${size}`);
  }
});

test("what gzip says of its length decides nothing but the buffer", async () => {
  const content = Buffer.alloc(200_000, "abc");
  // A second member's length stands at the end, and says nothing of the first.
  const two = Buffer.concat([gzipSync(content), gzipSync(Buffer.from("end"))]);
  assert.ok(Buffer.concat([content, Buffer.from("end")]).equals(await unpack(two, "gzip")));
  for (const length of [0, 1, 0xffff_ffff]) {
    const lying = gzipSync(content);
    lying.writeUInt32LE(length, lying.length - 4);
    await assert.rejects(unpack(lying, "gzip"), { code: "bad-encoding" });
  }
  for (const bytes of [Buffer.alloc(0), Buffer.of(0x1f), Buffer.from([0x1f, 0x8b, 8])])
    await assert.rejects(unpack(bytes, "gzip"), { code: "bad-encoding" });
});

test("more than the limit is refused as too large, however it lies", async () => {
  const bomb = gzipSync(Buffer.alloc(limits.bodyBytes * 2));
  await assert.rejects(unpack(bomb, "gzip"), { code: "too-large" });
  bomb.writeUInt32LE(1, bomb.length - 4);
  await assert.rejects(unpack(bomb, "gzip"), { code: "too-large" });
});
