import assert from "node:assert/strict";
import { test } from "node:test";
import { WireFlag, WireState } from "../events/layout.js";
import type { WireEvent } from "../events/wire.js";
import { protocols } from "../protocols/protocols.js";
import type { ProcessSpans } from "../spans/process-spans.js";
import { newRouteTable } from "../spans/routes.js";
import { newJoins } from "./joins.js";
import { newWires } from "./wires.js";

const process: ProcessSpans = {
  tgid: 7,
  serviceName: "shop",
  resource: new Uint8Array(0),
  routes: newRouteTable(),
  handlerEndsTold: false,
  handlerEndsSinceNs: 0,
  spans: 0,
  newPaths: 0,
  orphans: 0,
  requests: 0,
  calls: 0,
};

const get = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
const { received, first, early, opener } = WireFlag;

function eventOf(text: string, flags: number, ns: number, more: Partial<WireEvent> = {}): WireEvent {
  const data = Buffer.from(`${"\0".repeat(64)}${text}`, "latin1");
  return {
    memory: data,
    flags,
    connection: 1,
    ns,
    tgid: 7,
    tid: 7,
    goid: 0,
    parent: 0,
    family: 2,
    localPort: 40_000,
    peerPort: 6379,
    localAddress: 0,
    peerAddress: 16,
    sequence: ns,
    data: 64,
    captured: text.length,
    total: text.length,
    missed: 0,
    secure: 0,
    ...more,
  };
}

function table() {
  const told: string[] = [];
  const verdicts: [number, WireState][] = [];
  const wires = newWires({
    protocols,
    processOf: (tgid) => (tgid === 7 ? process : undefined),
    adopt: () => false,
    joins: newJoins(),
    callOf: () => undefined,
    heard: () => undefined,
    tell: (connection, state) => void verdicts.push([connection, state]),
    emit: ({ name, startNs, endNs, doubt, error }) =>
      void told.push(`${name} ${startNs}-${endNs} ${doubt}${error}`),
  });
  return { wires, told, verdicts };
}

test("a connection that is understood is told to the kernel once, and its exchanges become spans", () => {
  const { wires, told, verdicts } = table();
  wires.wire(eventOf(get, opener | first, 10));
  wires.wire(eventOf("$1\r\nx\r\n", received, 20));
  wires.wire(eventOf(get, 0, 30));
  wires.wire(eventOf("$-1\r\n", received, 40));
  assert.deepEqual(told, ["GET 10-20 ", "GET 30-40 "]);
  assert.deepEqual(verdicts, [[1, WireState.read]]);
});

test("an answer that was read before its request's write had returned is told behind it", () => {
  const { wires, told } = table();
  wires.wire(eventOf(get, opener | first, 10));
  wires.wire(eventOf("$1\r\nx\r\n", received, 20));
  wires.wire(eventOf("$1\r\ny\r\n", received | early, 40));
  assert.deepEqual(told, ["GET 10-20 "]);
  wires.wire(eventOf(get, 0, 30));
  assert.deepEqual(told, ["GET 10-20 ", "GET 30-40 "]);
});

test("what is held for a write that is never told is given up after a while", () => {
  const { wires } = table();
  wires.wire(eventOf(get, opener | first, 10));
  wires.wire(eventOf("$1\r\nx\r\n", received | early, 40));
  wires.sweep(50);
  wires.sweep(5_000_000_000);
  wires.wire(eventOf("$1\r\nz\r\n", received, 6_000_000_000));
  assert.equal(wires.counts().connections, 1);
});

test("what nobody understands is muted, and muted again when the kernel did not hear it", () => {
  const { wires, told, verdicts } = table();
  for (let i = 0; i < 12; i++) wires.wire(eventOf(`\u0001\u00fe\u0007 ${i} ??`, i === 0 ? first : 0, i));
  assert.deepEqual(verdicts, [[1, WireState.mute]]);
  wires.wire(eventOf("\u0001\u00fe\u0007", 0, 3_000_000_000));
  assert.deepEqual(verdicts, [
    [1, WireState.mute],
    [1, WireState.mute],
  ]);
  assert.deepEqual(told, []);
  assert.equal(wires.counts().connections, 0);
});

test("TLS is muted at its first record", () => {
  const { wires, verdicts } = table();
  wires.wire(eventOf("\u0016\u0003\u0001\u0002\u0000\u0001", opener | first, 1));
  assert.deepEqual(verdicts, [[1, WireState.mute]]);
});

test("what is done for a request that sampling leaves out is not told, the next is", () => {
  const { wires, told } = table();
  wires.wire(eventOf(get, opener | first, 10, { parent: 0xffffffff }));
  wires.wire(eventOf("$1\r\nx\r\n", received, 20));
  wires.wire(eventOf(get, 0, 30));
  wires.wire(eventOf("$1\r\nx\r\n", received, 40));
  assert.deepEqual(told, ["GET 30-40 "]);
});

test("connections are bounded: the longest silent ones go, and are counted", () => {
  const { wires } = table();
  for (let i = 1; i <= 5000; i++) wires.wire(eventOf(get, opener | first, i, { connection: i }));
  const { connections, dropped } = wires.counts();
  assert.ok(connections <= 4096, `${connections} are kept`);
  assert.equal(dropped["wire-connections"], 5000 - connections);
});

test("the end of a connection or of its process ends what is open", () => {
  const { wires, told } = table();
  wires.wire(eventOf(get, opener | first, 10));
  wires.wireEnd({ connection: 1, ns: 15 });
  wires.wire(eventOf(get, opener | first, 20, { connection: 2 }));
  wires.processExited(7, 30);
  assert.deepEqual(told, ["GET 10-15 connection_closed", "GET 20-30 connection_closed"]);
  assert.equal(wires.counts().connections, 0);
});
