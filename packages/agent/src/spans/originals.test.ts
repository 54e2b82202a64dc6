import assert from "node:assert/strict";
import { test } from "node:test";
import { againRecord, responseRecord } from "../events/sample-records.js";
import { attributesOf, base, newHttpRig, sample, shapeOf } from "../testing/http-rig.js";

const { get, ok, withParent, trace, parent, ports } = sample;

test("a request that is told as the one it repeats becomes the same span but for its ids and times", () => {
  const { feed, serve, spans, process, assembler } = newHttpRig();
  process.routes.learn("GET", "/users/7", "/users/{id}");
  const repeat = (exchange: number, original: number, answered = true) =>
    againRecord({
      exchange,
      original,
      tgid: 7,
      ports,
      ns: exchange * 1000,
      endNs: answered ? exchange * 1000 + 500 : 0,
      sequence: exchange,
    });
  serve(1, get, ok, { sequence: 1 });
  serve(2, get, ok, { sequence: 2 });
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
  for (const i of [2, 3, 4]) assert.deepEqual(shapeOf(told[i]), shapeOf(told[1]), `exchange ${i + 1}`);
  assert.deepEqual(
    [told[5], told[6]].map((span) => attributesOf(span)["http.response.status_code"]),
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
  const { feed, serve, spans, assembler } = newHttpRig();
  const other = get.replace("/users/7", "/users/8");
  for (const exchange of [1, 3]) {
    serve(exchange);
    serve(exchange + 1, other, ok, { tgid: 8 });
  }
  feed(againRecord({ exchange: 5, original: 3, tgid: 7, ports, ns: 5000, endNs: 5500 }));
  feed(againRecord({ exchange: 6, original: 4, tgid: 8, ports, ns: 6000, endNs: 6500 }));
  assert.deepEqual(assembler.counts().dropped, {});
  assert.deepEqual(
    spans()
      .slice(4)
      .map((span) => attributesOf(span)["url.path"]),
    ["/users/7", "/users/8"],
  );
});

test("a repeated request keeps the trace that came with it, and finds its client's", () => {
  const { feed, serve, spans } = newHttpRig();
  serve(1, withParent);
  serve(2, withParent);
  feed(againRecord({ exchange: 3, original: 2, tgid: 7, ports, ns: 3000, endNs: 3500 }));
  assert.deepEqual(
    spans().map(({ traceId, parentSpanId }) => [traceId, parentSpanId]),
    new Array(3).fill([trace, parent]),
  );
});
