import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newAnswerHead } from "./answer-head.js";
import { newResponseHead, parseResponseHead } from "./head.js";

const answer = (status: number, length: number, date: string): string =>
  `HTTP/1.1 ${status} OK\r\nDate: ${date}\r\nContent-Length: ${length}\r\n\r\n`;

test("a kept head gives what reading it gives, for the same bytes only", () => {
  const digits = fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(..."0123456789") });
  const heads = fc.record({ status: fc.integer({ min: 200, max: 599 }), length: fc.nat(), date: digits });
  fc.assert(
    fc.property(heads, heads, fc.nat(20), digits, (first, second, before, body) => {
      const kept = newAnswerHead();
      const one = Buffer.from(answer(first.status, first.length, first.date));
      const read = newResponseHead();
      assert.ok(parseResponseHead(one, 0, one.length, read));
      kept.keep(one, 0, read);

      const text = answer(second.status, second.length, second.date);
      const two = Buffer.from(`${" ".repeat(before)}${text}${body}`);
      const recalled = newResponseHead();
      const expected = newResponseHead();
      const isSame = kept.recall(two, before, two.length, recalled);
      assert.equal(isSame, text === one.toString());
      if (!isSame) return;
      parseResponseHead(two, before, two.length, expected);
      assert.deepEqual(recalled, expected);
    }),
  );
});

test("nothing is recalled of bytes that end before the kept head does, or before anything was kept", () => {
  const bytes = Buffer.from(answer(200, 5, "1"));
  const head = newResponseHead();
  const kept = newAnswerHead();
  assert.equal(kept.recall(bytes, 0, bytes.length, head), false);
  parseResponseHead(bytes, 0, bytes.length, head);
  kept.keep(bytes, 0, head);
  assert.equal(kept.recall(bytes, 0, bytes.length - 1, head), false);
  assert.equal(kept.recall(bytes, 0, bytes.length, head), true);
});
