import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { ID_BYTES, KeptTraces } from "./kept-traces.js";

test("it is a set of ids", () => {
  const id = fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES, max: 2 });
  fc.assert(
    fc.property(fc.array(id, { maxLength: 3000 }), (ids) => {
      const kept = new KeptTraces();
      const known = new Set<string>();
      for (const each of ids) {
        const text = Buffer.from(each).toString("hex");
        assert.equal(kept.has(Buffer.concat([Buffer.alloc(3), each]), 3), known.has(text));
        assert.equal(kept.add(each, 0), !known.has(text));
        known.add(text);
      }
      assert.deepEqual([kept.size, kept.added, kept.forgotten], [known.size, known.size, 0]);
      const all = Buffer.from(kept.ids());
      const listed = Array.from({ length: kept.size }, (_, i) => all.toString("hex", 16 * i, 16 * i + 16));
      assert.deepEqual(new Set(listed), known);
    }),
    { numRuns: 50 },
  );
});

test("its memory is bounded: the oldest are forgotten, and counted; one that is named again is young", () => {
  const kept = new KeptTraces(4096);
  const ids = Array.from({ length: 20_000 }, () => randomBytes(ID_BYTES));
  const [first = Buffer.alloc(16), second = Buffer.alloc(16)] = ids;
  for (const id of ids) {
    kept.add(id, 0);
    kept.add(first, 0);
    assert.ok(kept.size <= 4096 * 0.6);
  }
  assert.equal(kept.size + kept.forgotten, 20_000);
  assert.ok(kept.has(first, 0));
  assert.ok(!kept.has(second, 0));
  for (const id of ids.slice(-1000)) assert.ok(kept.has(id, 0));
});
