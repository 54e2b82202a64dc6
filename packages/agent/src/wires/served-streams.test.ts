import assert from "node:assert/strict";
import { test } from "node:test";
import { newExchange, type WireExchange } from "../protocols/wire.js";
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

function table(servesOther = false, isLeftOut = false) {
  const place = newPlace();
  place.ids.fill(1, idLayout.trace, idLayout.trace + 16);
  place.ids.fill(2, idLayout.span, idLayout.span + 8);
  const served = newServedStreams({ served: () => place, isLeftOut: () => isLeftOut }, () => servesOther);
  const ask = (isSent = true, { of = wire, isLate = false, tid = loop } = {}) => {
    const exchange = newExchange("http2", 1);
    exchange.stream = 1;
    exchange.isSent = isSent;
    served.asked(exchange, of, tid, isLate);
    return exchange;
  };
  /** done answers one, and ends it. */
  const done = (exchange: WireExchange, ns = 1) => {
    exchange.firstByteNs = ns;
    exchange.endNs = ns;
    served.ended(exchange);
  };
  return { served, ask, done };
}

test("a single request is the parent of what any thread asks, several are nobody's", () => {
  const { served, ask, done } = table();
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
  done(two);
  assert.equal(served.parentOf(tgid, loop, 0, 5), number);
  done(one);
  assert.equal(served.parentOf(tgid, loop, 0, 6), 0);
  assert.equal(served.adopt(number, tgid, ids), false);
});

test("one whose answer has begun, and one whose client goes on sending, is no parent", () => {
  const { served, ask } = table();
  const sending = ask(false);
  assert.equal(served.parentOf(tgid, loop, 0, 1), 0);
  ask();
  assert.equal(served.parentOf(tgid, loop, 0, 2), 0, "it may be the other's");
  sending.firstByteNs = 3;
  assert.equal(served.parentOf(tgid, loop, 0, 4), 0, "it still may");
});

test("beside a stream of messages a loop's work is nobody's, another thread's when it has sent none for long", () => {
  const { served, ask } = table();
  const stream = ask();
  stream.firstByteNs = 1;
  stream.responseBytes = 100;
  assert.equal(served.parentOf(tgid, other, 0, 2), 0);
  ask();
  assert.equal(served.parentOf(tgid, worker, 0, 3), 0, "it has just sent one");
  assert.equal(served.parentOf(tgid, loop, 0, 20 * second), 0);
  assert.notEqual(served.parentOf(tgid, worker, 0, 20 * second), 0);
  assert.equal(served.parentOf(tgid, other, 0, 20 * second), 0, "that was seen to ask for the stream");
  stream.responseBytes = 200;
  assert.equal(served.parentOf(tgid, worker, 0, 40 * second), 0);
});

test("who serves a request that its client gave up may go on, and does not for the next one", () => {
  const { served, ask } = table();
  const givenUp = ask();
  givenUp.endNs = second;
  served.ended(givenUp);
  ask();
  assert.equal(served.parentOf(tgid, worker, 0, 2 * second), 0);
  assert.notEqual(served.parentOf(tgid, worker, 0, 12 * second), 0);
});

test("connections that are older than the agent may have requests that nobody saw", () => {
  const { served, ask, done } = table();
  done(ask(true, { isLate: true }));
  ask(true, { isLate: true });
  assert.equal(served.parentOf(tgid, worker, 0, 2 * second), 0);
  assert.notEqual(served.parentOf(tgid, worker, 0, 12 * second), 0);
});

test("a thread that asks while nothing is served has business of its own, for a minute", () => {
  const { served, ask, done } = table();
  done(ask());
  assert.equal(served.parentOf(tgid, other, 0, second), 0);
  ask();
  assert.equal(served.parentOf(tgid, other, 0, 2 * second), 0);
  assert.notEqual(served.parentOf(tgid, worker, 0, 2 * second), 0);
  assert.equal(served.parentOf(tgid, other, 0, 50 * second), 0, "and goes on with it during a long request");
  assert.equal(served.parentOf(tgid, other, 0, 100 * second), 0);
  assert.notEqual(served.parentOf(tgid, other, 0, 161 * second), 0);
});

test("a loop's own timers do not take its requests from it", () => {
  const { served, ask, done } = table();
  done(ask());
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

test("what was cut may be over: it is no parent, and after a minute no obstacle", () => {
  const { served, ask } = table();
  const cut = ask();
  cut.startNs = second;
  cut.doubt = "cut";
  assert.equal(served.parentOf(tgid, worker, 0, 2 * second), 0);
  assert.equal(served.parentOf(tgid, loop, 5, 2 * second), 0, "the loop may work for it");
  assert.equal(served.parentOf(tgid, loop, 5, 62 * second), 5);
  const one = ask();
  one.startNs = 62 * second;
  assert.equal(served.parentOf(tgid, worker, 0, 3 * second), 0, "one of two");
  assert.notEqual(served.parentOf(tgid, worker, 0, 63 * second), 0);
});

test("what is asked for a request that sampling has left out is left out, too", () => {
  const { served, ask, done } = table(false, true);
  const one = ask();
  assert.equal(served.parentOf(tgid, loop, 0, 1), untoldExchange);
  done(one);
  assert.equal(served.parentOf(tgid, other, 0, 2), 0);
});

test("processes that ended are forgotten", () => {
  const { served, ask } = table();
  ask();
  served.processExited(tgid);
  assert.equal(served.parentOf(tgid, worker, 0, 1), 0);
});
