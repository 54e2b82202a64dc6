import assert from "node:assert/strict";
import { test } from "node:test";
import { newExchange } from "../protocols/wire.js";
import { untoldExchange } from "../spans/calls.js";
import { idLayout } from "../spans/ids.js";
import { newProcessSpans } from "../spans/process-spans.js";
import { newRouteTable } from "../spans/routes.js";
import { newOrigins } from "./origins.js";
import { newServedStreams } from "./served-streams.js";
import type { Wire } from "./wire.js";
import { newPlace } from "./wire-ids.js";

const tgid = 7;
const loop = 7;
const worker = 8;
const other = 9;
const second = 1_000_000_000;

const wire: Wire = {
  number: 1,
  process: newProcessSpans({
    tgid,
    serviceName: "shop",
    resource: new Uint8Array(0),
    routes: newRouteTable(),
  }),
  family: 2,
  datagram: false,
  secure: 0,
  localPort: 80,
  peerPort: 40_000,
  addresses: new Uint8Array(32),
  localText: undefined,
  peerText: undefined,
  path: "",
  namespace: "",
  client: 1,
  origins: newOrigins(),
};

function table(servesOther = false) {
  const place = newPlace();
  place.ids.fill(1, idLayout.trace, idLayout.trace + 16);
  place.ids.fill(2, idLayout.span, idLayout.span + 8);
  const served = newServedStreams({ served: () => place, isLeftOut: () => false }, () => servesOther);
  const ask = (isSent = true) => {
    const exchange = newExchange("http2", 1);
    exchange.stream = 1;
    exchange.isSent = isSent;
    served.asked(exchange, wire, loop);
    return exchange;
  };
  return { served, ask };
}

test("a single request is the parent of what any thread asks, several are nobody's", () => {
  const { served, ask } = table();
  assert.equal(served.parentOf(tgid, loop, 0, 1), 0);
  const one = ask();
  const number = served.parentOf(tgid, loop, 0, 2);
  assert.notEqual(number, 0);
  assert.equal(served.parentOf(tgid, worker, 0, 3), number);
  const ids = new Uint8Array(idLayout.size);
  assert.ok(served.adopt(number, tgid, ids));
  assert.deepEqual([ids[idLayout.trace], ids[idLayout.parent]], [1, 2]);
  const two = ask();
  assert.equal(served.parentOf(tgid, loop, 0, 4), 0);
  served.ended(two);
  assert.equal(served.parentOf(tgid, loop, 0, 5), number);
  served.ended(one);
  assert.equal(served.parentOf(tgid, loop, 0, 6), 0);
  assert.equal(served.adopt(number, tgid, ids), false);
});

test("one whose answer has begun, and one whose client goes on sending, is no parent", () => {
  const { served, ask } = table();
  const streaming = ask(false);
  assert.equal(served.parentOf(tgid, loop, 0, 1), 0);
  const one = ask();
  assert.equal(served.parentOf(tgid, loop, 0, 2), 0, "it may be the other's");
  streaming.firstByteNs = 3;
  assert.notEqual(served.parentOf(tgid, loop, 0, 4), 0);
  one.firstByteNs = 5;
  assert.equal(served.parentOf(tgid, loop, 0, 6), 0);
});

test("a thread that asks while nothing is served has business of its own, for a minute", () => {
  const { served, ask } = table();
  served.ended(ask());
  assert.equal(served.parentOf(tgid, other, 0, second), 0);
  ask();
  assert.equal(served.parentOf(tgid, other, 0, 2 * second), 0);
  assert.notEqual(served.parentOf(tgid, worker, 0, 2 * second), 0);
  assert.notEqual(served.parentOf(tgid, other, 0, 62 * second), 0);
});

test("a loop's own timers do not take its requests from it", () => {
  const { served, ask } = table();
  served.ended(ask());
  served.parentOf(tgid, loop, 0, second);
  ask();
  assert.notEqual(served.parentOf(tgid, loop, 0, 2 * second), 0);
});

test("beside a request by HTTP/1 the kernel side is believed where another thread serves that", () => {
  const { served, ask } = table(true);
  assert.equal(served.parentOf(tgid, loop, 5, 1), 5, "no request by HTTP/2 was seen");
  ask();
  assert.equal(served.parentOf(tgid, loop, 5, 2), 0, "the loop that reads both");
  assert.equal(served.parentOf(tgid, worker, 5, 3), 5);
  assert.equal(served.parentOf(tgid, worker, 0, 4), 0, "it may be that one's");
  assert.equal(served.parentOf(tgid, worker, untoldExchange, 5), untoldExchange);
});

test("processes that ended are forgotten", () => {
  const { served, ask } = table();
  ask();
  served.processExited(tgid);
  assert.equal(served.parentOf(tgid, worker, 0, 1), 0);
});
