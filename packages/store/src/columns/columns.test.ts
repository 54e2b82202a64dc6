import assert from "node:assert/strict";
import { after, test } from "node:test";
import { StoreError } from "../errors.js";
import { EngineReader } from "../testing/engine-reader.js";
import { type NamedColumn, nativeBlock } from "./block.js";
import { Float64Column, Int32Column, Int64Column, UInt8Column, UInt32Column } from "./fixed.js";
import { HexColumn } from "./hex.js";
import { MARK } from "./native-column.js";
import { NestedColumn } from "./nested.js";
import { StringColumn } from "./string.js";
import { WordColumn } from "./word.js";

const engine = new EngineReader();
after(() => engine.close());

/** read gives what the engine finds in a block of these columns. */
function read(columns: readonly NamedColumn[], rows: number): readonly Readonly<Record<string, unknown>>[] {
  return engine.read(nativeBlock(columns, rows));
}

function pushText(column: StringColumn, text: string): void {
  const bytes = Buffer.from(`..${text}..`);
  column.push(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 2, bytes.length - 2);
}

test("numbers of every width, at their ends", () => {
  const u8 = new UInt8Column();
  const u32 = new UInt32Column();
  const i32 = new Int32Column();
  const u64 = new Int64Column("UInt64");
  const i64 = new Int64Column("Int64");
  const f64 = new Float64Column();
  const columns = Object.entries({ u8, u32, i32, u64, i64, f64 }).map(([name, column]) => ({ name, column }));
  for (const [small, lo, hi, double] of [
    [0, 0, 0, 0],
    [255, 0xffffffff, 0x7fffffff, -1.5e-300],
    [7, 1, 0x80000000, Number.POSITIVE_INFINITY],
  ] as const) {
    u8.push(small);
    u32.push(lo);
    i32.push(-lo | 0);
    u64.push(lo, hi);
    i64.push(lo, hi);
    f64.push(double);
  }
  assert.deepEqual(read(columns, 3), [
    { u8: 0, u32: 0, i32: 0, u64: "0", i64: "0", f64: 0 },
    {
      u8: 255,
      u32: 4294967295,
      i32: 1,
      u64: "9223372036854775807",
      i64: "9223372036854775807",
      f64: -1.5e-300,
    },
    { u8: 7, u32: 1, i32: -1, u64: "9223372036854775809", i64: "-9223372036854775807", f64: "inf" },
  ]);
});

test("strings of every length, and decimals", () => {
  const text = new StringColumn();
  const decimal = new StringColumn();
  const texts = [0, 1, 2, 3, 4, 5, 7, 8, 95, 96, 97, 127, 128, 16383, 16384, 300_000].map((n) =>
    "abcdefghijklmnopqrstuvwxyz".repeat(Math.ceil(n / 26)).slice(0, n),
  );
  const numbers = texts.map(
    (_, i) => [0, 9, 10, 99, 100, 12345, 999_999, 2 ** 28 - 1, 2 ** 31 - 1][i % 9] ?? 0,
  );
  for (const [i, value] of texts.entries()) {
    if (value === "") text.pushEmpty();
    else pushText(text, value);
    decimal.pushDecimal(numbers[i] ?? 0);
  }
  const columns = [
    { name: "text", column: text },
    { name: "decimal", column: decimal },
  ];
  assert.deepEqual(
    read(columns, texts.length),
    texts.map((value, i) => ({ text: value, decimal: String(numbers[i]) })),
  );
});

test("words: dictionaries that need one, two and four bytes a row, and reuse after reset", () => {
  const word = new WordColumn();
  for (const distinct of [3, 255, 256, 257, 65_535, 65_536, 70_000, 2]) {
    const rows = distinct + 10;
    for (let i = 0; i < rows; i++) word.push(word.numberOfText(`w${(i * 7919) % distinct}`));
    assert.equal(word.dictionary.size, distinct + 1);
    const got = read([{ name: "word", column: word }], rows);
    assert.equal(got.length, rows);
    assert.ok(
      got.every((row, i) => row["word"] === `w${(i * 7919) % distinct}`),
      `${distinct} words`,
    );
    word.reset();
  }
});

test("words: fill, repeat, texts beyond ASCII, and the guess of what follows", () => {
  const word = new WordColumn();
  const numbers = ["ä€😀", "", "x".repeat(500)].map((text) => word.numberOfText(text));
  word.fill(numbers[0] ?? 0, 3);
  word.repeat(Uint32Array.from(numbers), 5);
  word.repeat(new Uint32Array(0), 5);
  const bytes = Buffer.from("keykez");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { dictionary } = word;
  const key = dictionary.numberAfter(0, bytes, view, 0, 3);
  assert.equal(dictionary.numberAfter(0, bytes, view, 0, 3), key);
  assert.notEqual(dictionary.numberAfter(0, bytes, view, 3, 6), key);
  assert.equal(dictionary.numberOf(bytes, view, 0, 3), key);
  const list = ["ä€😀", "", "x".repeat(500)];
  const wanted = [...new Array(3).fill(list[0]), ...Array.from({ length: 15 }, (_, i) => list[i % 3])];
  assert.deepEqual(
    read([{ name: "word", column: word }], 18).map((row) => row["word"]),
    wanted,
  );
});

test("ids: hex, and absent ones become empty text in the table", () => {
  const id = new HexColumn(8);
  id.push(Uint8Array.of(0, 0, 1, 0x23, 0x45, 0xab, 0xcd, 0xef, 0xff, 0), 2);
  id.pushAbsent();
  const columns = [{ name: "id", column: id }];
  assert.deepEqual(engine.read(nativeBlock(columns, 2), "CAST(id AS String) AS id"), [
    { id: "012345abcdefff00" },
    { id: "" },
  ]);
});

test("lists: empty ones only, and mixed ones, with words inside", () => {
  for (const sizes of [
    [0, 0],
    [2, 0, 3, 0],
  ]) {
    const keys = new WordColumn();
    const values = new StringColumn();
    const map = new NestedColumn("Map(LowCardinality(String), String)", [keys, values]);
    const counts = new Int64Column("UInt64");
    const array = new NestedColumn("Array(UInt64)", [counts]);
    for (const size of sizes) {
      for (let i = 0; i < size; i++) {
        keys.push(keys.numberOfText(`k${i}`));
        values.pushText(`v${i}`);
        counts.push(i, 0);
      }
      map.endRow();
      array.endRow();
    }
    const columns = [
      { name: "map", column: map },
      { name: "array", column: array },
    ];
    assert.deepEqual(
      read(columns, sizes.length),
      sizes.map((size) => ({
        map: Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, `v${i}`])),
        array: Array.from({ length: size }, (_, i) => String(i)),
      })),
    );
  }
});

test("rollback goes back to the mark, texts of the dictionary included", () => {
  const word = new WordColumn();
  const text = new StringColumn();
  const columns = [
    { name: "word", column: word },
    { name: "text", column: text },
  ];
  word.push(word.numberOfText("kept"));
  pushText(text, "kept");
  const before = nativeBlock(columns, 1);
  for (const { column } of columns) column.mark(MARK.REQUEST);
  for (let i = 0; i < 1000; i++) {
    word.push(word.numberOfText(`gone${i}`));
    pushText(text, "gone");
  }
  for (const { column } of columns) column.rollback(MARK.REQUEST);
  assert.deepEqual(nativeBlock(columns, 1), before);
  assert.equal(word.numberOfText("new"), 2);
  assert.equal(word.numberOfText("kept"), 1);
});

test("columns of different heights make no block", () => {
  const columns = [{ name: "short", column: new UInt8Column() }];
  assert.throws(
    () => nativeBlock(columns, 1),
    (error: unknown) => error instanceof StoreError && error.code === "bad-block",
  );
});
