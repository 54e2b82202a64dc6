import assert from "node:assert/strict";
import { test } from "node:test";
import { newMessageOrigins } from "./message-origins.js";

const broker = "10.0.0.1:9092";
const other = "10.0.0.2:9092";
const span = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const numberOf = (ids: Uint8Array | undefined): number | undefined => ids?.[0];

test("the span that sent a message is found by any offset of its batch, and no other", () => {
  const origins = newMessageOrigins();
  const ids = span(1);
  origins.sent(broker, "orders", 3, 10, 5, ids);
  ids.fill(9);
  origins.sent(broker, "orders", 3, 20, 1, span(2));
  origins.sent(broker, "orders", 3, 15, 2, span(3));
  const of = (offset: number) => numberOf(origins.of(broker, "orders", 3, offset));
  assert.deepEqual([9, 10, 14, 15, 16, 17, 20, 21].map(of), [undefined, 1, 1, 3, 3, undefined, 2, undefined]);
  assert.deepEqual(origins.of(broker, "orders", 3, 10), new Uint8Array(24).fill(1));
  assert.equal(origins.of(broker, "orders", 4, 10), undefined);
  assert.equal(origins.of(broker, "bills", 3, 10), undefined);
});

test("without a broker a message is found as long as only one broker has it", () => {
  const origins = newMessageOrigins();
  origins.sent(broker, "orders", 0, 0, 2, span(1));
  assert.equal(numberOf(origins.of("", "orders", 0, 1)), 1);
  // Perhaps the same broker under another address.
  assert.equal(numberOf(origins.of(other, "orders", 0, 1)), 1);
  origins.sent(other, "orders", 0, 1, 2, span(2));
  assert.equal(numberOf(origins.of("", "orders", 0, 0)), 1);
  assert.equal(origins.of("", "orders", 0, 1), undefined);
  assert.equal(numberOf(origins.of(broker, "orders", 0, 1)), 1);
  assert.equal(origins.of(broker, "orders", 0, 2), undefined);
});

test("of a topic that was made again the new messages are told", () => {
  const origins = newMessageOrigins();
  for (let i = 0; i < 6; i++) origins.sent(broker, "orders", 0, 2 * i, 2, span(1 + i));
  origins.sent(broker, "orders", 0, 3, 4, span(9));
  assert.deepEqual(
    [0, 1, 2, 3, 6, 7, 8, 10].map((offset) => numberOf(origins.of(broker, "orders", 0, offset))),
    [1, 1, undefined, 9, 9, undefined, 5, 6],
  );
});

test("the last batches are kept, in whatever order their offsets come", () => {
  const origins = newMessageOrigins(100);
  for (let i = 0; i < 1000; i++) origins.sent(broker, `topic ${i % 7}`, 0, (i * 37) % 1000, 1, span(i % 256));
  for (let i = 0; i < 1000; i++) {
    const found = numberOf(origins.of(broker, `topic ${i % 7}`, 0, (i * 37) % 1000));
    assert.equal(found, i < 900 ? undefined : i % 256, String(i));
  }
});

test("what is no offset is not noted", () => {
  const origins = newMessageOrigins();
  origins.sent(broker, "orders", 0, -1, 1, span(1));
  origins.sent(broker, "orders", 0, 0, 0, span(1));
  origins.sent(broker, "orders", 0, 2 ** 53, 1, span(1));
  origins.sent(broker, "orders", 0, Number.NaN, 1, span(1));
  for (const offset of [-1, 0, 2 ** 53, Number.NaN])
    assert.equal(origins.of(broker, "orders", 0, offset), undefined);
});

test("a batch whose producer was told nothing is known again where it is fetched", () => {
  const origins = newMessageOrigins();
  origins.wrote("a print", span(1));
  origins.wrote("", span(2));
  assert.equal(origins.of(broker, "orders", 0, 5), undefined);
  origins.fetched(broker, "orders", 0, 5, 2, "a print");
  origins.fetched(broker, "orders", 0, 7, 1, "");
  origins.fetched(broker, "orders", 0, 8, 1, "another");
  const of = (offset: number) => numberOf(origins.of("", "orders", 0, offset));
  assert.deepEqual([4, 5, 6, 7, 8].map(of), [undefined, 1, 1, undefined, undefined]);
  // Where it is known already it stays: a mirror's copy has the same print at another place.
  origins.sent(broker, "orders", 0, 20, 1, span(3));
  origins.fetched(broker, "orders", 0, 20, 1, "a print");
  assert.equal(of(20), 3);
});

test("of batches that nobody fetches the oldest are forgotten", () => {
  const origins = newMessageOrigins();
  for (let i = 0; i < 5000; i++) origins.wrote(`print ${i}`, span(i & 0xff));
  origins.fetched(broker, "orders", 0, 0, 1, "print 0");
  origins.fetched(broker, "orders", 0, 1, 1, "print 4999");
  assert.deepEqual(
    [0, 1].map((offset) => numberOf(origins.of("", "orders", 0, offset))),
    [undefined, 4999 & 0xff],
  );
});
