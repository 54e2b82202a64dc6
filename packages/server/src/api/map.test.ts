import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shopFailures, shopTraces } from "../testing/shop.js";
import { type StartedShop, startShop } from "../testing/started-shop.js";
import type { MapAnswer, TcpAnswer } from "./types.js";

let shop: StartedShop;
before(async () => {
  shop = await startShop();
});
after(() => shop.started.close());

test("the map joins spans and connections", async () => {
  const answer = await shop.get<MapAnswer>(`map?${shop.minute}`);
  const kinds = Object.fromEntries(answer.nodes.map((node) => [node.name, node.kind]));
  assert.deepEqual(kinds, {
    gateway: "service",
    checkout: "service",
    payments: "service",
    "postgresql db.local:5432": "database",
    worker: "process",
    "10.0.0.5:6379": "external",
    "10.0.0.9": "external",
  });
  const edges = answer.edges.map(({ from, to, source, requests, errors }) => [
    from,
    to,
    source,
    requests,
    errors,
  ]);
  assert.deepEqual(edges.sort(), [
    ["external:10.0.0.9", "service:gateway", "tcp", 1, 0],
    ["process:worker", "external:10.0.0.5:6379", "tcp", 1, 1],
    ["service:checkout", "database:postgresql db.local:5432", "spans", shopTraces, 0],
    ["service:checkout", "service:payments", "spans", shopTraces, shopFailures],
    ["service:gateway", "service:checkout", "spans", shopTraces, 0],
    ["service:gateway", "service:checkout", "tcp", 1, 0],
  ]);
  const tcp = answer.edges.find((edge) => edge.source === "tcp" && edge.from === "service:gateway");
  assert.deepEqual([tcp?.bytes_sent, tcp?.bytes_received, tcp?.p50_ns], [1000, 5000, 300_000]);
  assert.deepEqual(
    new Set(answer.edges.flatMap((edge) => [edge.from, edge.to])),
    new Set(answer.nodes.map((node) => node.id)),
  );
});

test("connections are listed newest first", async () => {
  const { connections } = await shop.get<TcpAnswer>(`tcp?${shop.minute}`);
  assert.equal(connections.length, 5);
  assert.deepEqual(connections[0], {
    timestamp_ns: `${shop.startMs + 9}000000`,
    event: "tcp.close",
    service_name: "gateway",
    pid: 42,
    role: "client",
    network_type: "ipv4",
    local: "10.0.0.1:40001",
    peer: "10.0.0.2:8080",
    peer_service: "checkout",
    connect_ns: null,
    duration_ns: 2_000_000,
    bytes_sent: 1000,
    bytes_received: 5000,
    error_type: "",
  });
  const failed = await shop.get<TcpAnswer>(`tcp?${shop.minute}`, "error.type:*");
  assert.deepEqual(
    failed.connections.map((row) => row.error_type),
    ["ECONNREFUSED"],
  );
});
