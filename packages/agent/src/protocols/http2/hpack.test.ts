import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { type HeaderTable, newHeaderTable } from "./hpack.js";
import { decodeHuffman } from "./huffman.js";

function read(table: HeaderTable, hex: string): string[] {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  const fields: string[] = [];
  table.decode(bytes, 0, bytes.length, false, (name, value) => fields.push(`${name}: ${value}`));
  return fields;
}

// RFC 7541 appendix C.4: three requests, Huffman coded.
const requests = [
  "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
  "8286 84be 5886 a8eb 1064 9cbf",
  "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
];

test("the RFC's requests decode as it says, sizes included", () => {
  const table = newHeaderTable(false);
  const start = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
  assert.deepEqual(read(table, requests[0]), start);
  assert.equal(table.size(), 57);
  assert.deepEqual(read(table, requests[1]), [...start, "cache-control: no-cache"]);
  assert.equal(table.size(), 110);
  assert.deepEqual(read(table, requests[2]), [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
  ]);
  assert.equal(table.size(), 164);
});

test("late, what came before is unknown and what came since is not", () => {
  const table = newHeaderTable(true);
  assert.equal(read(table, requests[1])[3], "undefined: undefined");
  const third = read(table, requests[2]);
  // Entry 63 is the one before cache-control, which this decoder never saw.
  assert.equal(third[3], "undefined: undefined");
  assert.equal(third[4], "custom-key: custom-value");
  assert.deepEqual(read(table, "be bf"), ["custom-key: custom-value", "cache-control: no-cache"]);
  // A name that is unknown makes an entry whose name stays unknown.
  assert.deepEqual(read(table, "7f05 0178"), ["undefined: x"]);
});

test("a block that was cut leaves older entries unknown, new ones known", () => {
  const table = newHeaderTable(false);
  read(table, requests[0]);
  const cut = Buffer.from("8286", "hex");
  assert.equal(
    table.decode(cut, 0, 2, true, () => {}),
    false,
  );
  assert.equal(read(table, requests[1])[3], "undefined: undefined");
  assert.deepEqual(read(table, "be"), ["cache-control: no-cache"]);
});

test("a table that is made small forgets; hostile bytes neither throw nor grow it", () => {
  const table = newHeaderTable(false);
  read(table, requests[0]);
  read(table, "20");
  assert.equal(table.size(), 0);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      table.decode(bytes, 0, bytes.length, false, () => {});
      assert.ok(table.size() <= 65536);
    }),
    { numRuns: 1000 },
  );
});

test("Huffman text that ends with a whole byte of padding, or with the end symbol, is wrong", () => {
  assert.equal(
    decodeHuffman(
      Uint8Array.from([0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff]),
      0,
      12,
    ),
    "www.example.com",
  );
  assert.equal(decodeHuffman(Uint8Array.from([0xff]), 0, 1), undefined);
  assert.equal(decodeHuffman(Uint8Array.from([0xff, 0xff, 0xff, 0xff]), 0, 4), undefined);
});
