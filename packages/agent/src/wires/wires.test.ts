import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { WireFlag, WireState } from "../events/layout.js";
import type { WireEvent } from "../events/wire.js";
import { protocols } from "../protocols/protocols.js";
import { newProcessSpans } from "../spans/process-spans.js";
import { newRouteTable } from "../spans/routes.js";
import { newJoins } from "./joins.js";
import { newWires, type Wires, type WiresOptions } from "./wires.js";

const process = newProcessSpans({
  tgid: 7,
  serviceName: "shop",
  resource: new Uint8Array(0),
  routes: newRouteTable(),
});

const get = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
const { received, first, early, opener, accepted } = WireFlag;

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

function table(options: Partial<WiresOptions> = {}) {
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
    ...options,
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

test("what the peer of a Unix socket has said to its end ends a client's exchanges, not a server's", () => {
  const { wires, told } = table();
  const unix = { family: 1, localPort: 0, peerPort: 0 };
  const request = "GET / HTTP/1.0\r\n\r\n";
  const answer = "HTTP/1.1 200 OK\r\n\r\nuntil it is closed";
  wires.wire(eventOf(request, first, 10, unix));
  wires.wire(eventOf(answer, received, 20, unix));
  wires.wireEnd({ half: true, connection: 1, ns: 30 });
  assert.deepEqual(told, ["GET 10-30 "]);
  wires.wire(eventOf(request, first | received, 40, { ...unix, connection: 2 }));
  wires.wireEnd({ half: true, connection: 2, ns: 45 });
  wires.wire(eventOf("HTTP/1.1 204 No Content\r\n\r\n", 0, 50, { ...unix, connection: 2 }));
  assert.deepEqual(told, ["GET 10-30 ", "GET 40-50 "]);
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

test("nor is it where it is answered: the parent of that would be nowhere", () => {
  const { wires, told } = table();
  const server = { connection: 2, localPort: 6379, peerPort: 40_000 };
  for (const [ns, parent] of [
    [10, 0xffffffff],
    [50, 0],
  ] as const) {
    const begin = ns === 10 ? first : 0;
    wires.wire(eventOf(get, opener | begin, ns, { parent }));
    wires.wire(eventOf(get, received | accepted | begin, ns + 10, { ...server, sequence: ns }));
    wires.wire(eventOf("$1\r\nx\r\n", 0, ns + 20, server));
    wires.wire(eventOf("$1\r\nx\r\n", received, ns + 30));
  }
  assert.deepEqual(told, ["GET 60-70 ", "GET 50-80 "]);
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
  wires.wireEnd({ half: false, connection: 1, ns: 15 });
  wires.wire(eventOf(get, opener | first, 20, { connection: 2 }));
  wires.processExited(7, 30);
  assert.deepEqual(told, ["GET 10-15 connection_closed", "GET 20-30 connection_closed"]);
  assert.equal(wires.counts().connections, 0);
});

describe("connections whose queries are told by calls", () => {
  const message = (type: string, body: string): string =>
    `${type}\0\0\0${String.fromCharCode(4 + body.length)}${body}`;
  const query = message("Q", "SELECT 1\0");
  const answer = `${message("C", "SELECT 1\0")}Z\0\0\0\x05I`;
  const startup = "\0\0\0\x1e\0\x03\0\0user\0u\0database\0shop\0\0";

  /** ask tells a statement and its answer. */
  const ask = (wires: Wires, ns: number, flags = 0, goid = 5, text = query): void => {
    wires.wire(eventOf(text, flags, ns, { goid, peerPort: 5432 }));
    wires.wire(eventOf(answer, received, ns + 1, { peerPort: 5432 }));
  };
  const brief = (joins = newJoins()) => {
    const heard: unknown[] = [];
    const turns: (number | undefined)[] = [];
    const made = table({
      joins,
      callOf: (_, goid) => (goid === 5 ? new Uint8Array(40) : undefined),
      heard: ({ attributes }) => void heard.push(attributes["db.response.returned_rows"]),
      tell(_, state, turn) {
        made.verdicts.push([1, state]);
        turns.push(turn);
      },
    });
    made.wires.wire(eventOf(startup, opener | first, 1, { peerPort: 5432 }));
    made.wires.wire(eventOf("Z\0\0\0\x05I", received, 2, { peerPort: 5432 }));
    return { ...made, heard, turns };
  };

  test("only what adds to the calls is asked for, after four in a row", () => {
    const { wires, verdicts, turns, heard, told } = brief();
    for (let i = 1; i <= 3; i++) ask(wires, i * 10);
    assert.deepEqual(verdicts, [[1, WireState.read]]);
    ask(wires, 40);
    assert.deepEqual(verdicts.at(-1), [1, WireState.brief]);
    ask(wires, 50);
    assert.deepEqual(turns, [undefined, 1]);
    assert.deepEqual(heard, [1, 1, 1, 1, 1]);
    assert.deepEqual(told, []);
    assert.deepEqual([wires.called(1, 60)?.namespace, wires.called(2, 60)], ["shop", undefined]);
  });

  test("another exchange between them begins the count anew", () => {
    const { wires, verdicts, told } = brief();
    for (let i = 1; i <= 3; i++) ask(wires, i * 10);
    ask(wires, 40, 0, 6);
    for (let i = 5; i <= 7; i++) ask(wires, i * 10);
    assert.deepEqual(verdicts, [[1, WireState.read]]);
    assert.deepEqual(told, ["SELECT 40-41 "]);
  });

  test("what follows what was not told is read anew, and may be asked for again", () => {
    const { wires, turns, told } = brief();
    for (let i = 1; i <= 4; i++) ask(wires, i * 10);
    // The last write that was told, whose answer was not, and half of another's.
    wires.wire(eventOf(query, 0, 50, { goid: 5, peerPort: 5432 }));
    wires.wire(eventOf(answer.slice(0, 7), received, 51, { peerPort: 5432 }));
    ask(wires, 60, WireFlag.resumed, 6, message("Q", "SELECT 2\0"));
    assert.deepEqual(told, ["SELECT 60-61 "]);
    for (let i = 7; i <= 10; i++) ask(wires, i * 10);
    assert.deepEqual(turns, [undefined, 1, 2]);
  });

  test("a server's side that looks for its client's spans gets to hear of every write", () => {
    const joins = newJoins();
    const { wires, verdicts } = brief(joins);
    for (let i = 1; i <= 4; i++) ask(wires, i * 10);
    joins.find(40_000, 5432, 50);
    wires.called(1, 60);
    wires.called(1, 70);
    assert.deepEqual(verdicts.slice(2), [[1, WireState.read]]);
    ask(wires, 80, WireFlag.resumed);
    for (let i = 9; i <= 20; i++) ask(wires, i * 10);
    assert.equal(verdicts.length, 3);
  });
});
