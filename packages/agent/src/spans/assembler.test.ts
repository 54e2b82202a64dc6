import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf, ExportTraceServiceRequest, type Span, SpanWriter } from "@go3s/telemetry";
import { createDecoder } from "../events/decode.js";
import type { EventSink } from "../events/event.js";
import { EndReason, Role } from "../events/layout.js";
import {
  againRecord,
  endRecord,
  headRecord,
  moreRecord,
  requestRecord,
  responseRecord,
} from "../events/sample-records.js";
import { ignoreStreams } from "../events/stream.js";
import { type Assembler, newAssembler } from "./assembler.js";
import { openWallClock } from "./clock.js";
import { newHttpSpanWriter } from "./http-span.js";
import { newProcessSpans, type ProcessSpans } from "./process-spans.js";
import { encodedScope, encodeResource } from "./resource.js";
import { newRouteTable } from "./routes.js";

const base = 1_700_000_000_000_000_000n;

interface Rig {
  readonly assembler: Assembler;
  readonly process: ProcessSpans;
  feed(...records: Uint8Array[]): void;
  spans(): Span[];
}

/** rig runs records through decoder, assembler and span writer, and reads the spans back with the object codec. */
function rig(handlerEndsTold = false): Rig {
  const process = newProcessSpans({
    tgid: 7,
    serviceName: "shop",
    resource: encodeResource({ serviceName: "shop", attributes: new Map([["service.name", "shop"]]) }),
    routes: newRouteTable(),
  });
  process.handlerEndsTold = handlerEndsTold;
  const writer = new SpanWriter();
  const seen: Span[] = [];
  const startBatch = (): void => {
    writer.reset();
    writer.beginResource(process.resource);
    writer.beginScope(encodedScope);
  };
  startBatch();
  const http = newHttpSpanWriter(openWallClock(() => base));
  const assembler = newAssembler({
    processOf: (tgid) => (tgid === 7 || tgid === 8 ? process : undefined),
    repeat: (exchange, template) => http.repeat(exchange, template, writer),
    emit: (exchange, head, failure) => http.write(exchange, head, writer, failure),
  });
  const ignore = () => {};
  const sink: EventSink = {
    ...assembler,
    ...ignoreStreams,
    call: ignore,
    callEnd: ignore,
    madeStart: ignore,
    madePart: ignore,
    wire: ignore,
    wireName: ignore,
    wireEnd: ignore,
    tcpOpen: ignore,
    tcpClose: ignore,
    processStart: ignore,
    processExit: ignore,
    unknown: (kind) => assert.fail(`record of unknown kind ${kind}`),
  };
  const decode = createDecoder(sink);
  return {
    assembler,
    process,
    feed: (...records) => {
      for (const record of records) decode(record, 0, record.length);
    },
    spans() {
      const request = decodeProtobuf(ExportTraceServiceRequest, writer.finish());
      seen.push(...request.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((scope) => scope.spans)));
      startBatch();
      return seen;
    },
  };
}

const attributes = (span: Span): Record<string, string> =>
  Object.fromEntries(
    span.attributes.map((a) => [a.key, String(a.value?.stringValue ?? a.value?.intValue ?? "")]),
  );

const get = "GET /users/7?x=1 HTTP/1.1\r\nHost: shop:8080\r\nUser-Agent: wrk\r\n\r\n";
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const server = { role: Role.server, tgid: 7, exchange: 1, ns: 1000, localPort: 8080, peerPort: 50000 };

test("tracestate and baggage that came in are kept", () => {
  const { feed, spans } = rig();
  const head =
    "GET / HTTP/1.1\r\nHost: shop\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n" +
    "Tracestate: a=1,ot=th:8\r\nBaggage: user.id=7,tier=gold;p=1\r\n\r\n";
  feed(requestRecord(head, server), responseRecord(ok, { exchange: 1, ns: 3500 }));
  const [span] = spans();
  assert.ok(span);
  assert.equal(span.traceState, "ot=th:8,a=1");
  assert.equal(attributes(span)["go3s.baggage"], "user.id=7,tier=gold;p=1");
});

test("so are lists that came in several lines, and no tracestate without a traceparent", () => {
  const { feed, spans } = rig();
  const lists =
    "tracestate: a=1\r\nbaggage:x=1\r\nX-Baggage: no=1\r\nTraceState:  b=2,c=3 \r\nBAGGAGE: y=2\r\n\r\n";
  const parent = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
  for (const [exchange, lines] of [parent, "", "traceparent: 00-0-0-01\r\n"].entries()) {
    const begun = { ...server, exchange: exchange + 1, ns: 1000 + exchange * 1000 };
    feed(requestRecord(`GET / HTTP/1.1\r\nHost: shop\r\n${lines}${lists}`, begun));
    feed(responseRecord(ok, { exchange: exchange + 1, ns: begun.ns + 500 }));
  }
  const told = spans().map((span) => [span.traceState, attributes(span)["go3s.baggage"]]);
  assert.deepEqual(told, [
    ["a=1,b=2,c=3", "x=1,y=2"],
    ["", "x=1,y=2"],
    ["", "x=1,y=2"],
  ]);
});

test("a request and its response become one server span with everything the wire said", () => {
  const { feed, spans, assembler } = rig();
  feed(requestRecord(get, { ...server, goid: 42 }), responseRecord(ok, { exchange: 1, ns: 3500 }));
  const [span, none] = spans();
  assert.ok(span);
  assert.equal(none, undefined);
  assert.equal(span.name, "GET");
  assert.equal(span.kind, 2);
  assert.equal(span.startTimeUnixNano, base + 1000n);
  assert.equal(span.endTimeUnixNano, base + 3500n);
  assert.equal(span.parentSpanId, "");
  assert.match(span.traceId, /^[0-9a-f]{32}$/);
  const a = attributes(span);
  assert.equal(a["http.request.method"], "GET");
  assert.equal(a["url.path"], "/users/7");
  assert.equal(a["url.query"], "x=1");
  assert.equal(a["server.address"], "shop");
  assert.equal(a["server.port"], "8080");
  assert.equal(a["http.response.status_code"], "200");
  assert.equal(a["http.response.body.size"], "5");
  assert.equal(a["user_agent.original"], "wrk");
  assert.deepEqual([a["client.address"], a["network.peer.address"]], ["0.0.0.0", "0.0.0.0"]);
  assert.equal(a["go3s.goroutine.id"], "42");
  assert.equal(assembler.counts().openExchanges, 0);
});

test("route and end come from the handler when the probe tells them; paths learned answer when it rests", () => {
  const { feed, spans, process } = rig(true);
  feed(
    requestRecord(get, server),
    responseRecord(ok, { exchange: 1, ns: 3500, handlerEndNs: 3000 }, "GET /users/{id}"),
  );
  process.handlerEndsTold = false;
  feed(
    requestRecord(get.replace("/7", "/8"), { ...server, exchange: 2 }),
    responseRecord(ok, { exchange: 2, ns: 9000 }),
  );
  const [first, second] = spans();
  assert.equal(first?.name, "GET /users/{id}");
  assert.equal(first?.endTimeUnixNano, base + 3000n);
  assert.equal(second?.name, "GET /users/{id}");
  assert.equal(process.newPaths, 2);
});

test("a response that is whole before its handler ends waits for the handler, and no longer than two seconds", () => {
  const { feed, spans, assembler } = rig(true);
  feed(requestRecord(get, server), responseRecord(ok, { exchange: 1, ns: 2000 }));
  assert.equal(spans().length, 0);
  feed(
    endRecord({ exchange: 1, reason: EndReason.handler, ns: 8000, responseBytes: ok.length }, "/users/{id}"),
  );
  assert.equal(spans()[0]?.endTimeUnixNano, base + 8000n);
  feed(requestRecord(get, { ...server, exchange: 2 }), responseRecord(ok, { exchange: 2, ns: 2000 }));
  assembler.sweep(1_000_000_000);
  assert.equal(spans().length, 1);
  assembler.sweep(2_100_000_000);
  assert.equal(spans().length, 2);
});

test("a request from before the probe was there waits a moment, and takes its route from what was learned since", () => {
  const { feed, spans, assembler, process } = rig(true);
  process.handlerEndsSinceNs = 5000;
  feed(requestRecord(get, server), responseRecord(ok, { exchange: 1, ns: 2000 }));
  process.routes.learn("GET", "/users/7", "GET /users/{id}");
  assembler.sweep(100_000_000);
  assert.equal(spans().length, 0);
  assembler.sweep(500_000_000);
  assert.equal(spans()[0]?.name, "GET /users/{id}");
});

test("a chunked response ends with its last chunk, one with a length when all is there", () => {
  const { feed, spans } = rig();
  feed(
    requestRecord(get, server),
    responseRecord("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", {
      exchange: 1,
      ns: 2000,
    }),
    moreRecord("\nworld\r\n", { exchange: 1, ns: 2500, responseBytes: 70 }),
  );
  assert.equal(spans().length, 0);
  feed(moreRecord("\r\n0\r\n\r\n", { exchange: 1, ns: 3000, responseBytes: 75 }));
  assert.equal(spans()[0]?.endTimeUnixNano, base + 3000n);
  const part = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  feed(requestRecord(get, { ...server, exchange: 2 }), responseRecord(part, { exchange: 2, ns: 4000 }));
  feed(moreRecord("xxxxxxxx", { exchange: 2, ns: 5000, responseBytes: part.length + 1000 }));
  assert.equal(attributes(spans()[1] ?? assert.fail())["http.response.body.size"], "1000");
});

test("the next request on a connection ends a response whose end nobody could see", () => {
  const { feed, spans } = rig();
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  feed(requestRecord(get, server), responseRecord(chunked, { exchange: 1, ns: 2000 }));
  feed(requestRecord(get, { ...server, peerPort: 50001, exchange: 2 }));
  assert.equal(spans().length, 0);
  feed(requestRecord(get, { ...server, ns: 9000, exchange: 3 }));
  assert.deepEqual(
    spans().map((span) => span.endTimeUnixNano),
    [base + 2000n],
  );
});

test("a head in several pieces is put together", () => {
  const { feed, spans } = rig();
  feed(
    requestRecord(get.slice(0, 20), server, 1),
    headRecord(get.slice(20), { exchange: 1, ns: 1100 }),
    responseRecord(ok, { exchange: 1, ns: 2000 }),
  );
  assert.equal(attributes(spans()[0] ?? assert.fail())["user_agent.original"], "wrk");
});

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const withParent = get.replace(
  "Host",
  `traceparent: 00-${trace}-00f067aa0ba902b7-01\r\ntracestate: k=v\r\nHost`,
);

test("an incoming traceparent is honoured", () => {
  const { feed, spans } = rig();
  feed(requestRecord(withParent, server), responseRecord(ok, { exchange: 1, ns: 2000 }));
  const [span] = spans();
  assert.equal(span?.traceId, trace);
  assert.equal(span?.parentSpanId, "00f067aa0ba902b7");
  assert.equal(span?.traceState, "k=v");
});

const client = {
  role: Role.client,
  tgid: 7,
  exchange: 2,
  parent: 1,
  ns: 1500,
  localPort: 40000,
  peerPort: 9090,
};

test("a client's span is the child of its server request, and the next server's span the child of that, without headers", () => {
  const { feed, spans } = rig();
  feed(
    requestRecord(withParent, server),
    requestRecord("GET /stock HTTP/1.1\r\nHost: stock\r\n\r\n", client),
    requestRecord("GET /stock HTTP/1.1\r\nHost: stock\r\n\r\n", {
      ...server,
      tgid: 8,
      exchange: 3,
      localPort: 9090,
      peerPort: 40000,
    }),
    responseRecord(ok, { exchange: 3, ns: 1700 }),
    responseRecord(ok, { exchange: 2, ns: 1800, role: Role.client }),
    responseRecord(ok, { exchange: 1, ns: 2000 }),
  );
  const [far, middle, near] = spans();
  assert.deepEqual([far?.traceId, middle?.traceId, near?.traceId], [trace, trace, trace]);
  assert.equal(middle?.parentSpanId, near?.spanId);
  assert.equal(far?.parentSpanId, middle?.spanId);
  assert.equal(middle?.kind, 3);
});

test("the far side is joined when its record comes before the client's", () => {
  const { feed, spans } = rig();
  feed(
    requestRecord(get, { ...server, tgid: 8, exchange: 3, localPort: 9090, peerPort: 40000 }),
    requestRecord(get, { ...client, parent: 0 }),
    responseRecord(ok, { exchange: 2, ns: 1800, role: Role.client }),
    responseRecord(ok, { exchange: 3, ns: 1900 }),
  );
  const [near, far] = spans();
  assert.equal(far?.parentSpanId, near?.spanId);
  assert.equal(far?.traceId, near?.traceId);
});

test("a connection's second request is not taken for the first one's child", () => {
  const { feed, spans } = rig();
  const far = { ...server, tgid: 8, localPort: 9090, peerPort: 40000 };
  feed(
    requestRecord(get, { ...client, parent: 0 }),
    requestRecord(get, { ...far, exchange: 3 }),
    responseRecord(ok, { exchange: 3, ns: 1700 }),
    requestRecord(get, { ...far, exchange: 4 }),
    responseRecord(ok, { exchange: 4, ns: 1900 }),
  );
  const [first, second] = spans();
  assert.notEqual(first?.parentSpanId, "");
  assert.equal(second?.parentSpanId, "");
});

test("a client that passes its trace's header on keeps its own server request as parent", () => {
  const { feed, spans } = rig();
  feed(
    requestRecord(withParent, server),
    requestRecord(withParent, client),
    responseRecord(ok, { exchange: 2, ns: 1, role: Role.client }),
    responseRecord(ok, { exchange: 1, ns: 2 }),
  );
  const [inner, outer] = spans();
  assert.equal(inner?.parentSpanId, outer?.spanId);
});

test("errors are errors by the conventions: 5xx for servers, 4xx for clients too", () => {
  const { feed, spans } = rig();
  const bad = ok.replace("200 OK", "404 Not Found");
  feed(requestRecord(get, server), responseRecord(bad, { exchange: 1, ns: 2 }));
  feed(
    requestRecord(get, { ...client, parent: 0 }),
    responseRecord(bad, { exchange: 2, ns: 2, role: Role.client }),
  );
  feed(
    requestRecord(get, { ...server, exchange: 3 }),
    responseRecord(ok.replace("200 OK", "503 Busy"), { exchange: 3, ns: 2 }),
  );
  const codes = spans().map((span) => [span.status?.code ?? 0, attributes(span)["error.type"]]);
  assert.deepEqual(codes, [
    [0, undefined],
    [2, "404"],
    [2, "503"],
  ]);
});

test("a connection that closes early, and a process that ends, are told as failures", () => {
  const { feed, spans, assembler } = rig();
  feed(requestRecord(get, server), endRecord({ exchange: 1, reason: EndReason.closed, ns: 5000 }));
  feed(requestRecord(get, { ...server, exchange: 2 }));
  assembler.processExited(7, 6000);
  assert.deepEqual(
    spans().map((span) => attributes(span)["error.type"]),
    ["connection_closed", "process_exited"],
  );
});

test("a repeated request's span is the same but for its ids and times; what differs anywhere is told as it is", () => {
  const { feed, spans, process } = rig();
  process.routes.learn("GET", "/users/7", "/users/{id}");
  const again = (exchange: number, head: string, answer: string, more: object = {}) =>
    feed(
      requestRecord(head, { ...server, exchange, ns: exchange * 1000, ...more }),
      responseRecord(answer, { exchange, ns: exchange * 1000 + 500 }),
    );
  again(1, get, ok);
  again(2, get, ok);
  again(3, get, ok.replace("200 OK", "500 No"));
  again(4, get.replace("x=1", "x=2"), ok);
  again(5, get.replace("x=1", "x=2"), ok, { goid: 9 });
  again(6, get.replace("x=1", "x=2"), ok, { goid: 9 });
  again(7, withParent, ok);
  again(8, withParent, ok);
  const told = spans();
  const [first, second, failed, other, moved, movedAgain, traced, tracedAgain] = told;
  const shape = (span: Span | undefined) => ({
    name: span?.name,
    kind: span?.kind,
    status: span?.status,
    attributes: span?.attributes,
  });
  assert.deepEqual(shape(second), shape(first));
  assert.notEqual(second?.traceId, first?.traceId);
  assert.notEqual(second?.spanId, first?.spanId);
  assert.equal(second?.startTimeUnixNano, base + 2000n);
  assert.equal(second?.endTimeUnixNano, base + 2500n);
  assert.equal(attributes(failed ?? assert.fail())["http.response.status_code"], "500");
  assert.equal(attributes(other ?? assert.fail())["url.query"], "x=2");
  assert.equal(attributes(moved ?? assert.fail())["go3s.goroutine.id"], "9");
  assert.deepEqual(shape(movedAgain), shape(moved));
  assert.equal(traced?.traceId, trace);
  assert.equal(tracedAgain?.traceId, trace);
  assert.equal(tracedAgain?.parentSpanId, "00f067aa0ba902b7");
  assert.equal(process.spans, 8);
});

test("what repeats but for its body, or its client's goroutine, is told alike, with the goroutine", () => {
  for (const role of [Role.client, Role.server]) {
    const { feed, spans, process } = rig();
    process.routes.learn("POST", "/users", "/users");
    const ask = (exchange: number, body: string, goid: number): void => {
      const head = `POST /users HTTP/1.1\r\nHost: shop:8080\r\nContent-Length: ${body.length}\r\n\r\n`;
      const from = { ...server, role, exchange, ns: exchange * 1000, goid };
      feed(requestRecord(head + body, from), responseRecord(ok, { exchange, ns: exchange * 1000 + 500 }));
    };
    const asked = [
      ["first", 5],
      ["other", 5],
      ["third", 6],
      ["forth", 7],
      ["\r\n\r\n5", 7],
      ["longer", 8],
    ] as const;
    for (const [i, [body, goid]] of asked.entries()) ask(i + 1, body, goid);
    assert.deepEqual(
      spans().map((span) => {
        const a = attributes(span);
        return [span.name, a["http.request.body.size"], a["go3s.goroutine.id"], a["url.path"]];
      }),
      asked.map(([body, goid]) => [
        role === Role.client ? "POST" : "POST /users",
        String(body.length),
        String(goid),
        "/users",
      ]),
    );
    assert.equal(new Set(spans().map((span) => Object.keys(attributes(span)).sort().join())).size, 1);
  }
});

test("a request that is told as the one it repeats becomes the same span but for its ids and times", () => {
  const { feed, spans, process, assembler } = rig();
  process.routes.learn("GET", "/users/7", "/users/{id}");
  const full = (exchange: number, head = get): void =>
    feed(
      requestRecord(head, { ...server, exchange, ns: exchange * 1000, sequence: exchange }),
      responseRecord(ok, { exchange, ns: exchange * 1000 + 500 }),
    );
  const repeat = (exchange: number, original: number, answered = true) =>
    againRecord({
      exchange,
      original,
      tgid: 7,
      ports: ((server.localPort << 16) | server.peerPort) >>> 0,
      ns: exchange * 1000,
      endNs: answered ? exchange * 1000 + 500 : 0,
      sequence: exchange,
    });
  full(1);
  full(2);
  feed(repeat(3, 2), repeat(4, 2));
  // Somebody needed to know of it before it was answered: with the same answer, and with another one.
  feed(repeat(5, 2, false), repeat(5, 2));
  feed(repeat(6, 2, false), responseRecord(ok.replace("200 OK", "500 No"), { exchange: 6, ns: 6500 }));
  // What was told by two processors at once is told once, whichever came first.
  feed(repeat(7, 6), repeat(7, 6, false));
  const told = spans();
  assert.deepEqual(
    told.map(({ startTimeUnixNano, endTimeUnixNano }) => [startTimeUnixNano - base, endTimeUnixNano - base]),
    [1, 2, 3, 4, 5, 6, 7].map((n) => [BigInt(n * 1000), BigInt(n * 1000 + 500)]),
  );
  const shape = (span: Span | undefined) => ({
    name: span?.name,
    kind: span?.kind,
    attributes: span?.attributes,
  });
  for (const i of [2, 3, 4]) assert.deepEqual(shape(told[i]), shape(told[1]), `exchange ${i + 1}`);
  assert.deepEqual(
    [told[5], told[6]].map((span) => attributes(span ?? assert.fail())["http.response.status_code"]),
    ["500", "500"],
  );
  assert.equal(new Set(told.map(({ spanId }) => spanId)).size, 7);
  assert.equal(process.requests, 7);
  assert.equal(process.spans, 7);
  assert.deepEqual(assembler.counts(), { openExchanges: 0, dropped: {} });
  feed(repeat(8, 3));
  assert.deepEqual(assembler.counts().dropped, { "no-original": 1 });
});

test("what repeats another is not mixed up with another process's connection of the same ports", () => {
  const { feed, spans, assembler } = rig();
  const ports = ((server.localPort << 16) | server.peerPort) >>> 0;
  const full = (exchange: number, tgid: number, head: string): void =>
    feed(
      requestRecord(head, { ...server, tgid, exchange, ns: exchange * 1000 }),
      responseRecord(ok, { exchange, ns: exchange * 1000 + 500 }),
    );
  const other = get.replace("/users/7", "/users/8");
  for (const exchange of [1, 3]) {
    full(exchange, 7, get);
    full(exchange + 1, 8, other);
  }
  feed(againRecord({ exchange: 5, original: 3, tgid: 7, ports, ns: 5000, endNs: 5500 }));
  feed(againRecord({ exchange: 6, original: 4, tgid: 8, ports, ns: 6000, endNs: 6500 }));
  assert.deepEqual(assembler.counts().dropped, {});
  assert.deepEqual(
    spans()
      .slice(4)
      .map((span) => attributes(span)["url.path"]),
    ["/users/7", "/users/8"],
  );
});

test("a repeated request keeps the trace that came with it, and finds its client's", () => {
  const { feed, spans } = rig();
  const full = (exchange: number): void =>
    feed(
      requestRecord(withParent, { ...server, exchange, ns: exchange * 1000 }),
      responseRecord(ok, { exchange, ns: exchange * 1000 + 500 }),
    );
  const ports = ((server.localPort << 16) | server.peerPort) >>> 0;
  full(1);
  full(2);
  feed(againRecord({ exchange: 3, original: 2, tgid: 7, ports, ns: 3000, endNs: 3500 }));
  assert.deepEqual(
    spans().map(({ traceId, parentSpanId }) => [traceId, parentSpanId]),
    new Array(3).fill([trace, "00f067aa0ba902b7"]),
  );
});

test("an answer that was told before its request waits for it, and is counted when it never comes", () => {
  const { feed, spans, assembler } = rig();
  const answer = responseRecord(ok, { exchange: 2, ns: 1800, role: Role.client });
  feed(answer);
  answer.fill(0xee);
  feed(requestRecord(get, { ...client, parent: 0 }));
  const [span] = spans();
  assert.equal(attributes(span ?? assert.fail())["http.response.status_code"], "200");
  assert.equal(span?.endTimeUnixNano, base + 1800n);
  feed(responseRecord(ok, { exchange: 3, ns: 1800, role: Role.client }));
  assembler.sweep(5_000_000_000);
  assert.deepEqual(assembler.counts().dropped, { "no-request": 1 });
});

test("records without their request are counted, not guessed", () => {
  const { feed, spans, assembler } = rig();
  feed(responseRecord(ok, { exchange: 99, ns: 1 }));
  feed(
    requestRecord(get, { ...server, exchange: 100, tgid: 1234 }),
    responseRecord(ok, { exchange: 100, ns: 1 }),
  );
  assert.deepEqual(
    assembler.counts().dropped,
    { "no-request": 1 },
    "a process nobody asked for loses nothing",
  );
  assert.equal(spans().length, 0);
});
