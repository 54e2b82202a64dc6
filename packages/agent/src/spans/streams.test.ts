import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamConnEvent, StreamEndEvent, StreamEvent } from "../events/stream.js";
import { streamExchange } from "../events/stream-layout.js";
import { StreamKind } from "../go/stream-site.js";
import { grpcError } from "../protocols/http2/grpc-status.js";
import { type MessageOrigins, newMessageOrigins } from "../wires/message-origins.js";
import { hexText, idLayout } from "./ids.js";
import { newProcessSpans } from "./process-spans.js";
import { newRouteTable } from "./routes.js";
import { newStreamConns } from "./stream-conns.js";
import { newStreams } from "./streams.js";

interface Told {
  readonly path: string;
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly failure: string;
  readonly sender?: string;
}

function setup(origins?: MessageOrigins) {
  const process = newProcessSpans({
    tgid: 7,
    serviceName: "shop",
    resource: new Uint8Array(0),
    routes: newRouteTable(),
  });
  const told: Told[] = [];
  const conns = newStreamConns();
  const streams = newStreams({
    processOf: (tgid) => (tgid === 7 || tgid === 8 ? process : undefined),
    adopt: (number, tgid, ids) => streams.adopt(number, tgid, ids),
    conns,
    ...(origins === undefined ? {} : { origins }),
    emit({ path, ids, hasParent, sender }, failure) {
      const id = (at: number, length: number) => hexText(ids, at, length);
      const parent = hasParent ? id(idLayout.parent, 8) : "";
      const link = sender && { sender: hexText(sender, idLayout.span, 8) };
      told.push({
        path,
        trace: id(idLayout.trace, 16),
        span: id(idLayout.span, 8),
        parent,
        failure,
        ...link,
      });
    },
  });
  return { process, told, conns, streams };
}

const place = (texts: readonly string[]) => {
  const memory = Buffer.from(`????${texts.join("")}`);
  return { memory, text: 4, lengths: Uint16Array.from(texts, (text) => text.length) };
};
const noTexts = ["", "", "", "", "", "", "", ""];

const begin = (path: string, more: Partial<StreamEvent>, texts = noTexts): StreamEvent => ({
  role: 0,
  protocol: StreamKind.grpc,
  flags: 0,
  tgid: 7,
  ns: 100,
  key: 5,
  goid: 5,
  connection: 0,
  streamId: 1,
  parent: 0,
  hops: 0,
  threshold: 0,
  randomness: 0,
  ...place(texts.with(1, path)),
  ...more,
});

const end = (more: Partial<StreamEndEvent>): StreamEndEvent => ({
  memory: new Uint8Array(0),
  role: 0,
  protocol: StreamKind.grpc,
  flags: 0,
  tgid: 7,
  ns: 200,
  key: 5,
  errorType: 0,
  requestBytes: -1,
  responseBytes: -1,
  status: 0,
  text: 0,
  textLength: 0,
  ...more,
});

const conn = (more: Partial<StreamConnEvent>): StreamConnEvent => ({
  memory: Buffer.from([10, 0, 0, 1, 10, 0, 0, 2]),
  role: 0,
  flags: 0,
  tgid: 7,
  connection: 4096,
  family: 2,
  localPort: 80,
  peerPort: 5000,
  localAddress: 0,
  peerAddress: 4,
  ...more,
});

test("a call is the child of the stream that its goroutine serves", () => {
  const { streams, told, process } = setup();
  streams.stream(begin("/served", { key: 5 }));
  streams.stream(begin("/made", { role: 1, key: 99, parent: streamExchange | 5 }));
  streams.streamEnd(end({ role: 1, key: 99 }));
  streams.streamEnd(end({ key: 5 }));
  const [made, served] = told;
  assert.equal(made?.parent, served?.span);
  assert.equal(made?.trace, served?.trace);
  assert.deepEqual([process.requests, process.calls, process.orphans], [1, 1, 0]);
  assert.deepEqual(streams.counts(), { open: 0, dropped: {} });
});

test("both ends of a connection find each other by their stream, whichever is told first", () => {
  const { streams, told } = setup();
  const client = { memory: Buffer.from([10, 0, 0, 2, 10, 0, 0, 1]), localPort: 5000, peerPort: 80 };
  streams.streamConn(conn({ ...client, role: 1, tgid: 8, connection: 8192 }));
  streams.streamConn(conn({}));
  streams.stream(begin("/one", { role: 1, tgid: 8, key: 1 }));
  streams.streamSent({ tgid: 8, ns: 110, key: 1, connection: 8192, streamId: 1 });
  streams.stream(begin("/one", { connection: 4096, streamId: 1 }));
  streams.streamEnd(end({}));
  streams.streamEnd(end({ role: 1, tgid: 8, key: 1 }));
  // The next one's record is late.
  streams.stream(begin("/two", { connection: 4096, streamId: 3 }));
  streams.streamEnd(end({}));
  streams.stream(begin("/two", { role: 1, tgid: 8, key: 2 }));
  streams.streamSent({ tgid: 8, ns: 110, key: 2, connection: 8192, streamId: 3 });
  streams.streamEnd(end({ role: 1, tgid: 8, key: 2 }));
  for (const path of ["/one", "/two"]) {
    const [server, other] = told.filter((each) => each.path === path);
    assert.equal(server?.parent, other?.span, path);
    assert.equal(server?.trace, other?.trace, path);
  }
});

test("a connection between other addresses is another one", () => {
  const { streams, told } = setup();
  const client = { memory: Buffer.from([10, 0, 0, 3, 10, 0, 0, 9]), localPort: 5000, peerPort: 80 };
  streams.streamConn(conn({ ...client, role: 1, tgid: 8, connection: 8192 }));
  streams.streamConn(conn({}));
  streams.stream(begin("/one", { role: 1, tgid: 8, key: 1 }));
  streams.streamSent({ tgid: 8, ns: 110, key: 1, connection: 8192, streamId: 1 });
  streams.stream(begin("/one", { connection: 4096, streamId: 1 }));
  streams.streamEnd(end({}));
  assert.equal(told[0]?.parent, "");
});

test("a trace that came with the headers is followed", () => {
  const { streams, told } = setup();
  const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  streams.stream(begin("/a", {}, noTexts.with(5, trace)));
  streams.streamEnd(end({}));
  assert.deepEqual([told[0]?.trace, told[0]?.parent], [trace.slice(3, 35), trace.slice(36, 52)]);
});

test("a goroutine's number is known by its lower bits", () => {
  const { streams, told } = setup();
  const goid = 2 ** 32 + 12;
  streams.stream(begin("/a", { key: goid, goid }));
  assert.equal(streams.adopt(streamExchange | 12, 7, new Uint8Array(32)), true);
  assert.equal(streams.adopt(streamExchange | 13, 7, new Uint8Array(32)), false);
  assert.deepEqual(streams.serving(), [`7:${goid}`]);
  streams.streamEnd(end({ key: goid }));
  assert.equal(told.length, 1);
});

test("what a process leaves open ends with it", () => {
  const { streams, told, conns } = setup();
  streams.streamConn(conn({}));
  assert.deepEqual([conns.isTold(7, 80, 5000), conns.isTold(7, 80, 5001)], [true, false]);
  streams.stream(begin("/a", {}));
  streams.processExited(7, 300);
  assert.deepEqual(
    told.map(({ path, failure }) => [path, failure]),
    [["/a", "process_exited"]],
  );
  assert.equal(conns.isTold(7, 80, 5000), false);
});

test("statuses are errors by the conventions", () => {
  const rows = [
    [0, "", ""],
    [1, "CANCELLED", ""],
    [2, "UNKNOWN", "UNKNOWN"],
    [5, "NOT_FOUND", ""],
    [14, "UNAVAILABLE", "UNAVAILABLE"],
    [77, "77", "77"],
  ] as const;
  for (const [code, client, server] of rows)
    assert.deepEqual([grpcError(code, false), grpcError(code, true)], [client, server], String(code));
});

test("a stream whose end is told before its beginning is over, and its goroutine's next one is not", () => {
  const { streams, told } = setup();
  streams.streamEnd(end({ key: 5, ns: 200 }));
  streams.stream(begin("/first", { key: 5, ns: 100 }));
  assert.deepEqual(
    told.map(({ path, failure }) => [path, failure]),
    [["/first", ""]],
  );
  streams.streamEnd(end({ key: 6, ns: 200 }));
  streams.stream(begin("/later", { key: 6, ns: 300 }));
  assert.equal(told.length, 1);
  assert.equal(streams.counts().open, 1);
});

test("a stream that is told whole stands alone, and follows the trace that it was sent", () => {
  const { streams, told, process } = setup();
  const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  streams.streamWhole(begin("/whole", { key: 5 }, noTexts.with(5, trace)), end({ key: 5 }));
  assert.deepEqual(
    told.map(({ path, trace, parent }) => [path, trace, parent]),
    [["/whole", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"]],
  );
  assert.equal(process.requests, 1);
  assert.equal(streams.counts().open, 0);
});

test("a message without a header is the child of who sent what has its offset", () => {
  const origins = newMessageOrigins();
  const sender = new Uint8Array(idLayout.size).fill(0xab);
  origins.sent("10.0.0.1:9092", "orders", 3, 2 ** 40, 2, sender);
  const { process, told, streams } = setup(origins);
  const message = { protocol: StreamKind.message, streamId: 3 };
  const over = end({ protocol: StreamKind.message });
  streams.streamWhole(begin("orders", { ...message, connection: 2 ** 40 + 1 }), over);
  streams.streamWhole(begin("orders", { ...message, connection: 2 ** 40 + 2 }), over);
  streams.streamWhole(begin("bills", { ...message, connection: 2 ** 40 }), over);
  // What it brought along says more than where it lay.
  const texts = noTexts.with(5, `00-${"1".repeat(32)}-${"2".repeat(16)}-01`);
  streams.streamWhole(begin("orders", { ...message, connection: 2 ** 40 }, texts), over);
  assert.deepEqual(
    told.map(({ parent }) => parent),
    ["ab".repeat(8), "", "", "2".repeat(16)],
  );
  assert.deepEqual([told[0]?.trace, told[3]?.trace], ["ab".repeat(16), "1".repeat(32)]);
  assert.deepEqual([process.messages, process.requests], [4, 4]);
});

test("what is done for a message that is not over is its child", () => {
  const { told, streams } = setup(newMessageOrigins());
  streams.stream(begin("orders", { protocol: StreamKind.message, key: 9, goid: 9 }));
  const ids = new Uint8Array(idLayout.size);
  assert.ok(streams.adopt(streamExchange | 9, 7, ids));
  streams.streamEnd(end({ protocol: StreamKind.message, key: 9 }));
  assert.equal(hexText(ids, idLayout.parent, 8), told[0]?.span);
  assert.equal(hexText(ids, idLayout.trace, 16), told[0]?.trace);
});

test("a message whose trace had begun before its sender was known keeps it, and is linked", () => {
  const origins = newMessageOrigins();
  const { told, streams } = setup(origins);
  const message = { protocol: StreamKind.message, streamId: 3, connection: 5 };
  const over = end({ protocol: StreamKind.message });
  // The kernel side names it when it puts a traceparent into what is asked meanwhile.
  const named = begin("orders", message, noTexts.with(5, "\u0001".repeat(16)));
  streams.stream(begin("orders", { ...message, key: 9, goid: 9 }));
  const ids = new Uint8Array(idLayout.size);
  assert.ok(streams.adopt(streamExchange | 9, 7, ids));
  origins.sent("10.0.0.1:9092", "orders", 3, 5, 1, new Uint8Array(idLayout.size).fill(0xab));
  streams.streamEnd({ ...over, key: 9 });
  streams.streamWhole(named, over);
  streams.streamWhole(begin("orders", message), over);
  assert.deepEqual(
    told.map(({ trace, parent, sender }) => [trace, parent, sender]),
    [
      [hexText(ids, idLayout.trace, 16), "", "ab".repeat(8)],
      ["01".repeat(16), "", "ab".repeat(8)],
      ["ab".repeat(16), "ab".repeat(8), undefined],
    ],
  );
});
