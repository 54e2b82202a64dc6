import assert from "node:assert/strict";
import { test } from "node:test";
import { newClientRequests } from "./connections.js";
import { type Exchange, newExchangePool } from "./exchange.js";
import { idLayout } from "./ids.js";
import { newProcessSpans } from "./process-spans.js";
import { encodeResource } from "./resource.js";
import { newRouteTable } from "./routes.js";

const pool = newExchangePool();

function exchange(isClient: boolean, sequence: number, id: number): Exchange {
  const made = pool.take(
    newProcessSpans({
      tgid: 7,
      serviceName: "shop",
      resource: encodeResource({ serviceName: "shop", attributes: new Map() }),
      routes: newRouteTable(),
    }),
  );
  made.localPort = isClient ? 50_000 : 8080;
  made.peerPort = isClient ? 8080 : 50_000;
  made.addresses.fill(isClient ? 1 : 2, 0, 16);
  made.addresses.fill(isClient ? 2 : 1, 16, 32);
  made.sequence = sequence;
  made.threshold = id;
  made.ids.fill(id);
  return made;
}

const claimed = (table: ReturnType<typeof newClientRequests>, sequence: number): number => {
  const server = exchange(false, sequence, 0);
  return table.claim(server) ? (server.ids[idLayout.parent] ?? 0) : 0;
};

test("a server's request finds the very request of its client, also when the next one is on its way", () => {
  const table = newClientRequests();
  table.sent(exchange(true, 100, 1));
  table.sent(exchange(true, 180, 2));
  assert.equal(claimed(table, 100), 1);
  assert.equal(claimed(table, 180), 2);
});

test("a request is claimed once, and one that nobody sent has no parent", () => {
  const table = newClientRequests();
  assert.equal(claimed(table, 100), 0);
  table.sent(exchange(true, 100, 1));
  assert.equal(claimed(table, 99), 0);
  assert.equal(claimed(table, 100), 1);
  assert.equal(claimed(table, 100), 0);
});

test("what is too long ago is forgotten, and so is what other ends sent from the same ports", () => {
  const table = newClientRequests();
  for (let i = 1; i <= 5; i++) table.sent(exchange(true, i * 100, i));
  assert.deepEqual(
    [100, 200, 500].map((sequence) => claimed(table, sequence)),
    [0, 2, 5],
  );
  const other = exchange(true, 900, 9);
  other.addresses.fill(3, 0, 16);
  table.sent(other);
  assert.equal(claimed(table, 400), 0);
  assert.equal(claimed(table, 900), 0);
});

test("the threshold comes along", () => {
  const table = newClientRequests();
  table.sent(exchange(true, 1, 77));
  const server = exchange(false, 1, 0);
  assert.ok(table.claim(server));
  assert.equal(server.threshold, 77);
});

test("by Unix sockets, which have no ports, a request finds its client's by its number alone, once", () => {
  const table = newClientRequests();
  const byUnix = (isClient: boolean, sequence: number, id: number): Exchange => {
    const made = exchange(isClient, sequence, id);
    made.family = 1;
    made.localPort = 0;
    made.peerPort = 0;
    return made;
  };
  table.sent(byUnix(true, 5, 1));
  table.sent(byUnix(true, 6, 2));
  for (const [sequence, parent] of [
    [6, 2],
    [5, 1],
    [5, 0],
    [7, 0],
  ] as const) {
    const server = byUnix(false, sequence, 0);
    assert.equal(table.claim(server), parent !== 0);
    assert.equal(server.ids[idLayout.parent], parent);
    assert.equal(server.threshold, parent);
  }
});
