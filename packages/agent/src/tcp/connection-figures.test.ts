import assert from "node:assert/strict";
import { test } from "node:test";
import { newPointList } from "../runtime/point-list.js";
import { newConnectionFigures } from "./connection-figures.js";
import type { ConnectionRow } from "./connection-rows.js";

const base: ConnectionRow = {
  bytesSent: 100,
  bytesReceived: 0,
  retransmits: 0,
  rttUs: 1000,
  localAddress: "10.0.0.1",
  localPort: 40_000,
  peerAddress: "10.0.0.9",
  peerPort: 5432,
  state: 1,
};
const row = (more: Partial<ConnectionRow> = {}): ConnectionRow => ({ ...base, ...more });
const end = { isServer: false, isWhole: true } as const;

function setUp() {
  let nowNs = 100n;
  const figures = newConnectionFigures(
    (address) => (address === "10.0.0.9" ? "db.example" : ""),
    () => nowNs++,
  );
  /** told gives "NAME ATTRIBUTES" and the value of each point: a histogram's is its count. */
  const told = (): Record<string, number> => {
    // Each list says everything: what is as it was is left out of a later one.
    const points = newPointList();
    figures.tell(points);
    const said: Record<string, number> = {};
    for (const { name, gauge, sum, exponentialHistogram } of points.take(1n, 2n, 3n).metrics)
      for (const point of [
        ...(gauge?.dataPoints ?? []),
        ...(sum?.dataPoints ?? []),
        ...(exponentialHistogram?.dataPoints ?? []),
      ]) {
        const attributes = (point.attributes ?? []).map(
          ({ value }) => value?.stringValue ?? String(value?.intValue ?? value?.boolValue),
        );
        const value = "count" in point ? point.count : "asInt" in point ? point.asInt : 0n;
        said[[name?.replace("go3s.tcp.", ""), ...attributes].join(" ")] = Number(value);
      }
    return said;
  };
  /** begins gives "NAME PORT" and where its points begin: 1 is the process's start, 2 since when it is watched. */
  const begins = (): Record<string, number> => {
    const points = newPointList();
    figures.tell(points);
    const said: Record<string, number> = {};
    for (const { name, sum, exponentialHistogram } of points.take(1n, 2n, 900n).metrics)
      for (const { attributes, startTimeUnixNano } of [
        ...(sum?.dataPoints ?? []),
        ...(exponentialHistogram?.dataPoints ?? []),
      ]) {
        const port = attributes?.find(({ key }) => key === "server.port")?.value?.intValue;
        said[`${name?.replace("go3s.tcp.", "")} ${port}`] = Number(startTimeUnixNano);
      }
    return said;
  };
  return { figures, told, begins };
}

/** peers are so many connections to other peers each. */
const peers = (count: number, from: number): ConnectionRow[] =>
  Array.from({ length: count }, (_, i) => row({ localPort: 1000 + i, peerPort: from + i }));

test("what a connection did between two looks is told, and nothing from before the first", () => {
  const { figures, told } = setUp();
  figures.look([row({ retransmits: 7 })]);
  assert.deepEqual(told(), {
    "connections client db.example 5432 established": 1,
    "retransmits client db.example 5432": 0,
  });
  // One that was used, one that is new.
  figures.look([row({ retransmits: 9, bytesSent: 150 }), row({ localPort: 40_001, retransmits: 1 })]);
  assert.deepEqual(told(), {
    "connections client db.example 5432 established": 2,
    "retransmits client db.example 5432": 3,
    "rtt client db.example 5432": 2,
  });
  assert.deepEqual(told(), {});
  // Neither: no round trip is measured again.
  figures.look([row({ retransmits: 9, bytesSent: 150 }), row({ localPort: 40_001, retransmits: 1 })]);
  assert.equal(told()["rtt client db.example 5432"], undefined);
});

test("an end adds what came since the last look, once", () => {
  const { figures, told } = setUp();
  figures.look([row({ retransmits: 1 })]);
  figures.look([row({ retransmits: 2 })]);
  // Its file is closed, what it sent is not acknowledged.
  figures.look([]);
  assert.deepEqual(told(), {
    "connections client db.example 5432 established": 0,
    "retransmits client db.example 5432": 1,
  });
  assert.ok(figures.has(row()));
  figures.closed({ ...row({ retransmits: 5, bytesSent: 120 }), ...end });
  figures.closed({ ...row({ localPort: 40_002, retransmits: 2 }), ...end });
  figures.closed({ ...row({ localPort: 40_003, retransmits: 50 }), ...end, isWhole: false });
  assert.deepEqual(told(), {
    "retransmits client db.example 5432": 6,
    "rtt client db.example 5432": 2,
  });
  assert.ok(!figures.has(row()));
});

test("a later connection with the same ports begins anew", () => {
  const { figures, told } = setUp();
  figures.look([row({ retransmits: 5, bytesSent: 1000 })]);
  figures.look([row({ retransmits: 1, bytesSent: 10 })]);
  assert.equal(told()["retransmits client db.example 5432"], 1);
});

test("what came to a port that the process listens on is told by the port, states by their names", () => {
  const { figures, told } = setUp();
  const listener = row({ state: 10, localPort: 80, peerPort: 0, rttUs: 0 });
  const served = (peerPort: number, state: number) => row({ localPort: 80, peerPort, state });
  figures.look([listener, served(50_000, 1), served(50_001, 8), served(50_002, 8)]);
  assert.deepEqual(told(), {
    "connections server 80 established": 1,
    "connections server 80 close_wait": 2,
    "retransmits server 80": 0,
  });
});

test("what came to a port that another process listens on, and was handed over, is a server's, too", () => {
  const { figures, told } = setUp();
  figures.look([row({ localPort: 80, peerPort: 50_000 }), row()], new Set([80]));
  assert.deepEqual(told(), {
    "connections server 80 established": 1,
    "retransmits server 80": 0,
    "connections client db.example 5432 established": 1,
    "retransmits client db.example 5432": 0,
  });
});

test("there are no more series than a limit, and one for the rest", () => {
  const { figures, told } = setUp();
  figures.look(peers(1000, 2000));
  const counts = Object.entries(told()).filter(([name]) => name.startsWith("connections"));
  assert.equal(counts.length, 201);
  assert.equal(
    counts.reduce((sum, [, count]) => sum + count, 0),
    1000,
  );
  assert.ok(counts.some(([name]) => name === "connections true established"));
});

test("peers that were silent for five minutes make room: for new ones, and for those of the rest that go on", () => {
  const { figures, told } = setUp();
  const counts = (): [string, number][] =>
    Object.entries(told()).filter(([name]) => name.startsWith("connections"));
  const crowd = peers(250, 2000);
  figures.look(crowd);
  assert.deepEqual(counts().at(-1), ["connections true established", 50]);
  for (let i = 0; i < 80; i++) figures.look(crowd.slice(150));
  assert.equal(counts().length, 100);
  figures.look([...crowd.slice(150), ...peers(100, 5000)]);
  assert.equal(counts().length, 200);
  assert.ok(counts().every(([name, count]) => count === 1 && name !== "connections true established"));
});

test("a peer that comes again begins at 0, later than all that was told of it before", () => {
  const { figures, told, begins } = setUp();
  figures.look([row()]);
  figures.look([row({ retransmits: 4, bytesSent: 200 })]);
  assert.deepEqual(begins(), { "connections 5432": 1, "retransmits 5432": 2, "rtt 5432": 2 });
  for (let i = 0; i < 60; i++) figures.look([]);
  told();
  figures.look([row({ localPort: 40_009, retransmits: 1 })]);
  assert.deepEqual(begins(), { "connections 5432": 101, "retransmits 5432": 101, "rtt 5432": 101 });
  figures.look([row({ localPort: 40_009, retransmits: 2 })]);
  assert.equal(told()["retransmits client db.example 5432"], 2);
});
