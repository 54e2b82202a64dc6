import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf, ExportTraceServiceRequest, SpanWriter } from "@go3s/telemetry";
import { WireFlag } from "../events/layout.js";
import type { WireEvent } from "../events/wire.js";
import { preface } from "../protocols/http2/frame.js";
import { protocols } from "../protocols/protocols.js";
import { openWallClock } from "../spans/clock.js";
import { newProcessSpans } from "../spans/process-spans.js";
import { encodedScope } from "../spans/resource.js";
import { newRouteTable } from "../spans/routes.js";
import { newJoins } from "./joins.js";
import { newSentNames } from "./sent-names.js";
import { newWireSpanWriter } from "./wire-span.js";
import { newWires } from "./wires.js";

const process = newProcessSpans({
  tgid: 7,
  serviceName: "shop",
  resource: new Uint8Array(0),
  routes: newRouteTable(),
});

const frame = (type: number, flags: number, stream: number, ...payload: readonly number[]): number[] => [
  ...[0, 0, payload.length, type, flags, 0, 0, 0, stream],
  ...payload,
];
const settings = frame(4, 0, 0);
// GET http /, and status 200, from the static table.
const asked = (stream: number): number[] => frame(1, 5, stream, 0x82, 0x86, 0x84);
const answered = (stream: number): number[] => frame(1, 5, stream, 0x88);
const { first, opener, received } = WireFlag;

function eventOf(bytes: readonly number[], flags: number, ns: number): WireEvent {
  return {
    memory: Uint8Array.from([...new Array<number>(32).fill(0), ...bytes]),
    flags,
    connection: 1,
    ns,
    tgid: 7,
    tid: 7,
    goid: 0,
    parent: 0,
    family: 2,
    localPort: 40_000,
    peerPort: 8080,
    localAddress: 0,
    peerAddress: 16,
    sequence: ns,
    data: 32,
    captured: bytes.length,
    total: bytes.length,
    missed: 0,
    secure: 0,
  };
}

/** table takes records, and gives the spans that they become. */
function table() {
  const writer = new SpanWriter();
  writer.beginResource(process.resource);
  writer.beginScope(encodedScope);
  const joins = newJoins();
  const spans = newWireSpanWriter(openWallClock(), joins);
  const wires = newWires({
    protocols,
    processOf: () => process,
    adopt: () => false,
    joins,
    callOf: () => undefined,
    heard: () => undefined,
    tell: () => undefined,
    emit: (exchange, wire, origin, said) => spans.write(exchange, wire, origin, writer, said),
  });
  const name = (stream: number, byte: number): void =>
    wires.wireName({ memory: new Uint8Array(32).fill(byte), connection: 1, stream, ids: 8 });
  const told = () =>
    decodeProtobuf(ExportTraceServiceRequest, writer.finish()).resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans),
    );
  return { wires, name, told };
}

test("requests have the ids that went out with them, those of one write too, in whatever order they are answered", () => {
  const { wires, name, told } = table();
  name(1, 0x11);
  name(3, 0x33);
  wires.wire(
    eventOf(
      [...Buffer.from(preface), ...settings, ...asked(1), ...asked(3), ...asked(5)],
      opener | first,
      10,
    ),
  );
  wires.wire(eventOf([...settings, ...answered(5), ...answered(3), ...answered(1)], received, 20));
  const spans = told();
  assert.deepEqual(spans.map(({ traceId, spanId }) => [traceId.slice(0, 4), spanId.slice(0, 4)]).slice(1), [
    ["3333", "3333"],
    ["1111", "1111"],
  ]);
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 3);
  assert.ok(spans.every(({ parentSpanId }) => parentSpanId === ""));
});

test("bytes that the socket did not take are sent again under another name", () => {
  const { wires, name, told } = table();
  name(1, 0x11);
  name(1, 0x22);
  wires.wire(eventOf([...Buffer.from(preface), ...asked(1)], opener | first, 10));
  wires.wire(eventOf([...settings, ...answered(1)], received, 20));
  assert.deepEqual(
    told().map(({ traceId }) => traceId),
    ["22".repeat(16)],
  );
});

test("names are bounded, and go with their connection", () => {
  const names = newSentNames();
  const ids = new Uint8Array(24);
  for (let stream = 1; stream <= 3000; stream++) names.set(1, stream, ids);
  assert.equal(names.forgotten(), 952);
  assert.equal(names.take(1, 952), undefined);
  assert.equal(names.take(1, 953), ids);
  assert.equal(names.take(1, 953), undefined);
  names.forget(1);
  assert.equal(names.take(1, 2000), undefined);
  for (let connection = 1; connection <= 5000; connection++) names.set(connection, 1, ids);
  assert.equal(names.forgotten(), 952 + 904);
});
