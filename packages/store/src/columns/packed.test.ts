import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { EngineReader } from "../testing/engine-reader.js";
import { nativeBlock } from "./block.js";
import { MARK } from "./native-column.js";
import { PackedKeysColumn, PackedValuesColumn } from "./packed.js";

const engine = new EngineReader();
after(() => engine.close());

/** Bytes of all lengths that are pushed in different ways, with 255 among them. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.uint8Array({ minLength: 90, maxLength: 140 }),
  fc.array(fc.constantFrom(0, 97, 254, 255), { maxLength: 9 }).map((list) => Uint8Array.from(list)),
);
const key = fc.oneof(
  fc.constantFrom("a", "b", "http.route", "").map((text) => Uint8Array.from(Buffer.from(text))),
  bytes,
);
const row = fc.array(fc.record({ key, value: fc.oneof(bytes, fc.nat(2 ** 31 - 1)) }), { maxLength: 6 });
/** Rows that stay, rows that are rejected in their middle, requests that are taken back, and blocks that end. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("rows" as const), rows: fc.array(row, { maxLength: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("reject" as const), rows: fc.array(row, { maxLength: 1 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("undo" as const), rows: fc.array(row, { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reset" as const), rows: fc.constant([]) }) },
);

type Value = Uint8Array | number;
type Pairs = readonly { readonly key: Uint8Array; readonly value: Value }[];

/** shown is what is read again: hexadecimal, a byte 255 as U+FFFD. */
function shown(value: Value): string {
  const all = typeof value === "number" ? Buffer.from(String(value)) : Buffer.from(value);
  return all.toString("hex").replace(/../g, (pair) => (pair === "ff" ? "efbfbd" : pair));
}

test("keys and values of any bytes come back as they were, a byte 255 as U+FFFD", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const keys = new PackedKeysColumn();
      const values = new PackedValuesColumn();
      let wanted: string[][][] = [];
      const push = (pairs: Pairs): void => {
        for (const pair of pairs) {
          keys.pushKey(pair.key, viewOf(pair.key), 0, pair.key.length, 1);
          if (typeof pair.value === "number") values.pushDecimal(pair.value);
          else values.push(pair.value, viewOf(pair.value), 0, pair.value.length);
        }
      };
      for (const { kind, rows } of steps) {
        for (const mark of [MARK.REQUEST, MARK.ROW]) for (const column of [keys, values]) column.mark(mark);
        for (const pairs of rows) {
          push(pairs);
          if (kind === "reject") for (const column of [keys, values]) column.rollback(MARK.ROW);
          else for (const column of [keys, values]) column.endRow();
          if (kind === "rows") wanted.push(pairs.map((pair) => [shown(pair.key), shown(pair.value)]));
        }
        if (kind === "undo") for (const column of [keys, values]) column.rollback(MARK.REQUEST);
        if (kind !== "reset") continue;
        for (const column of [keys, values]) column.reset();
        wanted = [];
      }
      assert.equal(keys.rows, wanted.length);
      assert.equal(values.rows, wanted.length);
      if (wanted.length === 0) return;
      const block = nativeBlock(
        [
          { name: "k", column: keys },
          { name: "v", column: values },
        ],
        wanted.length,
      );
      const split = (name: string): string =>
        `arrayMap(x -> lower(hex(x)), arrayPopBack(splitByChar('\\xFF', ${name})))`;
      const read = engine.read(block, `arrayZip(${split("k")}, ${split("v")}) AS pairs`);
      assert.deepEqual(
        read.map((each) => each["pairs"]),
        wanted,
      );
    }),
    { numRuns: 150 },
  );
});

function viewOf(array: Uint8Array): DataView {
  return new DataView(array.buffer, array.byteOffset, array.byteLength);
}
