import assert from "node:assert/strict";
import { test } from "node:test";
import { Role } from "../events/layout.js";
import { openWallClock } from "../spans/clock.js";
import { type Exchange, newExchangePool } from "../spans/exchange.js";
import { newProcessSpans } from "../spans/process-spans.js";
import { newRouteTable } from "../spans/routes.js";
import { newPointList, type PointList } from "./point-list.js";
import { newRequestDurations } from "./request-durations.js";

const process = newProcessSpans({
  tgid: 7,
  serviceName: "shop",
  resource: new Uint8Array(),
  routes: newRouteTable(),
});

function exchange(role: Role, milliseconds: number, status: number, id: number): Exchange {
  const made = newExchangePool().take(process);
  Object.assign(made, { role, tgid: 7, startNs: 1e9, endNs: 1e9 + milliseconds * 1e6, status });
  made.ids.fill(id);
  return made;
}

test("requests are counted by route and status, and the slowest since the last export is the exemplar", () => {
  const durations = newRequestDurations(openWallClock());
  const key = { method: "GET", route: "/cart", failure: "", secure: false };
  for (const [id, milliseconds] of [4, 32, 8].entries()) {
    const each = exchange(Role.server, milliseconds, 200, id + 1);
    durations.series(each, key).add(each);
  }
  const called = exchange(Role.client, 5, 404, 9);
  durations.series(called, { method: "POST", route: "", failure: "", secure: false }).add(called);
  const list = newPointList();
  durations.tell(7, list);
  const { metrics } = list.take(1n, 2n, 3n);
  const [point] = metrics[0]?.exponentialHistogram?.dataPoints ?? [];
  assert.equal(metrics[0]?.name, "http.server.request.duration");
  assert.equal(point?.count, 3n);
  assert.equal(point?.exemplars?.[0]?.traceId, "02".repeat(16));
  assert.equal(point?.exemplars?.[0]?.asDouble, 0.032);
  const errors = metrics[1]?.exponentialHistogram?.dataPoints?.[0]?.attributes ?? [];
  assert.equal(errors.find((each) => each.key === "error.type")?.value?.stringValue, "404");
  // Nothing new, nothing told.
  durations.tell(7, list);
  assert.equal(list.take(1n, 2n, 3n).points, 0);
});

/** countsOf gives how many requests the histograms count, by metric and status. */
function countsOf(list: PointList): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name, exponentialHistogram } of list.take(1n, 2n, 3n).metrics)
    for (const { attributes, count } of exponentialHistogram?.dataPoints ?? []) {
      const status = attributes?.find(({ key }) => key === "http.response.status_code")?.value?.intValue;
      counts[`${name} ${status}`] = Number(count);
    }
  return counts;
}

test("what sampling left out is counted by what was told, and what was done for it as often", () => {
  const durations = newRequestDurations(openWallClock());
  const add = (role: Role, status: number, times: number, more: Partial<Exchange> = {}): void => {
    for (let i = 0; i < times; i++) {
      const each = Object.assign(exchange(role, 1 + i, status, 1), more);
      durations.series(each, { method: "GET", route: "", failure: "", secure: false }).add(each);
    }
  };
  const list = newPointList();
  // Nobody is told of who could stand for the first 90.
  durations.tell(7, list, { requests: 90, errorsTold: false });
  add(Role.server, 200, 30);
  add(Role.server, 404, 10);
  add(Role.client, 200, 20, { hasParent: true });
  add(Role.client, 500, 3, { hasParent: true, remoteParent: true });
  add(Role.client, 503, 3, { threshold: 2 ** 31 });
  durations.tell(7, list, { requests: 160, errorsTold: false });
  assert.deepEqual(countsOf(list), {
    "http.server.request.duration 200": 150,
    "http.server.request.duration 404": 50,
    "http.client.request.duration 200": 100,
    "http.client.request.duration 500": 3,
    "http.client.request.duration 503": 6,
  });
  // Errors that are told whatever the share stand for themselves; the totals go on.
  add(Role.server, 200, 10);
  add(Role.server, 500, 5);
  durations.tell(7, list, { requests: 180, errorsTold: true });
  assert.deepEqual(countsOf(list), {
    "http.server.request.duration 200": 180,
    "http.server.request.duration 500": 5,
  });
});

test("gRPC's calls are counted by method and status, beside the requests", () => {
  const durations = newRequestDurations(openWallClock());
  const well = { method: "shop.Orders/Get", code: "OK", failure: "" };
  for (const milliseconds of [2, 9]) {
    const served = exchange(Role.server, milliseconds, 0, milliseconds);
    durations.calls(served, well).add(served);
  }
  const gone = exchange(Role.client, 3, 14, 5);
  durations.calls(gone, { ...well, code: "UNAVAILABLE", failure: "UNAVAILABLE" }).add(gone);
  const page = exchange(Role.server, 1, 200, 6);
  durations.series(page, { method: "GET", route: "/", failure: "", secure: false }).add(page);
  const list = newPointList();
  durations.tell(7, list);
  const told = list.take(1n, 2n, 3n).metrics.map((metric) => {
    const [point, ...others] = metric.exponentialHistogram?.dataPoints ?? [];
    assert.equal(others.length, 0);
    const attributes = (point?.attributes ?? []).map(({ key, value }) => `${key}=${value?.stringValue}`);
    return [
      metric.name,
      metric.unit,
      point?.count,
      point?.exemplars?.[0]?.spanId?.slice(0, 2),
      ...attributes,
    ];
  });
  const grpc = ["rpc.system.name=grpc", "rpc.method=shop.Orders/Get"];
  assert.deepEqual(told.slice(0, 2), [
    ["rpc.server.call.duration", "s", 2n, "09", ...grpc, "rpc.response.status_code=OK"],
    [
      ...["rpc.client.call.duration", "s", 1n, "05", ...grpc],
      ...["rpc.response.status_code=UNAVAILABLE", "error.type=UNAVAILABLE"],
    ],
  ]);
  assert.equal(told[2]?.[0], "http.server.request.duration");
});

test("series beyond the limit go into one, and a process that ended is forgotten", () => {
  const durations = newRequestDurations(openWallClock());
  const each = exchange(Role.server, 1, 200, 1);
  for (let i = 0; i < 1500; i++)
    durations.series(each, { method: "GET", route: `/${i}`, failure: "", secure: false }).add(each);
  const list = newPointList();
  durations.tell(7, list);
  const points = list.take(1n, 2n, 3n).metrics[0]?.exponentialHistogram?.dataPoints ?? [];
  assert.equal(points.length, 1001);
  const rest = points.find(({ attributes }) => attributes?.[0]?.key === "otel.metric.overflow");
  assert.equal(rest?.count, 500n);
  durations.forget(7);
  durations.tell(7, list);
  assert.equal(list.take(1n, 2n, 3n).points, 0);
});
