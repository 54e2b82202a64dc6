import type { HeatAnswer, SpanAnswer, TraceAnswer, UsualAnswer } from "@go3s/server";
import { hostile, seeded, serviceNames, spanId } from "./seeded.js";

/** traceAnswer makes a trace of `count` spans, depth at most `deep`, in depth-first order, as the server sends it. */
export function traceAnswer(at: number, trace_id: string, count: number, deep = 8): TraceAnswer {
  const random = seeded(count);
  const duration_ns = 4e8;
  const operations = ["GET /cart", "POST /checkout", "SELECT orders", "charge card", "render", hostile];
  const spans = {
    span_id: Array.from({ length: count }, (_, index) => spanId(index)),
    parent: new Array<number>(count),
    depth: new Array<number>(count),
    start_offset_ns: new Array<number>(count),
    duration_ns: new Array<number>(count),
    service: new Array<number>(count),
    operation: new Array<number>(count),
    kind: new Array<number>(count),
    status: new Array<number>(count),
  };
  const open: number[] = [];
  for (let row = 0; row < count; row++) {
    while (open.length > 1 && (open.length > deep || random() < 0.42)) open.pop();
    const parent = open[open.length - 1] ?? -1;
    const low = parent < 0 ? 0 : (spans.start_offset_ns[parent] ?? 0);
    const room = parent < 0 ? duration_ns : (spans.duration_ns[parent] ?? 0);
    const share = parent < 0 ? 0 : parent === 0 ? row / count : random() * 0.7;
    spans.parent[row] = parent;
    spans.depth[row] = open.length;
    spans.start_offset_ns[row] = Math.round(low + room * share);
    spans.duration_ns[row] = Math.max(
      1,
      Math.round(parent < 0 ? room : room * (1 - share) * (0.2 + 0.7 * random()) * (parent === 0 ? 0.2 : 1)),
    );
    spans.service[row] = Math.min(
      serviceNames.length - 1,
      Math.floor(open.length / 2) * 2 + (random() < 0.3 ? 1 : 0),
    );
    spans.operation[row] = row === 4 ? 5 : Math.floor(random() * 5);
    spans.kind[row] = row % 2;
    spans.status[row] = random() < 0.02 ? 1 : 0;
    open.push(row);
  }
  return {
    trace_id,
    start_ns: `${at}000000`,
    duration_ns,
    total: count,
    services: serviceNames,
    operations,
    kinds: ["SERVER", "CLIENT"],
    statuses: ["UNSET", "ERROR"],
    spans,
    logs: {
      offset_ns: [1e7, 2e7, 9e7],
      span: [0, Math.min(2, count - 1), Math.min(3, count - 1)],
      source: ["log", "event", "log"],
      level: ["INFO", "", "ERROR"],
      text: ["started", "cache miss", hostile],
    },
    waits: {
      span: [0, Math.min(2, count - 1)],
      running: [4e7, 1e6],
      runnable: [1e7, 2e5],
      syscall: [0, 1e5],
      lock: [2e8, 0],
      channel: [0, 3e6],
      network: [1e8, 2e6],
      gc: [5e6, 1e5],
      sleep: [4e7, 1e5],
      other: [5e6, 1e5],
    },
  };
}

/** usualAnswer makes a sample of `traces` traces like the fixture's, faster ones, with one operation more and one less. */
export function usualAnswer(at: number, traces: number): UsualAnswer {
  const one = traceAnswer(at, "", 60);
  const copies = Array.from({ length: traces }, (_, copy) => copy * one.spans.parent.length);
  const all = (values: readonly number[]) => copies.flatMap(() => values);
  const half = all(one.spans.duration_ns).map((ns) => Math.round(ns / 2));
  return {
    range: { from_ms: at - 3_600_000, to_ms: at },
    found: traces * 3,
    traces,
    services: one.services,
    operations: ["GET /cart", "POST /checkout", "SELECT orders", "validate card", "render", hostile],
    statuses: one.statuses,
    spans: {
      parent: copies.flatMap((base) => one.spans.parent.map((above) => (above < 0 ? above : above + base))),
      start_offset_ns: all(one.spans.start_offset_ns).map((ns) => Math.round(ns / 2)),
      duration_ns: half,
      service: all(one.spans.service),
      operation: all(one.spans.operation),
      status: all(one.spans.status),
    },
  };
}

/** heatAnswer makes a range's heatmap: most requests near 20 ms, some near a second, those failed. */
export function heatAnswer(at: number): HeatAnswer {
  const count = 60;
  const usual = Array.from({ length: count }, (_, bucket) => ({
    bucket,
    level: 48 + (bucket % 3),
    of: 90,
    bad: 0,
  }));
  const slow = Array.from({ length: 9 }, (_, index) => ({ bucket: 50 + index, level: 59, of: 4, bad: 3 }));
  const cells = [...usual, ...slow];
  return {
    range: { from_ms: at - 3_600_000, to_ms: at },
    buckets: { start_ms: at - 3_600_000, step_ms: 60_000, count },
    cells: {
      bucket: cells.map((cell) => cell.bucket),
      level: cells.map((cell) => cell.level),
      count: cells.map((cell) => cell.of),
      errors: cells.map((cell) => cell.bad),
    },
  };
}

/** spanAnswer makes one span whole. */
export function spanAnswer(at: number, trace_id: string, span_id: string): SpanAnswer {
  return {
    trace_id,
    span_id,
    parent_span_id: "",
    trace_state: "",
    service_name: "checkout",
    operation: "POST /checkout",
    kind: "SERVER",
    status_code: "ERROR",
    status_message: "payment refused: card expired",
    timestamp_ns: `${at}000000`,
    duration_ns: 312_000_000,
    scope_name: "go3s/net/http",
    scope_version: "0.1.0",
    attributes: {
      "http.request.method": "POST",
      "http.route": "/checkout",
      "http.response.status_code": "502",
      "url.path": "/checkout",
      "server.address": "shop.local",
      "server.port": "8080",
      "client.address": "127.0.0.1",
      "user_agent.original": hostile,
      "go3s.goroutine.id": "1842",
      payload: '{"items":[{"sku":"a-1","count":2}],"total":31.5}',
    },
    resource_attributes: { "service.name": "checkout", "process.pid": "4001", "host.name": "box" },
    events: [
      { timestamp_ns: `${at + 12}000000`, name: "exception", attributes: { "exception.message": hostile } },
    ],
    links: [],
    logs: [
      {
        cursor: "1",
        timestamp_ns: `${at + 31}000000`,
        service_name: "checkout",
        level: "ERROR",
        severity_text: "ERROR",
        event_name: "",
        body: `payment refused ${hostile}`,
        trace_id,
        span_id,
        attributes: {},
      },
    ],
  };
}
