import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeProtobuf,
  ExportTraceServiceRequest,
  encodeProtobuf,
  InstrumentationScope,
  Resource,
  type Span,
  SpanWriter,
} from "@go3s/telemetry";
import { WireFlag } from "../events/layout.js";
import type { WireEvent } from "../events/wire.js";
import { protocols } from "../protocols/protocols.js";
import { type Chunk, loadCapture } from "../protocols/testing/capture.js";
import { type MessageContext, newExchange } from "../protocols/wire.js";
import { newCall } from "../spans/calls.js";
import { newProcessSpans } from "../spans/process-spans.js";
import { newRouteTable } from "../spans/routes.js";
import { clientWire } from "../testing/client-wire.js";
import { newJoins } from "./joins.js";
import { newLatePolls } from "./late-polls.js";
import { newMessageLinks } from "./message-links.js";
import { newMessageOrigins } from "./message-origins.js";
import { newWireSpanWriter } from "./wire-span.js";
import { newWires, type WiresOptions } from "./wires.js";

const processes = [7, 8, 9].map((tgid) =>
  newProcessSpans({ tgid, serviceName: "shop", resource: new Uint8Array(0), routes: newRouteTable() }),
);
const clock = {
  toUnix(ns: number, into: { lo: number; hi: number }) {
    into.lo = ns >>> 0;
    into.hi = 1;
  },
  adjust: () => undefined,
};

function newWriter(): SpanWriter {
  const writer = new SpanWriter();
  writer.beginResource(encodeProtobuf(Resource, {}));
  writer.beginScope(encodeProtobuf(InstrumentationScope, { name: "go3s" }));
  return writer;
}

function spansOf(writer: SpanWriter): readonly Span[] {
  return (
    decodeProtobuf(ExportTraceServiceRequest, writer.finish()).resourceSpans[0]?.scopeSpans[0]?.spans ?? []
  );
}

const recorded = (name: string): readonly Chunk[] => loadCapture(name).chunks;

/** observe replays recorded connections of processes to a broker, and gives their spans by the name of the recording. */
function observe(
  recordings: readonly string[],
  sendOf?: WiresOptions["sendOf"],
  chunksOf = recorded,
): Map<string, Span[]> {
  const writers = new Map(processes.map((process) => [process.tgid, newWriter()]));
  const joins = newJoins();
  const links = newMessageLinks(newMessageOrigins());
  const spans = newWireSpanWriter(clock, joins, undefined, links);
  const tell: WiresOptions["emit"] = (exchange, wire, origin) => {
    const writer = writers.get(wire.process.tgid) ?? assert.fail();
    spans.write(exchange, wire, origin, writer);
  };
  const late = newLatePolls(links.isKnown, tell);
  const wires = newWires({
    protocols,
    processOf: (tgid) => processes.find((process) => process.tgid === tgid),
    adopt: () => false,
    joins,
    callOf: () => undefined,
    heard: () => undefined,
    tell: () => undefined,
    ...(sendOf === undefined ? {} : { sendOf }),
    emit(exchange, wire, origin) {
      if (!late.hold(exchange, wire, origin)) tell(exchange, wire, origin);
    },
  });
  let ns = 1_000_000_000;
  for (const [i, recording] of recordings.entries())
    for (const [at, { d, bytes }] of chunksOf(recording).entries()) {
      ns += 1000;
      const memory = Buffer.concat([Buffer.alloc(64), bytes]);
      Buffer.of(10, 0, 0, 1).copy(memory, 16);
      const event: WireEvent = {
        memory,
        flags: (d === 1 ? WireFlag.received : 0) | (at === 0 ? WireFlag.first | WireFlag.opener : 0),
        connection: i + 1,
        ns,
        tgid: processes[i]?.tgid ?? 0,
        tid: 7,
        goid: 0,
        parent: 0,
        family: 2,
        localPort: 40_000 + i,
        peerPort: 9092,
        localAddress: 0,
        peerAddress: 16,
        sequence: ns,
        data: 64,
        captured: bytes.length,
        total: bytes.length,
        missed: 0,
        secure: 0,
      };
      wires.wire(event);
    }
  late.sweep(Number.POSITIVE_INFINITY);
  return new Map(
    recordings.map((recording, i) => {
      const writer = writers.get(processes[i]?.tgid ?? 0) ?? assert.fail();
      return [recording, [...spansOf(writer)]];
    }),
  );
}

const batchesOf = (span: Span | undefined) =>
  span?.attributes
    .find(({ key }) => key === "go3s.kafka.batch")
    ?.value?.arrayValue?.values?.map(({ stringValue }) => stringValue);
const linksOf = (span: Span | undefined) => span?.links.map(({ traceId, spanId }) => `${traceId} ${spanId}`);
const idOf = ({ traceId, spanId }: Pick<Span, "traceId" | "spanId">) => `${traceId} ${spanId}`;

for (const order of [
  ["kafka-produce", "kafka-fetch"],
  ["kafka-fetch", "kafka-produce"],
])
  test(`a poll is linked to what sent its messages: ${order.join(" before ")}`, () => {
    const spans = observe(order);
    const sent = (spans.get("kafka-produce") ?? []).filter(({ name }) => name === "send orders");
    const polls = (spans.get("kafka-fetch") ?? []).filter(({ name }) => name === "poll orders");
    assert.deepEqual([sent.length, polls.length], [4, 1]);
    // The third was sent without an acknowledgement: its batch is known again.
    assert.deepEqual(linksOf(polls[0]), sent.map(idOf));
    for (const { flags, traceState } of polls[0]?.links ?? [])
      assert.deepEqual([flags, traceState], [0x301, ""]);
    assert.deepEqual(
      sent.flatMap(({ links }) => links),
      [],
    );
  });

test("what only has its topic's number is linked once some process was told whose that is", () => {
  const spans = observe(["kafka-modern-produce", "kafka-modern-fetch"]);
  const sent = (spans.get("kafka-modern-produce") ?? []).filter(({ name }) => name === "send orders");
  const polls = spans.get("kafka-modern-fetch") ?? [];
  // The second brought nothing.
  assert.deepEqual(polls.map(({ name, links }) => `${name} ${links.length}`).sort(), [
    "poll orders 0",
    "poll orders 2",
  ]);
  assert.deepEqual(polls.flatMap(linksOf), sent.map(idOf));
});

test("two agents that each see one end name the same batches, which nothing but their spans joins", () => {
  const sent = (observe(["kafka-produce"]).get("kafka-produce") ?? []).filter(
    ({ name }) => name === "send orders",
  );
  const [poll] = observe(["kafka-fetch"]).get("kafka-fetch") ?? [];
  assert.deepEqual(poll?.links, []);
  assert.deepEqual(batchesOf(poll)?.sort(), sent.flatMap((span) => batchesOf(span) ?? []).sort());
  assert.equal(new Set(batchesOf(poll)).size, 4);
  // Where one agent sees both, links say as much.
  const both = observe(["kafka-produce", "kafka-fetch"]);
  assert.equal(batchesOf(both.get("kafka-fetch")?.[0]), undefined);
});

test("a message's own header goes before what is known of its sender", () => {
  const spans = observe(["kafka-traced-produce", "kafka-traced-fetch"]);
  const sent = (spans.get("kafka-traced-produce") ?? []).filter(({ name }) => name === "send bills");
  const [poll] = (spans.get("kafka-traced-fetch") ?? []).filter(({ name }) => name === "poll bills");
  const carried = (n: number) => `${String(n).repeat(32)} ${String(n).repeat(16)}`;
  // One of the second request's has no header, the third request is compressed.
  const [, some, compressed] = sent.map(idOf);
  assert.deepEqual(linksOf(poll)?.sort(), [carried(1), carried(2), carried(3), some, compressed].sort());
  assert.deepEqual(
    poll?.links.filter(({ traceState }) => traceState !== "").map(({ traceState }) => traceState),
    ["shop=3", "shop=1", "shop=2"],
  );
  assert.deepEqual(sent.map(linksOf), [[carried(1)], [carried(2), carried(3)], []]);
});

test("what a library's only call has sent is linked to the call", () => {
  const ids = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
  const call = { ...newCall(processes[0] ?? assert.fail()), goid: 1, ids };
  const polled = (isOnly: boolean) => {
    const spans = observe(["kafka-produce", "kafka-fetch"], ({ name }) =>
      name === "send orders" ? { call, startNs: 0, isOnly } : undefined,
    );
    const sent = (spans.get("kafka-produce") ?? []).filter(({ name }) => name === "send orders");
    for (const { parentSpanId } of sent) assert.equal(parentSpanId, "1112131415161718");
    const [poll] = spans.get("kafka-fetch") ?? [];
    return { links: linksOf(poll), sent: sent.map(idOf) };
  };
  assert.deepEqual(polled(true).links, ["0102030405060708090a0b0c0d0e0f10 1112131415161718"]);
  const { links, sent } = polled(false);
  assert.deepEqual(links, sent);
});

test("of a call's messages that several requests share out each request is the producer of its own", () => {
  const ids = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
  const call = { ...newCall(processes[0] ?? assert.fail()), goid: 1, ids };
  const spans = observe(["kafka-produce", "kafka-fetch"], ({ name }) =>
    name === "send orders" ? { call, startNs: 0, isOnly: true, isPart: true } : undefined,
  );
  const sent = (spans.get("kafka-produce") ?? []).filter(({ name }) => name === "send orders");
  for (const { parentSpanId, kind } of sent) assert.deepEqual([parentSpanId, kind], ["1112131415161718", 4]);
  assert.deepEqual(linksOf(spans.get("kafka-fetch")?.[0]), sent.map(idOf));
});

test("what a call has sent that is not told is not told either, and is no message's sender", () => {
  const call = { ...newCall(processes[0] ?? assert.fail()), untold: true };
  const spans = observe(["kafka-produce", "kafka-fetch"], ({ attributes }) =>
    attributes["messaging.operation.type"] === "send" ? { call, startNs: 0, isOnly: true } : undefined,
  );
  assert.deepEqual(
    spans.get("kafka-produce")?.map(({ name }) => name),
    ["ApiVersions", "Metadata"],
  );
  assert.deepEqual(spans.get("kafka-fetch")?.flatMap(linksOf), []);
});

test("a call that has sent messages is not the parent of the other requests of the same write", () => {
  const ids = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
  const call = { ...newCall(processes[0] ?? assert.fail()), goid: 1, ids };
  const joined = (chunks: readonly Chunk[], d: 0 | 1): Chunk => {
    const own = chunks.filter((chunk) => chunk.d === d);
    return { d, ns: 0, bytes: Buffer.concat(own.map(({ bytes }) => bytes)) };
  };
  const spans = observe(
    ["kafka-produce"],
    ({ name }) => (name === "send orders" ? { call, startNs: 0, isOnly: true } : undefined),
    (name) => {
      const [ask, answer, ...more] = recorded(name);
      const both = more.slice(0, 4);
      return [ask ?? assert.fail(), answer ?? assert.fail(), joined(both, 0), joined(both, 1)];
    },
  );
  const told = spans.get("kafka-produce") ?? [];
  assert.deepEqual(
    told.map(({ name, parentSpanId }) => [name, parentSpanId]),
    [
      ["ApiVersions", ""],
      ["Metadata", ""],
      ["send orders", "1112131415161718"],
    ],
  );
  assert.equal(new Set(told.map(({ spanId }) => spanId)).size, 3);
});

test("links are distinct, valid and bounded", () => {
  const links = newMessageLinks(newMessageOrigins());
  const wire = clientWire(processes[0] ?? assert.fail());
  const context = (n: number): MessageContext => ({
    traceparent: `00-${"1".repeat(32)}-${n.toString(16).padStart(16, "0")}-00`,
    tracestate: "",
  });
  const contexts = Array.from({ length: 200 }, (_, i) => context(i));
  const exchange = newExchange("kafka", 1);
  exchange.attributes["messaging.operation.type"] = "receive";
  exchange.messages = [
    { topic: "orders", partition: 0, print: "", first: 0, count: 400, contexts: [...contexts, ...contexts] },
  ];
  const writer = newWriter();
  writer.beginSpan();
  links.write(exchange, wire, writer);
  writer.endSpan();
  const [span] = spansOf(writer);
  // The first has no valid span id.
  assert.deepEqual([span?.links.length, span?.droppedLinksCount], [128, 71]);
  assert.equal(span?.links[0]?.flags, 0x300);
});
