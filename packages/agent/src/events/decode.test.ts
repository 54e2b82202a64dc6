import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createDecoder } from "./decode.js";
import type { EventSink } from "./event.js";
import {
  endRecord,
  headRecord,
  moreRecord,
  processRecord,
  requestRecord,
  responseRecord,
  tcpRecord,
  wireNameRecord,
} from "./sample-records.js";
import { ignoreStreams } from "./stream.js";

const text = (memory: Uint8Array, at: number, length: number) =>
  Buffer.from(memory.subarray(at, at + length)).toString("latin1");

function recorder() {
  const seen: unknown[][] = [];
  const sink: EventSink = {
    ...ignoreStreams,
    request: (e) =>
      seen.push([
        "request",
        e.exchange,
        e.role,
        e.ns,
        e.goid,
        e.parent,
        e.peerPort,
        e.bytes,
        text(e.memory, e.head, e.headLength),
      ]),
    head: (e) => seen.push(["head", e.exchange, text(e.memory, e.text, e.textLength)]),
    handOver: (e) => seen.push(["handOver", e.exchange, e.goid]),
    unixPath: (e) => seen.push(["unixPath", e.isWire, e.number, text(e.memory, e.path, e.pathLength)]),
    again: (e) => seen.push(["again", e.exchange, e.ns, e.endNs, e.tgid, e.original, e.ports, e.sequence]),
    response: (e) =>
      seen.push([
        "response",
        e.exchange,
        e.handlerEndNs,
        e.bytes,
        text(e.memory, e.route, e.routeLength),
        text(e.memory, e.head, e.headLength),
        text(e.memory, e.tail, 8),
      ]),
    more: (e) => seen.push(["more", e.exchange, e.responseBytes, text(e.memory, e.tail, 8)]),
    end: (e) => seen.push(["end", e.exchange, e.reason, text(e.memory, e.route, e.routeLength)]),
    tcpOpen: (e) => seen.push(["open", e.tgid, e.connectNs, e.peerPort, e.error, text(e.memory, e.comm, 4)]),
    tcpClose: (e) => seen.push(["close", e.tgid, e.bytesSent, e.bytesReceived]),
    processStart: (e) => seen.push([e.forked ? "fork" : "start", e.tgid, text(e.memory, e.comm, 3)]),
    processExit: (e) => seen.push(["exit", e.tgid, e.exitCode]),
    call: (e) => seen.push(["call", e.operation, e.tgid, e.ns, e.goid, text(e.memory, e.text, e.textLength)]),
    callEnd: (e) => seen.push(["callEnd", e.tgid, e.ns, e.goid, e.errorType]),
    madeStart: (e) => seen.push(["madeStart", e.tgid, e.ns, e.goid, e.span, e.above, e.parent, e.hops]),
    madePart: (e) => seen.push(["madePart", e.tgid, e.ns, e.span, e.at, e.total, e.textLength]),
    wire: (e) => seen.push(["wire", e.connection, e.total, text(e.memory, e.data, e.captured)]),
    wireName: (e) =>
      seen.push([
        "wireName",
        e.connection,
        e.stream,
        Buffer.from(e.memory.subarray(e.ids, e.ids + 24)).toString("hex"),
      ]),
    wireEnd: (e) => seen.push(["wireEnd", e.connection, e.ns]),
    unknown: (kind) => seen.push(["unknown", kind]),
  };
  return { seen, sink };
}

test("records of every kind come out as they went in", () => {
  const { seen, sink } = recorder();
  const decode = createDecoder(sink);
  const feed = (record: Uint8Array) => {
    const ring = new Uint8Array(record.length + 16);
    ring.set(record, 8);
    decode(ring, 8, record.length);
  };
  feed(
    requestRecord("GET / HTTP/1.1\r\n\r\n", {
      exchange: 7,
      role: 1,
      ns: 123_456_789_012,
      goid: 2 ** 40,
      parent: 5,
      peerPort: 443,
    }),
  );
  feed(headRecord("Host: a\r\n\r\n", { exchange: 7 }));
  feed(
    responseRecord("HTTP/1.1 200 OK\r\n\r\nhello", { exchange: 7, handlerEndNs: 2 ** 41 }, "GET /users/{id}"),
  );
  feed(responseRecord("HTTP/1.1 204 No Content\r\n\r\n", { exchange: 8 }));
  feed(moreRecord("0\r\n\r\n", { exchange: 7, responseBytes: 2 ** 33 }));
  feed(endRecord({ exchange: 7, reason: 1 }, "/stream"));
  feed(endRecord({ exchange: 8, reason: 2 }));
  feed(
    tcpRecord(
      "tcpOpen",
      { tgid: 9, connectNs: 55, peerPort: 80, error: 111 },
      [127, 0, 0, 1],
      [10, 0, 0, 1],
      "wget",
    ),
  );
  feed(tcpRecord("tcpClose", { tgid: 9, bytesSent: 2 ** 35, bytesReceived: 3 }, [1], [2]));
  feed(processRecord("processStart", { tgid: 10 }, "svc"));
  feed(processRecord("processStart", { tgid: 12, isForked: 1 }, "svc"));
  feed(processRecord("processExit", { tgid: 10, exitCode: 256 }));
  feed(wireNameRecord({ connection: 11, ns: 5, streamID: 2 ** 31 - 1 }, new Uint8Array(24).fill(0xab)));
  assert.deepEqual(seen, [
    ["request", 7, 1, 123_456_789_012, 2 ** 40, 5, 443, 18, "GET / HTTP/1.1\r\n\r\n"],
    ["head", 7, "Host: a\r\n\r\n"],
    [
      "response",
      7,
      2 ** 41,
      24,
      "GET /users/{id}",
      "HTTP/1.1 200 OK\r\n\r\nhello",
      "\r\n\r\nhello".slice(-8),
    ],
    ["response", 8, 0, 27, "", "HTTP/1.1 204 No Content\r\n\r\n", "tent\r\n\r\n"],
    ["more", 7, 2 ** 33, "\0\0\x000\r\n\r\n"],
    ["end", 7, 1, "/stream"],
    ["end", 8, 2, ""],
    ["open", 9, 55, 80, 111, "wget"],
    ["close", 9, 2 ** 35, 3],
    ["start", 10, "svc"],
    ["fork", 12, "svc"],
    ["exit", 10, 256],
    ["wireName", 11, 2 ** 31 - 1, "ab".repeat(24)],
  ]);
});

test("a byte of the head that came with an earlier read stands in front of the rest", () => {
  const { seen, sink } = recorder();
  const record = requestRecord("GET /split HTTP/1.1\r\n\r\n", { exchange: 1 }, 1);
  createDecoder(sink)(record, 0, record.length);
  assert.equal(seen[0]?.at(-1), "GET /split HTTP/1.1\r\n\r\n");
});

test("cut and random records are unknown, never read past their end", () => {
  const whole = [
    requestRecord("GET / HTTP/1.1\r\n\r\n", { exchange: 1 }),
    responseRecord("HTTP/1.1 200 OK\r\n\r\n", { exchange: 1 }, "/x"),
    endRecord({ exchange: 1 }, "/x"),
    headRecord("abc", {}),
    moreRecord("", {}),
    tcpRecord("tcpOpen", {}, [1, 2, 3, 4], [1, 2, 3, 4]),
    processRecord("processExit", {}),
    wireNameRecord({}, new Uint8Array(24)),
  ];
  for (const record of whole) {
    const { seen, sink } = recorder();
    const decode = createDecoder(sink);
    for (let cut = 0; cut < record.length; cut++) decode(record.slice(0, cut), 0, cut);
    // A route has a fixed slot: a record that is cut behind the pattern's last byte is still whole.
    for (const row of seen) assert.ok(["unknown", "end", "response"].includes(String(row[0])));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(10), (bytes, kind) => {
      if (bytes.length > 0) bytes[0] = kind;
      const { sink } = recorder();
      const bound: EventSink = {
        ...sink,
        request: (e) => assert.ok(e.head + e.headLength <= bytes.length),
        response: (e) => assert.ok(e.head + e.headLength <= bytes.length),
        end: (e) => assert.ok(e.route + e.routeLength <= bytes.length),
      };
      createDecoder(bound)(bytes, 0, bytes.length);
    }),
  );
});
