import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf, ExportTraceServiceRequest, type Span, SpanWriter } from "@go3s/telemetry";
import { blankCallEnd, type CallEvent } from "../events/call.js";
import { Operation } from "../go/call-site.js";
import type { GoTypes } from "../go/type-names.js";
import { newPointList } from "../runtime/point-list.js";
import { newRequestDurations } from "../runtime/request-durations.js";
import { addHeard, newCalls } from "./calls.js";
import { openWallClock } from "./clock.js";
import { idLayout } from "./ids.js";
import { newProcessSpans } from "./process-spans.js";
import { newQuerySpanWriter } from "./query-span.js";
import { encodedScope, encodeResource } from "./resource.js";
import { newRouteTable } from "./routes.js";

const base = 1_700_000_000_000_000_000n;
const typeNames = new Map([
  [1, "github.com/lib/pq.(*conn)"],
  [2, "github.com/go-sql-driver/mysql.(*mysqlConn)"],
  [3, "example.com/our/driver.wrapped"],
  [4, "github.com/lib/pq.(*Error)"],
]);
const types: GoTypes = { of: (_pid, itab) => typeNames.get(itab) ?? "", forget: () => {} };

interface Given {
  readonly operation?: number;
  readonly text?: string;
  readonly textBytes?: number;
  readonly type?: number;
  readonly parent?: number;
  readonly goid?: number;
}

/** rig runs calls to spans; exchange 9 is an open server request. */
function rig() {
  const process = newProcessSpans({
    tgid: 7,
    serviceName: "shop",
    resource: encodeResource({ serviceName: "shop", attributes: new Map([["service.name", "shop"]]) }),
    routes: newRouteTable(),
  });
  const writer = new SpanWriter();
  writer.beginResource(process.resource);
  writer.beginScope(encodedScope);
  const clock = openWallClock(() => base);
  const durations = newRequestDurations(clock);
  const queries = newQuerySpanWriter(clock, types, durations);
  const calls = newCalls({
    processOf: (tgid) => (tgid === 7 ? process : undefined),
    adopt(exchange, _tgid, ids) {
      if (exchange !== 9) return false;
      ids.fill(0xaa, idLayout.trace, idLayout.trace + 16);
      ids.fill(0xbb, idLayout.parent, idLayout.parent + 8);
      return true;
    },
    emit: (call, failure) => queries.write(call, failure, writer),
  });
  const begin = (given: Given, ns = 1000): void => {
    const memory = Buffer.from(given.text ?? "");
    const event: CallEvent = {
      memory,
      operation: given.operation ?? Operation.query,
      tgid: 7,
      ns,
      goid: given.goid ?? 5,
      type: given.type ?? 1,
      parent: given.parent ?? 0,
      hops: 0,
      ofFirst: false,
      text: 0,
      textLength: memory.length,
      textBytes: given.textBytes ?? memory.length,
    };
    calls.call(event);
  };
  const end = (errorType = 0, ns = 5000, goid = 5) =>
    calls.callEnd({ ...blankCallEnd(), tgid: 7, ns, goid, errorType });
  const spans = (): Span[] =>
    decodeProtobuf(ExportTraceServiceRequest, writer.finish()).resourceSpans.flatMap((each) =>
      each.scopeSpans.flatMap((scope) => scope.spans),
    );
  /** counted gives each histogram's count, longest operation's span and attributes. */
  const counted = () => {
    const list = newPointList();
    durations.tell(7, list);
    return list.take(1n, 2n, 3n).metrics.flatMap(({ name, exponentialHistogram }) =>
      (exponentialHistogram?.dataPoints ?? []).map((point) => ({
        name,
        count: Number(point.count),
        longest: point.exemplars?.[0]?.asDouble,
        span: point.exemplars?.[0]?.spanId,
        attributes: (point.attributes ?? []).map(({ key, value }) => `${key}=${value?.stringValue}`),
      })),
    );
  };
  return { process, calls, begin, end, spans, counted, forget: queries.forget };
}

const attributes = (span: Span | undefined): Record<string, string> =>
  Object.fromEntries(
    (span?.attributes ?? []).map(({ key, value }) => [key, value?.stringValue ?? String(value?.intValue)]),
  );

test("a query of a request is its child, with its text's safe form", () => {
  const { begin, end, spans, process } = rig();
  begin({ text: "SELECT name FROM users WHERE id = 17", parent: 9 });
  end();
  const [span] = spans();
  assert.equal(span?.name, "SELECT users");
  assert.equal(span.kind, 3);
  assert.equal(span.traceId, "aa".repeat(16));
  assert.equal(span.parentSpanId, "bb".repeat(8));
  assert.equal(span.startTimeUnixNano, base + 1000n);
  assert.equal(span.endTimeUnixNano, base + 5000n);
  assert.deepEqual(attributes(span), {
    "db.system.name": "postgresql",
    "db.query.text": "SELECT name FROM users WHERE id = ?",
    "db.query.summary": "SELECT users",
    "db.operation.name": "SELECT",
    "db.collection.name": "users",
    "go3s.goroutine.id": "5",
  });
  assert.equal(span.status?.code ?? 0, 0);
  assert.deepEqual([process.spans, process.orphans], [1, 0]);
});

test("what is kept of a process goes with it, and what it says again is said the same", () => {
  const { begin, end, spans, forget } = rig();
  for (let i = 0; i < 3; i++) {
    begin({ text: "SELECT name FROM users WHERE id = 17" });
    end();
    if (i === 1) assert.deepEqual([forget(7), forget(7)], [1, 0]);
  }
  const [first, ...others] = spans();
  assert.equal(others.length, 2);
  for (const other of others) assert.deepEqual(attributes(other), attributes(first));
});

test("queries count in the durations of their statement's summary and outcome", () => {
  const { begin, end, spans, counted } = rig();
  for (const [id, ns] of [
    [17, 3000],
    [18, 9000],
  ] as const) {
    begin({ text: `SELECT name FROM users WHERE id = ${id}` });
    end(0, ns);
  }
  begin({ text: "SELECT name FROM users WHERE id = 19" });
  end(4);
  const said = [
    "db.system.name=postgresql",
    "db.operation.name=SELECT",
    "db.collection.name=users",
    "db.query.summary=SELECT users",
  ];
  const all = spans();
  assert.deepEqual(counted(), [
    { name: "db.client.operation.duration", count: 2, longest: 8e-6, span: all[1]?.spanId, attributes: said },
    {
      name: "db.client.operation.duration",
      count: 1,
      longest: 4e-6,
      span: all[2]?.spanId,
      attributes: [...said, "error.type=*pq.Error"],
    },
  ]);
});

const rows: readonly (readonly [string, Given, string, Record<string, string>])[] = [
  ["begin has no text", { operation: Operation.begin }, "BEGIN", { "db.operation.name": "BEGIN" }],
  ["so has commit", { operation: Operation.commit }, "COMMIT", { "db.operation.name": "COMMIT" }],
  [
    "what is prepared is told, as prepared",
    { operation: Operation.prepare, text: "SELECT 'a'" },
    "PREPARE",
    { "db.operation.name": "PREPARE", "db.query.text": "SELECT ?" },
  ],
  [
    "MySQL's double quotes are strings",
    { text: 'SELECT "secret" FROM t', type: 2 },
    "SELECT t",
    { "db.system.name": "mysql", "db.query.text": "SELECT ? FROM t" },
  ],
  [
    "a driver nobody knows",
    { text: "FROBNICATE t", type: 3 },
    "other_sql",
    { "db.system.name": "other_sql" },
  ],
  [
    "a text that was cut does not end in half a word",
    { text: "SELECT a FROM table_with_a_lo", textBytes: 500 },
    "SELECT",
    { "db.query.text": "SELECT a FROM" },
  ],
];
for (const [name, given, spanName, expected] of rows) {
  test(name, () => {
    const { begin, end, spans } = rig();
    begin(given);
    end();
    const [span] = spans();
    assert.equal(span?.name, spanName);
    const found = attributes(span);
    for (const [key, value] of Object.entries(expected)) assert.equal(found[key], value, key);
    assert.equal(span.parentSpanId.length, 0);
  });
}

test("an error is the span's status, with its Go type; one whose type is unknown is _OTHER", () => {
  for (const [itab, type] of [
    [4, "*pq.Error"],
    [99, "_OTHER"],
  ] as const) {
    const { begin, end, spans } = rig();
    begin({ text: "SELECT 1" });
    end(itab);
    const [span] = spans();
    assert.equal(span?.status?.code, 2);
    assert.equal(attributes(span)["error.type"], type);
  }
});

test("a goroutine that begins anew has forgotten its last call; an end without a beginning is nothing", () => {
  const { begin, end, spans, calls } = rig();
  begin({ text: "SELECT 1" });
  begin({ text: "SELECT a FROM b" });
  assert.equal(calls.open(), 1);
  end(0, 6000, 77);
  end();
  end();
  assert.deepEqual(
    spans().map((span) => span.name),
    ["SELECT b"],
  );
  assert.equal(calls.open(), 0);
});

test("where a call's bytes went is its server", () => {
  const { begin, end, spans, calls } = rig();
  begin({ text: "SELECT a FROM b" });
  assert.equal(calls.during(7, 6), undefined);
  const call = calls.during(7, 5);
  assert.ok(call !== undefined);
  call.peerAddress = "10.0.0.7";
  call.peerPort = 5432;
  addHeard(call, {
    "db.namespace": "shop",
    "db.response.status_code": "42P01",
    "db.response.returned_rows": 3,
    "db.query.text": "of no interest",
  });
  end();
  assert.equal(calls.during(7, 5), undefined);
  const found = attributes(spans()[0]);
  assert.deepEqual([found["server.address"], found["server.port"]], ["10.0.0.7", "5432"]);
  assert.deepEqual([found["db.namespace"], found["db.response.status_code"]], ["shop", "42P01"]);
  assert.deepEqual([found["db.response.returned_rows"], found["go3s.db.affected_rows"]], ["3", undefined]);
});

test("a statement that comes again is told with what it says then", () => {
  const { begin, end, spans, calls } = rig();
  const ask = (given: Given, peer: string, rows: number, errorType = 0): void => {
    begin({ text: "SELECT a FROM b", ...given });
    const call = calls.during(7, given.goid ?? 5);
    assert.ok(call !== undefined);
    call.peerAddress = peer;
    addHeard(call, { "db.response.returned_rows": rows });
    end(errorType, 5000, given.goid ?? 5);
  };
  ask({}, "10.0.0.7", 1);
  ask({ goid: 6, parent: 9 }, "10.0.0.7", 2);
  ask({ goid: 8 }, "10.0.0.8", 3);
  ask({ operation: Operation.prepare }, "10.0.0.8", 4);
  ask({ type: 3 }, "10.0.0.8", 5, 2);
  ask({ text: "SELECT a FROM c" }, "10.0.0.8", 6);
  const all = spans();
  assert.deepEqual(
    all.map((span) => {
      const of = attributes(span);
      return [
        span.name,
        of["db.query.text"],
        of["db.operation.name"],
        of["server.address"],
        of["db.response.returned_rows"],
        of["go3s.goroutine.id"],
        span.parentSpanId === undefined || span.parentSpanId.length === 0,
        span.status?.code ?? 0,
      ];
    }),
    [
      ["SELECT b", "SELECT a FROM b", "SELECT", "10.0.0.7", "1", "5", true, 0],
      ["SELECT b", "SELECT a FROM b", "SELECT", "10.0.0.7", "2", "6", false, 0],
      ["SELECT b", "SELECT a FROM b", "SELECT", "10.0.0.8", "3", "8", true, 0],
      ["PREPARE", "SELECT a FROM b", "PREPARE", "10.0.0.8", "4", "5", true, 0],
      ["SELECT b", "SELECT a FROM b", "SELECT", "10.0.0.8", "5", "5", true, 2],
      ["SELECT c", "SELECT a FROM c", "SELECT", "10.0.0.8", "6", "5", true, 0],
    ],
  );
  assert.notEqual(attributes(all[0])["db.system.name"], attributes(all[4])["db.system.name"]);
});

test("a process that ends ends its calls", () => {
  const { begin, spans, calls } = rig();
  begin({ text: "SELECT a FROM b" });
  calls.processExited(7, 9000);
  const [span] = spans();
  assert.equal(attributes(span)["error.type"], "process_exited");
  assert.equal(span?.endTimeUnixNano, base + 9000n);
  assert.equal(calls.open(), 0);
});
