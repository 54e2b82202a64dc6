import assert from "node:assert/strict";
import { test } from "node:test";
import { Role } from "../events/layout.js";
import type { WireExchange } from "../protocols/wire.js";
import { newPointList } from "../runtime/point-list.js";
import { newRequestDurations, type Timed } from "../runtime/request-durations.js";
import { openWallClock } from "../spans/clock.js";
import { idLayout } from "../spans/ids.js";
import { seriesOf } from "./wire-durations.js";

/** counted gives what one exchange counts in: the metric, then its attributes. */
function counted(
  protocol: WireExchange["protocol"],
  attributes: WireExchange["attributes"],
  given: { readonly server?: boolean; readonly status?: number; readonly failure?: string } = {},
): readonly (string | undefined)[] {
  const durations = newRequestDurations(openWallClock());
  const server = given.server === true;
  const timed: Timed = {
    tgid: 7,
    role: server ? Role.server : Role.client,
    status: given.status ?? 0,
    startNs: 1e9,
    endNs: 2e9,
    ids: new Uint8Array(idLayout.size),
  };
  const wire = { client: server ? 1 : 0, secure: 0, peerPort: 5432, peerText: "10.0.0.7", path: "" } as const;
  seriesOf(durations, timed, { protocol, attributes }, wire, given.failure ?? "")?.add(timed);
  const list = newPointList();
  durations.tell(7, list);
  const [metric] = list.take(1n, 2n, 3n).metrics;
  const [point] = metric?.exponentialHistogram?.dataPoints ?? [];
  return [
    metric?.name,
    ...(point?.attributes ?? []).map(({ key, value }) => `${key}=${value?.stringValue ?? value?.intValue}`),
  ];
}

test("a client's database operation counts by what it was and where it went; its server's does not", () => {
  const query = {
    "db.system.name": "postgresql",
    "db.namespace": "shop",
    "db.operation.name": "SELECT",
    "db.query.text": "SELECT 1 FROM things WHERE id = ?",
    "db.response.status_code": "42P01",
  };
  assert.deepEqual(counted("postgresql", query, { failure: "42P01" }), [
    "db.client.operation.duration",
    "db.system.name=postgresql",
    "db.namespace=shop",
    "db.operation.name=SELECT",
    "db.response.status_code=42P01",
    "error.type=42P01",
    "server.address=10.0.0.7",
    "server.port=5432",
  ]);
  assert.deepEqual(counted("postgresql", query, { server: true }), [undefined]);
  assert.deepEqual(counted("kafka", { "messaging.system": "kafka" }), [undefined]);
});

test("HTTP/2 and gRPC count as where a library tells them; not where the method is unknown", () => {
  const get = { "http.request.method": "GET", "http.response.status_code": 503 };
  assert.deepEqual(counted("http2", get, { server: true, status: 503, failure: "503" }), [
    "http.server.request.duration",
    "http.request.method=GET",
    "url.scheme=http",
    "http.response.status_code=503",
    "error.type=503",
  ]);
  assert.deepEqual(counted("http2", { "url.path": "/" }), [undefined]);
  const call = { "rpc.method": "shop.Orders/Get", "rpc.response.status_code": "NOT_FOUND" };
  assert.deepEqual(counted("grpc", call, { failure: "NOT_FOUND" }), [
    "rpc.client.call.duration",
    "rpc.system.name=grpc",
    "rpc.method=shop.Orders/Get",
    "rpc.response.status_code=NOT_FOUND",
    "error.type=NOT_FOUND",
  ]);
  assert.deepEqual(counted("grpc", {}), [undefined]);
});
