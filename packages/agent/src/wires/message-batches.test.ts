import assert from "node:assert/strict";
import { test } from "node:test";
import { batchOf, newMessageBatches } from "./message-batches.js";

test("a batch has one name wherever it is seen, by what its producer wrote", () => {
  assert.match(batchOf("one"), /^[0-9a-f]{16}$/);
  assert.equal(batchOf("one"), batchOf("one"));
  assert.notEqual(batchOf("one"), batchOf("two"));
  assert.equal(batchOf(""), "");
});

test("a message is of the batch that it was fetched in", () => {
  const batches = newMessageBatches();
  batches.fetched("10.0.0.1:9092", "orders", 3, 10, 2, "one");
  batches.fetched("10.0.0.1:9092", "orders", 3, 12, 1, "two");
  batches.fetched("10.0.0.1:9092", "orders", 3, 13, 1, "");
  assert.deepEqual(
    [9, 10, 11, 12, 13].map((offset) => batches.of("orders", 3, offset)),
    ["", batchOf("one"), batchOf("one"), batchOf("two"), ""],
  );
  assert.equal(batches.of("bills", 3, 10), "");
  // Two clusters' topics of one name.
  batches.fetched("10.9.0.1:9092", "orders", 3, 10, 1, "three");
  assert.equal(batches.of("orders", 3, 10), "");
  assert.equal(batches.of("orders", 3, 11), batchOf("one"));
});
