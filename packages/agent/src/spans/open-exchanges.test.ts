import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Exchange, newExchangePool } from "./exchange.js";
import { newOpenExchanges } from "./open-exchanges.js";
import type { ProcessSpans } from "./process-spans.js";

test("open exchanges are found by number as in a map, also when two meet in one slot", () => {
  const pool = newExchangePool();
  const make = (number: number): Exchange => {
    const exchange = pool.take({} as ProcessSpans);
    exchange.number = number;
    return exchange;
  };
  // Few low bits and many high ones: most numbers share their slot with others.
  const number = fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 7 }))
    .map(([low, high]) => (high << 15) | low);
  const step = fc.record({ number, isAdd: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const model = new Map<number, Exchange>();
      const open = newOpenExchanges();
      for (const { number, isAdd } of steps) {
        const known = model.get(number);
        if (isAdd && known === undefined) {
          const exchange = make(number);
          model.set(number, exchange);
          open.add(exchange);
        } else if (!isAdd && known !== undefined) {
          model.delete(number);
          open.remove(known);
        }
        assert.equal(open.size(), model.size);
        for (let low = 0; low < 4; low++)
          for (let high = 0; high < 8; high++) {
            const asked = (high << 15) | low;
            assert.equal(open.get(asked), model.get(asked));
          }
      }
      const seen = new Set<number>();
      open.each((exchange) => {
        seen.add(exchange.number);
        open.remove(exchange);
      });
      assert.deepEqual([...seen].sort(), [...model.keys()].sort());
      assert.equal(open.size(), 0);
    }),
  );
});
