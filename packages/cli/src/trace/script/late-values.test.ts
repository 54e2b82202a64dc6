import assert from "node:assert/strict";
import { test } from "node:test";
import { addressText, bufferText, lateValue } from "./late-values.js";

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));

test("addresses are written as inet_ntop does", () => {
  assert.equal(addressText(2, bytes("7f 00 00 01")), "127.0.0.1");
  const cases = [
    ["00000000000000000000000000000001", "::1"],
    ["00000000000000000000000000000000", "::"],
    ["20010db8000000000001000000000001", "2001:db8::1:0:0:1"],
    ["20010db8000100020003000400050006", "2001:db8:1:2:3:4:5:6"],
    ["fe800000000000000000000000000000", "fe80::"],
    ["00000000000000000000ffff01020304", "::ffff:1.2.3.4"],
  ] as const;
  for (const [hex, text] of cases) assert.equal(addressText(10, bytes(hex)), text);
  assert.equal(addressText(7, bytes("00")), "");
});

test("buffers show what can be printed as it is, or everything in hex", () => {
  const text = new Uint8Array(Buffer.from("Hi\0~\x7f"));
  assert.equal(bufferText(text), "Hi\\x00~\\x7f");
  assert.equal(bufferText(text, "hex"), "\\x48\\x69\\x00\\x7e\\x7f");
  assert.equal(bufferText(text, "spaced"), "48 69 00 7e 7f");
});

test("late values have their text when they are shown", () => {
  const word = (value: bigint): Uint8Array => {
    const of = new Uint8Array(8);
    new DataView(of.buffer).setBigUint64(0, value, true);
    return of;
  };
  const show = (kind: "error" | "mac" | "user", value: bigint) =>
    lateValue({ kind: "late", show: kind, size: 8 }, word(value), 0).text;
  assert.equal(show("error", 1n), "Operation not permitted");
  assert.equal(show("error", 7n), "Argument list too long");
  assert.equal(show("error", 9999n), "Unknown error 9999");
  assert.equal(show("mac", 0x0201_0203_0405n), "05:04:03:02:01:02");
  assert.equal(show("user", 0n), "root");
  const buffer = new Uint8Array(24);
  buffer.set([3, 0, 0, 0, 0, 0, 0, 0, 65, 66, 200]);
  const shown = lateValue({ kind: "late", show: "buf", size: 24 }, buffer, 0);
  assert.deepEqual([shown.text, shown.json], ["AB\\xc8", [65, 66, -56]]);
});
