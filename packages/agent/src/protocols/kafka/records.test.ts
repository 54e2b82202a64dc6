import assert from "node:assert/strict";
import { test } from "node:test";
import { newCursor } from "./cursor.js";
import {
  noTopics,
  readFetch,
  readFetched,
  readMetadata,
  readProduce,
  readProduced,
  type Topics,
} from "./records.js";
import {
  type Bytes,
  batchOf,
  i8,
  i16,
  i32,
  i64,
  list,
  string,
  type TestRecord,
  tags,
  varint,
} from "./testing/messages.js";

const newest = 13;
const number = new Array<number>(16).fill(7);
const idText = "07".repeat(16);

function cursorOf(bytes: Bytes, flexible: boolean, captured = bytes.length) {
  const c = newCursor();
  c.bytes = Uint8Array.from(bytes.slice(0, captured));
  c.end = captured;
  c.ok = true;
  c.flexible = flexible;
  return c;
}

const topicOf = (name: string, version: number): number[] =>
  version >= 13 ? number : string(name, version >= 9);

const lengthOf = (bytes: Bytes, flexible: boolean): number[] =>
  flexible ? varint(bytes.length + 1) : i32(bytes.length);

/** produce is a request of an only topic, behind its header. */
function produce(
  version: number,
  partitions: readonly (readonly [index: number, batches: Bytes])[],
): number[] {
  const flexible = version >= 9;
  const items = partitions.map(([index, batches]) => [
    ...i32(index),
    ...lengthOf(batches, flexible),
    ...batches,
    ...tags(flexible),
  ]);
  return [
    ...(version >= 3 ? (flexible ? [0] : i16(-1)) : []),
    ...i16(-1),
    ...i32(1000),
    ...list([[...topicOf("orders", version), ...list(items, flexible), ...tags(flexible)]], flexible),
    ...tags(flexible),
  ];
}

/** produced is its answer. */
function produced(
  version: number,
  partitions: readonly (readonly [index: number, error: number, base: number])[],
): number[] {
  const flexible = version >= 9;
  const items = partitions.map(([index, error, base]) => [
    ...i32(index),
    ...i16(error),
    ...i64(base),
    ...(version >= 2 ? i64(-1) : []),
    ...(version >= 5 ? i64(0) : []),
    ...(version >= 8
      ? [
          ...list([[...i32(0), ...string("bad", flexible), ...tags(flexible)]], flexible),
          ...string("why", flexible),
        ]
      : []),
    ...(version >= 10 ? [1, 0, 9, ...i32(1), ...i32(4), 0] : tags(flexible)),
  ]);
  return [
    ...list([[...topicOf("orders", version), ...list(items, flexible), ...tags(flexible)]], flexible),
    ...(version >= 1 ? i32(0) : []),
    ...tags(flexible),
  ];
}

const records = (count: number): TestRecord[] => Array.from({ length: count }, (_, delta) => ({ delta }));

const runsOf = ({ runs }: Topics) => runs.map(({ partition, first, count }) => [partition, first, count]);

test("each partition's batch gets the offset that the broker tells, in every version", () => {
  for (let version = 3; version <= newest; version++) {
    const topics = noTopics();
    const request = produce(version, [
      [0, batchOf(0, records(3))],
      [4, batchOf(0, records(1))],
      [2, batchOf(0, records(2))],
    ]);
    assert.equal(readProduce(cursorOf(request, version >= 9), version, topics), -1);
    assert.deepEqual([topics.records, topics.partition], [6, -1], `v${version}`);
    assert.deepEqual(
      runsOf(topics).map(([, first]) => first),
      [-1, -1, -1],
    );
    readProduced(
      cursorOf(
        produced(version, [
          [2, 0, 2 ** 33],
          [0, 0, 5],
          [4, 6, -1],
        ]),
        version >= 9,
      ),
      version,
      topics,
    );
    assert.deepEqual(
      runsOf(topics),
      [
        [0, 5, 3],
        [4, -1, 1],
        [2, 2 ** 33, 2],
      ],
      `v${version}`,
    );
    assert.equal(topics.error, 6);
    assert.equal(topics.runs[0]?.topic, version >= 13 ? idText : "orders");
  }
});

test("batches of one partition follow each other", () => {
  const topics = noTopics();
  const both = [...batchOf(0, records(3)), ...batchOf(0, records(2))];
  readProduce(cursorOf(produce(7, [[1, both]]), false), 7, topics);
  readProduced(cursorOf(produced(7, [[1, 0, 10]]), false), 7, topics);
  assert.deepEqual(runsOf(topics), [
    [1, 10, 3],
    [1, 13, 2],
  ]);
});

test("an answer that was captured in part places what it says, and its error is unknown", () => {
  const answer = produced(8, [
    [0, 0, 5],
    [4, 0, 6],
  ]);
  for (let captured = 0; captured < answer.length; captured++) {
    const topics = noTopics();
    const request = produce(8, [
      [0, batchOf(0, records(3))],
      [4, batchOf(0, records(1))],
    ]);
    readProduce(cursorOf(request, false), 8, topics);
    readProduced(cursorOf(answer, false, captured), 8, topics);
    const [first, second] = runsOf(topics).map(([, offset]) => offset);
    assert.ok(first === -1 || first === 5);
    assert.ok(second === -1 || (second === 6 && first === 5));
    assert.ok(Number.isNaN(topics.error) || captured >= answer.length - 4);
  }
});

test("a request of which only the beginning was captured keeps the batches whose heads were seen", () => {
  const request = produce(9, [
    [0, batchOf(0, [{ delta: 0, value: "x".repeat(500) }])],
    [1, batchOf(0, records(1))],
  ]);
  const topics = noTopics();
  readProduce(cursorOf(request, true, 120), 9, topics);
  assert.deepEqual([runsOf(topics), topics.records], [[[0, -1, 1]], -1]);
});

test("a fetch counts from the offset that it asked for, in every version", () => {
  for (let version = 4; version <= 17; version++) {
    const flexible = version >= 12;
    const topic = version >= 13 ? number : string("orders", flexible);
    const asks = [
      ...i32(3),
      ...(version >= 9 ? i32(-1) : []),
      ...i64(6),
      ...(version >= 12 ? i32(-1) : []),
      ...(version >= 5 ? i64(-1) : []),
      ...i32(1 << 20),
      ...tags(flexible),
    ];
    const request = [
      ...(version <= 14 ? i32(-1) : []),
      ...[...i32(500), ...i32(1), ...i32(1 << 20), ...i8(0)],
      ...(version >= 7 ? [...i32(0), ...i32(-1)] : []),
      ...list([[...topic, ...list([asks], flexible), ...tags(flexible)]], flexible),
    ];
    const asked = noTopics();
    readFetch(cursorOf(request, flexible), version, asked);
    assert.deepEqual([...asked.from.values()], [6], `v${version}`);

    const batches = [...batchOf(4, records(4)), ...batchOf(8, records(1))];
    const partition = [
      ...i32(3),
      ...i16(0),
      ...i64(9),
      ...i64(9),
      ...(version >= 5 ? i64(0) : []),
      ...list([], flexible),
      ...(version >= 11 ? i32(-1) : []),
      ...lengthOf(batches, flexible),
      ...batches,
      ...tags(flexible),
    ];
    const answer = [
      ...i32(0),
      ...(version >= 7 ? [...i16(0), ...i32(0)] : []),
      ...list([[...topic, ...list([partition], flexible), ...tags(flexible)]], flexible),
      ...tags(flexible),
    ];
    const told = noTopics();
    readFetched(cursorOf(answer, flexible), version, told, asked);
    assert.deepEqual(
      runsOf(told),
      [
        [3, 6, 2],
        [3, 8, 1],
      ],
      `v${version}`,
    );
    assert.equal(told.records, 3);
  }
});

test("a topic may be listed twice; one that was not captured leaves the others' names unsure", () => {
  const entry = (name: string, index: number) => [...string(name, false), ...list([i32(index)], false)];
  const fetch = (...topics: Bytes[]) => [...new Array<number>(16).fill(0), ...list(topics, false)];
  const rest = new Array<number>(12).fill(0);
  const read = (bytes: Bytes, captured = bytes.length) => {
    const topics = noTopics();
    readFetch(cursorOf(bytes, false, captured), 3, topics);
    return [topics.names, topics.partition, topics.cut];
  };
  const one = [...entry("a", 3), ...rest];
  const again = fetch(one, [...entry("a", 4), ...rest]);
  assert.deepEqual(read(fetch(one)), [["a"], 3, false]);
  assert.deepEqual(read(again), [["a"], -1, false]);
  assert.deepEqual(read(again, again.length - 26), [["a"], -1, true]);
});

test("the names of topics that were told last are kept, and none for what has no number", () => {
  const names = new Map<string, string>();
  const topicNumber = (n: number): number[] => [...new Array<number>(12).fill(0), ...i32(n)];
  const learn = (name: string, n: number) => {
    const topic = [...i16(0), ...string(name, true), ...topicNumber(n), 0, ...list([], true), ...i32(0), 0];
    const bytes = [
      ...i32(0),
      ...list([], true),
      ...string("cluster", true),
      ...i32(1),
      ...list([topic], true),
    ];
    readMetadata(cursorOf(bytes, true), 12, names);
  };
  learn("none", 0);
  assert.equal(names.size, 0);
  for (let n = 1; n <= 5000; n++) {
    learn(`topic ${n}`, n);
    if (n % 100 === 0) learn("first", 1);
  }
  assert.equal(names.size, 4096);
  assert.equal(names.get(`${"00".repeat(15)}01`), "first");
  assert.equal(names.get(`${"00".repeat(15)}02`), undefined);
});
