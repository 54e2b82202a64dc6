import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Batch, readBatches } from "./batches.js";
import { newCursor } from "./cursor.js";
import { batchOf, type TestRecord } from "./testing/messages.js";

const parent = (n: number): string => `00-${String(n).repeat(32)}-${String(n).repeat(16)}-01`;

function read(
  bytes: readonly number[],
  { from = -1, contexts = 128, captured = bytes.length, length = bytes.length } = {},
) {
  const batches: Omit<Batch, "print">[] = [];
  const prints: string[] = [];
  const c = newCursor();
  c.bytes = Uint8Array.from(bytes.slice(0, captured));
  c.end = captured;
  const isWhole = readBatches(c, length, {
    from,
    contexts,
    take({ print, ...batch }) {
      batches.push(batch);
      prints.push(print);
    },
  });
  return { batches, prints, isWhole, at: c.at, ok: c.ok };
}

test("a batch has the same print wherever a broker puts it, and another one when anything else differs", () => {
  const bytes = batchOf(7, [{ delta: 0, value: "one" }]);
  const [print] = read(bytes).prints;
  assert.equal(print?.length, 48);
  // Offset and leader's epoch are the broker's own; the length ends the batch, and the magic number is always 2.
  for (let at = 0; at < 61; at++) {
    if ((at >= 8 && at < 12) || at === 16) continue;
    const isBrokers = at < 16;
    const [other] = read(bytes.with(at, (bytes[at] ?? 0) ^ 1)).prints;
    assert.equal(other === print, isBrokers, `byte ${at}`);
  }
});

test("a batch says its offsets, its records, the contexts that they carry and the key of an only one", () => {
  const bytes = [
    ...batchOf(7, [
      { delta: 0, key: "a", value: "one", headers: { x: "y", traceparent: parent(1), tracestate: "s=1" } },
      { delta: 1, value: "two" },
      { delta: 2, headers: { traceparent: parent(0), traceparents: "no" } },
    ]),
    ...batchOf(10, [{ delta: 0, key: "only", value: "x".repeat(300) }]),
    ...batchOf(2 ** 40, [{ delta: 0, key: "a\0b" }]),
  ];
  const { batches, isWhole, at, ok } = read(bytes);
  assert.deepEqual(batches, [
    {
      first: 7,
      offsets: 3,
      records: 3,
      contexts: [
        { traceparent: parent(1), tracestate: "s=1" },
        { traceparent: parent(0), tracestate: "" },
      ],
      key: "",
    },
    { first: 10, offsets: 1, records: 1, contexts: [], key: "only" },
    { first: 2 ** 40, offsets: 1, records: 1, contexts: [], key: "" },
  ]);
  assert.deepEqual([isWhole, at, ok], [true, bytes.length, true]);
});

test("what ends a transaction is no message, and of what is compressed only the numbers are known", () => {
  const record = { delta: 0, key: "k", headers: { traceparent: parent(1) } };
  const { batches } = read([...batchOf(0, [record], 0x30), ...batchOf(1, [record], 0x11)]);
  assert.deepEqual(batches, [{ first: 1, offsets: 1, records: 1, contexts: [], key: "" }]);
});

test("messages before the wanted offset are passed over", () => {
  const records = [0, 1, 2].map((delta) => ({
    delta,
    key: `k${delta}`,
    headers: { traceparent: parent(delta + 1) },
  }));
  const bytes = [...batchOf(4, records), ...batchOf(7, records)];
  const [batch, ...rest] = read(bytes, { from: 6 }).batches;
  assert.deepEqual(batch, {
    first: 6,
    offsets: 1,
    records: 1,
    contexts: [{ traceparent: parent(3), tracestate: "" }],
    key: "k2",
  });
  assert.deepEqual([rest.length, rest[0]?.first], [1, 7]);
  assert.deepEqual(
    read(bytes, { from: 7 }).batches.map(({ first }) => first),
    [7],
  );
});

test("a batch that its sender has cut is none, and one that was not captured is unknown", () => {
  const bytes = [...batchOf(0, [{ delta: 0 }]), ...batchOf(1, [{ delta: 0, value: "long enough" }])];
  const cut = bytes.slice(0, -3);
  assert.deepEqual([read(cut).batches.length, read(cut).isWhole], [1, true]);
  const unseen = read(bytes, { captured: bytes.length - 30 });
  assert.deepEqual([unseen.batches.length, unseen.isWhole, unseen.ok], [1, false, false]);
  assert.equal(read(bytes.slice(0, 40)).isWhole, false);
});

test("only so many contexts are read", () => {
  const records = Array.from({ length: 9 }, (_, delta) => ({ delta, headers: { traceparent: parent(1) } }));
  assert.equal(read(batchOf(0, records), { contexts: 4 }).batches[0]?.contexts.length, 4);
});

interface Given {
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly carries: number | undefined;
}

test("captured in part, batches say less and nothing else; noise neither throws nor runs on", () => {
  const text = fc.option(fc.string({ maxLength: 12 }), { nil: undefined });
  const record = fc.record({
    key: text,
    value: text,
    carries: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  });
  const batch = fc.record({
    records: fc.array(record, { minLength: 1, maxLength: 5 }),
    attributes: fc.constantFrom(0, 1, 0x10, 0x20),
  });
  const recordsOf = (given: readonly Given[]): TestRecord[] =>
    given.map(({ key, value, carries }, delta) => ({
      ...(key === undefined ? {} : { key }),
      ...(value === undefined ? {} : { value }),
      delta,
      headers: carries === undefined ? {} : { a: "b", traceparent: parent(carries) },
    }));
  fc.assert(
    fc.property(
      fc.array(batch, { maxLength: 4 }),
      fc.nat(),
      fc.nat(),
      fc.nat(255),
      (given, cut, at, noise) => {
        const bytes = given.flatMap(({ records, attributes }, i) =>
          batchOf(10 * i, recordsOf(records), attributes),
        );
        const whole = read(bytes).batches;
        const captured = cut % (bytes.length + 1);
        const part = read(bytes, { captured });
        assert.equal(part.isWhole && captured < bytes.length && part.batches.length < whole.length, false);
        for (const [i, each] of part.batches.entries()) {
          const { contexts, key, ...numbers } = each;
          const { contexts: all, key: wholeKey, ...wholeNumbers } = whole[i] ?? assert.fail();
          assert.deepEqual(numbers, wholeNumbers);
          assert.deepEqual(contexts, all.slice(0, contexts.length));
          assert.ok(key === "" || key === wholeKey);
        }
        if (bytes.length === 0) return;
        const changed = [...bytes];
        changed[at % bytes.length] = noise;
        assert.ok(read(changed).batches.length <= 1024);
      },
    ),
    { numRuns: 300 },
  );
});
