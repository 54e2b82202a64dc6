import assert from "node:assert/strict";
import { test } from "node:test";
import { newExchange, type WireExchange } from "../protocols/wire.js";
import { idLayout } from "../spans/ids.js";
import { newProcessSpans } from "../spans/process-spans.js";
import { newRouteTable } from "../spans/routes.js";
import { newStreamConns } from "../spans/stream-conns.js";
import { newJoins } from "./joins.js";
import { newOrigins, type Origin } from "./origins.js";
import { newStreamPlaces } from "./stream-places.js";
import type { Wire } from "./wire.js";
import type { Place } from "./wire-ids.js";

function wireOf(client: 0 | 1, host = [10, 0, 0]): Wire {
  const [localPort, peerPort] = client === 0 ? [40_000, 80] : [80, 40_000];
  const addresses = new Uint8Array(32);
  addresses.set([...host, client === 0 ? 1 : 2], 0);
  addresses.set([...host, client === 0 ? 2 : 1], 16);
  return {
    number: client,
    process: newProcessSpans({
      tgid: 7 + client,
      serviceName: "shop",
      resource: new Uint8Array(0),
      routes: newRouteTable(),
    }),
    family: 2,
    datagram: false,
    secure: 0,
    localPort,
    peerPort,
    addresses,
    localText: undefined,
    peerText: undefined,
    path: "",
    namespace: "",
    client,
    origins: newOrigins(),
  };
}

function ends() {
  const places = newStreamPlaces(newStreamConns(), newJoins());
  const [client, server] = [wireOf(0), wireOf(1)];
  const left = new Set<Place>();
  const streamOf = (number: number, traceparent = ""): WireExchange => {
    const exchange = newExchange("http2", 1);
    exchange.stream = number;
    exchange.traceparent = traceparent;
    return exchange;
  };
  const origin = (change: Partial<Origin>): Origin => Object.assign(newOrigins().next(), change);
  const sent = (number: number, from = origin({}), traceparent = ""): Place | undefined => {
    const exchange = streamOf(number, traceparent);
    places.sent(exchange, client, from);
    const place = places.of(exchange);
    if (place !== undefined && places.isLeftOut(exchange)) left.add(place);
    return place;
  };
  return {
    sent,
    origin,
    share(threshold: number) {
      for (const { process } of [client, server])
        process.sampling = { threshold, errors: false, thin: false };
    },
    isLeftOut: (place: Place) => left.has(place),
    served: (number: number, traceparent = "") => {
      const exchange = streamOf(number, traceparent);
      const place = places.served(exchange, server);
      assert.equal(places.served(exchange, server), place, "one place for good");
      return { ...place, isLeftOut: places.isLeftOut(exchange) };
    },
  };
}

const traceOf = ({ ids }: Pick<Place, "ids">) =>
  Buffer.from(ids.subarray(idLayout.trace, idLayout.trace + 16)).toString("hex");
const spanOf = ({ ids }: Pick<Place, "ids">) =>
  Buffer.from(ids.subarray(idLayout.span, idLayout.span + 8)).toString("hex");
const parentOf = ({ ids, parented }: Pick<Place, "ids" | "parented">) =>
  parented ? Buffer.from(ids.subarray(idLayout.parent, idLayout.parent + 8)).toString("hex") : "";

test("both ends of a stream meet, whichever is told first, each in its own stream", () => {
  const { sent, served } = ends();
  const [one, three] = [sent(1), sent(3)];
  assert.ok(one && three);
  for (const [number, asked] of [
    [3, three],
    [1, one],
  ] as const) {
    const found = served(number);
    assert.deepEqual([traceOf(found), parentOf(found)], [traceOf(asked), spanOf(asked)]);
    assert.notEqual(spanOf(found), spanOf(asked));
  }
  const early = served(5);
  const late = sent(5);
  assert.ok(late);
  assert.deepEqual([traceOf(late), spanOf(late), parentOf(late)], [traceOf(early), parentOf(early), ""]);
});

test("a client's parent has both in its trace", () => {
  const { sent, served, origin } = ends();
  const ids = new Uint8Array(idLayout.size).fill(9);
  const asked = sent(1, origin({ hasParent: true, ids }));
  assert.ok(asked);
  assert.equal(parentOf(asked), "09".repeat(8));
  const found = served(1);
  assert.deepEqual([traceOf(found), parentOf(found)], ["09".repeat(16), spanOf(asked)]);
});

test("without an observed client a stream is a root, and a header goes before the connection", () => {
  const { sent, served } = ends();
  assert.equal(parentOf(served(1)), "");
  sent(3);
  const header = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
  const found = served(3, header);
  assert.deepEqual([traceOf(found), parentOf(found)], ["ab".repeat(16), "cd".repeat(8)]);
  assert.equal(sent(5, undefined, header), undefined, "its end says where it stands");
});

test("what sampling leaves out at the client is left out where it is served", () => {
  const { sent, served, origin } = ends();
  assert.equal(sent(1, origin({ untold: true })), undefined);
  const found = served(1);
  assert.deepEqual([found.isLeftOut, parentOf(found)], [true, ""]);
  assert.equal(served(3).isLeftOut, false);
});

test("a share of what nobody has decided for is told, the same at both ends, and a caller's flag goes before", () => {
  const { sent, served, share, isLeftOut } = ends();
  share(0x80000000);
  const header = (flag: string) => `00-${"ab".repeat(16)}-${"cd".repeat(8)}-${flag}`;
  let told = 0;
  for (let number = 1; number < 400; number += 2) {
    const asked = number % 4 === 1 ? sent(number) : undefined;
    const found = served(number);
    const late = asked ?? sent(number);
    assert.ok(late);
    assert.equal(isLeftOut(late), found.isLeftOut);
    if (found.isLeftOut) continue;
    told++;
    assert.equal(traceOf(late), traceOf(found));
    assert.ok((late.ids[idLayout.trace + 9] ?? 0) >= 0x80);
    assert.equal(late.threshold, 0x80000000);
  }
  assert.ok(told > 60 && told < 140, `${told} of 200`);
  assert.deepEqual(
    ["00", "01", "02", "03"].map((flag, i) => served(1001 + 2 * i, header(flag)).isLeftOut),
    [true, false, true, false],
  );
  share(0);
  assert.equal(served(2001, header("00")).isLeftOut, false);
});

test("what is done for a told request is told, whatever its trace", () => {
  const { sent, served, origin, share } = ends();
  share(0xffffffff);
  const ids = new Uint8Array(idLayout.size).fill(9);
  assert.ok(sent(1, origin({ hasParent: true, ids })));
  assert.equal(served(1).isLeftOut, false);
  assert.equal(served(3).isLeftOut, true);
});

test("a connection between the ports of an older one, whose other end was not seen, has ids of its own", () => {
  const { sent, served, origin } = ends();
  const older = sent(1);
  const newer = sent(1);
  assert.ok(older && newer);
  assert.notEqual(spanOf(newer), spanOf(older));
  const found = served(1);
  assert.deepEqual([traceOf(found), parentOf(found)], [traceOf(newer), spanOf(newer)]);
  sent(3, origin({ untold: true }));
  const told = sent(3);
  assert.ok(told);
  const joined = served(3);
  assert.deepEqual(
    [joined.isLeftOut, traceOf(joined), parentOf(joined)],
    [false, traceOf(told), spanOf(told)],
  );
});

test("two network namespaces have loopbacks of their own, and other addresses in common", () => {
  // The client is process 7, the server 8.
  const join = (networks: Record<number, number>, host: number[]): boolean => {
    const places = newStreamPlaces(
      newStreamConns((tgid) => networks[tgid] ?? 0),
      newJoins(),
    );
    const [asked, found] = [newExchange("http2", 1), newExchange("http2", 1)];
    asked.stream = found.stream = 1;
    places.sent(asked, wireOf(0, host), newOrigins().next());
    return places.served(found, wireOf(1, host)).parented;
  };
  assert.equal(join({ 7: 1, 8: 1 }, [127, 0, 0]), true);
  assert.equal(join({ 7: 1, 8: 2 }, [127, 0, 0]), false);
  assert.equal(join({ 7: 1, 8: 2 }, [10, 0, 0]), true);
});
