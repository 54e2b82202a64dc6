import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { offsetsFrom } from "./trace-columns.js";

test("offsets are exact, near the first and far from it", () => {
  const nanos = fc.oneof(
    fc.bigInt({ min: 1_795_000_000_000_000_000n, max: 1_795_000_060_000_000_000n }),
    fc.bigInt({ min: 0n, max: 1_795_000_999_999_999_999n }),
  );
  fc.assert(
    fc.property(fc.array(nanos, { minLength: 1, maxLength: 20 }), (list) => {
      const [first = 0n] = list;
      assert.deepEqual(
        offsetsFrom(list.map(String)),
        list.map((at) => Number(at - first)),
      );
    }),
  );
  assert.deepEqual(offsetsFrom([]), []);
});
