import assert from "node:assert/strict";
import { test } from "node:test";
import { EndReason, Role } from "../events/layout.js";
import {
  endRecord,
  headRecord,
  moreRecord,
  requestRecord,
  responseRecord,
} from "../events/sample-records.js";
import { attributesOf, base, newHttpRig, sample } from "../testing/http-rig.js";

const { get, ok, server, client } = sample;

test("route and end come from the handler when the probe tells them; paths learned answer when it rests", () => {
  const { feed, spans, process } = newHttpRig(true);
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

test("a route's letters are what its program wrote, in the answer's record and in the end's", () => {
  const { feed, spans } = newHttpRig(true);
  const route = "GET /größen/{id}";
  feed(
    requestRecord(get, server),
    responseRecord(ok, { exchange: 1, ns: 3500, handlerEndNs: 3000 }, route),
    requestRecord(get, { ...server, exchange: 2, ns: 4000 }),
    responseRecord(ok, { exchange: 2, ns: 5000 }),
    endRecord({ exchange: 2, reason: EndReason.handler, ns: 6000, responseBytes: ok.length }, route),
  );
  assert.deepEqual(
    spans().map(({ name }) => name),
    [route, route],
  );
});

test("a response that is whole before its handler ends waits for the handler, and no longer than two seconds", () => {
  const { feed, spans, assembler } = newHttpRig(true);
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
  const { feed, spans, assembler, process } = newHttpRig(true);
  process.handlerEndsSinceNs = 5000;
  feed(requestRecord(get, server), responseRecord(ok, { exchange: 1, ns: 2000 }));
  process.routes.learn("GET", "/users/7", "GET /users/{id}");
  assembler.sweep(100_000_000);
  assert.equal(spans().length, 0);
  assembler.sweep(500_000_000);
  assert.equal(spans()[0]?.name, "GET /users/{id}");
});

test("a chunked response ends with its last chunk, one with a length when all is there", () => {
  const { feed, spans } = newHttpRig();
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
  assert.equal(attributesOf(spans()[1] ?? assert.fail())["http.response.body.size"], "1000");
});

test("the next request on a connection ends a response whose end nobody could see", () => {
  const { feed, spans } = newHttpRig();
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
  const { feed, spans } = newHttpRig();
  feed(
    requestRecord(get.slice(0, 20), server, 1),
    headRecord(get.slice(20), { exchange: 1, ns: 1100 }),
    responseRecord(ok, { exchange: 1, ns: 2000 }),
  );
  assert.equal(attributesOf(spans()[0] ?? assert.fail())["user_agent.original"], "wrk");
});

test("a connection that closes early, and a process that ends, are told as failures", () => {
  const { feed, spans, assembler } = newHttpRig();
  feed(requestRecord(get, server), endRecord({ exchange: 1, reason: EndReason.closed, ns: 5000 }));
  feed(requestRecord(get, { ...server, exchange: 2 }));
  assembler.processExited(7, 6000);
  assert.deepEqual(
    spans().map((span) => attributesOf(span)["error.type"]),
    ["connection_closed", "process_exited"],
  );
});

test("an answer that was told before its request waits for it, and is counted when it never comes", () => {
  const { feed, spans, assembler } = newHttpRig();
  const answer = responseRecord(ok, { exchange: 2, ns: 1800, role: Role.client });
  feed(answer);
  answer.fill(0xee);
  feed(requestRecord(get, { ...client, parent: 0 }));
  const [span] = spans();
  assert.equal(attributesOf(span)["http.response.status_code"], "200");
  assert.equal(span?.endTimeUnixNano, base + 1800n);
  feed(responseRecord(ok, { exchange: 3, ns: 1800, role: Role.client }));
  assembler.sweep(5_000_000_000);
  assert.deepEqual(assembler.counts().dropped, { "no-request": 1 });
});

test("records without their request are counted, not guessed", () => {
  const { feed, spans, assembler } = newHttpRig();
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

test("what is written to a client that has gone is no answer of a request that was missed", () => {
  const { feed, spans, assembler } = newHttpRig();
  feed(
    requestRecord(get, server),
    endRecord({ exchange: 1, reason: EndReason.closed, ns: 3000 }),
    responseRecord(ok, { exchange: 1, ns: 3100 }),
  );
  assert.deepEqual(
    spans().map((span) => attributesOf(span)["error.type"]),
    ["connection_closed"],
  );
  assert.deepEqual(assembler.counts().dropped, {});
});
