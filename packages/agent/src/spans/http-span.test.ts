import assert from "node:assert/strict";
import { test } from "node:test";
import { Role } from "../events/layout.js";
import { requestRecord, responseRecord } from "../events/sample-records.js";
import { attributesOf, base, newHttpRig, sample } from "../testing/http-rig.js";

const { get, ok, server, client } = sample;

test("a request and its response become one server span with everything the wire said", () => {
  const { feed, spans, assembler } = newHttpRig();
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
  const a = attributesOf(span);
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

test("tracestate and baggage that came in are kept", () => {
  const { feed, spans } = newHttpRig();
  const head =
    "GET / HTTP/1.1\r\nHost: shop\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n" +
    "Tracestate: a=1,ot=th:8\r\nBaggage: user.id=7,tier=gold;p=1\r\n\r\n";
  feed(requestRecord(head, server), responseRecord(ok, { exchange: 1, ns: 3500 }));
  const [span] = spans();
  assert.ok(span);
  assert.equal(span.traceState, "ot=th:8,a=1");
  assert.equal(attributesOf(span)["go3s.baggage"], "user.id=7,tier=gold;p=1");
});

test("so are lists that came in several lines, and no tracestate without a traceparent", () => {
  const { feed, spans } = newHttpRig();
  const lists =
    "tracestate: a=1\r\nbaggage:x=1\r\nX-Baggage: no=1\r\nTraceState:  b=2,c=3 \r\nBAGGAGE: y=2\r\n\r\n";
  const parent = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
  for (const [exchange, lines] of [parent, "", "traceparent: 00-0-0-01\r\n"].entries()) {
    const begun = { ...server, exchange: exchange + 1, ns: 1000 + exchange * 1000 };
    feed(requestRecord(`GET / HTTP/1.1\r\nHost: shop\r\n${lines}${lists}`, begun));
    feed(responseRecord(ok, { exchange: exchange + 1, ns: begun.ns + 500 }));
  }
  const told = spans().map((span) => [span.traceState, attributesOf(span)["go3s.baggage"]]);
  assert.deepEqual(told, [
    ["a=1,b=2,c=3", "x=1,y=2"],
    ["", "x=1,y=2"],
    ["", "x=1,y=2"],
  ]);
});

test("a route that was cut is none: others begin as it does", () => {
  const { feed, spans } = newHttpRig(true);
  const long = `/v2/{name:${"[a-z0-9]+".repeat(20)}}`;
  for (const [exchange, route] of ["/v2/", `${long}/tags/list`, `${long}/blobs/{digest}`].entries()) {
    feed(
      requestRecord(get, { ...server, exchange: exchange + 1 }),
      responseRecord(ok, { exchange: exchange + 1, ns: 3500, handlerEndNs: 3000 }, route),
    );
  }
  const told = spans().map((span) => [span.name, attributesOf(span)["http.route"]]);
  assert.deepEqual(told, [
    ["GET /v2/", "/v2/"],
    ["GET", undefined],
    ["GET", undefined],
  ]);
});

test("a method that the conventions do not know is told as it was", () => {
  const { serve, spans } = newHttpRig();
  serve(1, get.replace("GET", "PROPFIND"));
  const [span] = spans();
  assert.equal(span?.name, "HTTP");
  const a = attributesOf(span);
  assert.deepEqual([a["http.request.method"], a["http.request.method_original"]], ["_OTHER", "PROPFIND"]);
});

test("a proxy that passes its caller's Host on has asked the other end of its connection", () => {
  const { feed, spans } = newHttpRig();
  const ask = (exchange: number, asked: string, passed: string): void => {
    feed(
      requestRecord(asked, { ...server, exchange, ns: 1000 }),
      requestRecord(passed, { ...client, exchange: exchange + 1, parent: exchange }),
      responseRecord(ok, { exchange: exchange + 1, ns: 2000, role: Role.client }),
      responseRecord(ok, { exchange, ns: 3500 }),
    );
  };
  const other = get.replace("shop:8080", "stock");
  ask(1, get, get);
  ask(3, get, other);
  // One that goes through a proxy names the other server itself.
  ask(5, other.replace("/users", "http://stock/users"), other);
  const told = spans()
    .filter(({ kind }) => kind === 3)
    .map((span) => {
      const a = attributesOf(span);
      return [a["url.full"], a["server.address"], a["server.port"]];
    });
  assert.deepEqual(told, [
    ["http://0.0.0.0:9090/users/7?x=1", "0.0.0.0", "9090"],
    ["http://stock/users/7?x=1", "stock", "9090"],
    ["http://stock/users/7?x=1", "stock", "9090"],
  ]);
});

test("errors are errors by the conventions: 5xx for servers, 4xx for clients too", () => {
  const { feed, spans } = newHttpRig();
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
  const codes = spans().map((span) => [span.status?.code ?? 0, attributesOf(span)["error.type"]]);
  assert.deepEqual(codes, [
    [0, undefined],
    [2, "404"],
    [2, "503"],
  ]);
});

test("a body's size is that of a body which is there: not of what HEAD asks about, nor of requests behind this one", () => {
  const { serve, spans } = newHttpRig();
  serve(1, get.replace("GET", "HEAD"), ok.slice(0, -5));
  serve(2, get, ok.replace("200 OK", "304 Not Modified").slice(0, -5));
  // A second request came by the same read.
  serve(3, get, ok, { bytes: 2 * get.length });
  serve(4, get.replace("Host", "Transfer-Encoding: chunked\r\nHost"), ok, { bytes: get.length + 28 + 15 });
  const sizes = spans().map(attributesOf);
  assert.deepEqual(
    sizes.map((each) => [each["http.request.body.size"], each["http.response.body.size"]]),
    [
      [undefined, "0"],
      [undefined, "0"],
      [undefined, "5"],
      ["15", "5"],
    ],
  );
});

test("a connection that becomes a WebSocket's has told its request by then", () => {
  const { serve, spans, assembler } = newHttpRig();
  const upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  serve(1, get.replace("Host", "Upgrade: websocket\r\nConnection: Upgrade\r\nHost"), upgrade);
  const [span] = spans();
  assert.equal(span?.endTimeUnixNano, base + 1500n);
  assert.equal(attributesOf(span ?? assert.fail())["http.response.status_code"], "101");
  assert.equal(assembler.counts().openExchanges, 0);
});
