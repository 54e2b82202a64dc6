import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf, ExportTraceServiceRequest, type Span, SpanWriter } from "@go3s/telemetry";
import fc from "fast-check";
import { Role } from "../events/layout.js";
import { StreamKind } from "../go/stream-site.js";
import { newGoTypes } from "../go/type-names.js";
import type { RequestDurations } from "../runtime/request-durations.js";
import { openWallClock } from "./clock.js";
import { newProcessSpans, type ProcessSpans } from "./process-spans.js";
import { encodedScope, encodeResource } from "./resource.js";
import { newRouteTable } from "./routes.js";
import { newStream, type Stream } from "./stream.js";
import type { StreamConn } from "./stream-conns.js";
import { newStreamSpanWriter } from "./stream-span.js";

const newProcess = (): ProcessSpans =>
  newProcessSpans({
    tgid: 7,
    serviceName: "shop",
    resource: encodeResource({ serviceName: "shop", attributes: new Map([["service.name", "shop"]]) }),
    routes: newRouteTable(),
  });

const conn = (): StreamConn => ({
  role: Role.server,
  tls: false,
  localPort: 80,
  peerPort: 5000,
  localText: "10.0.0.1",
  peerText: "10.0.0.2",
  flow: undefined,
  encoded: undefined,
  template: undefined,
});

/** counted counts what is added to each series. */
function counted(counts: Map<string, number>): RequestDurations {
  const series = (_timed: unknown, key: object) => ({
    add() {
      const name = JSON.stringify(key);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
  });
  return {
    series,
    calls: series,
    queries: series,
    messages: series,
    tell: () => undefined,
    forget: () => undefined,
  };
}

/** told writes streams over one connection, or each over one of its own, where nothing can be repeated. */
function told(
  streams: readonly Partial<Stream>[],
  isOne: boolean,
  process = newProcess(),
): { spans: Span[]; counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const http = newStreamSpanWriter(
    openWallClock(() => 10n ** 18n),
    newGoTypes(),
    counted(counts),
  );
  const writer = new SpanWriter();
  writer.beginResource(process.resource);
  writer.beginScope(encodedScope);
  const one = conn();
  streams.forEach((stream, i) => {
    const whole: Stream = {
      ...newStream(process),
      protocol: StreamKind.grpc,
      tgid: 7,
      goid: i + 1,
      startNs: i * 1000,
      endNs: i * 1000 + 500,
      conn: isOne ? one : conn(),
      streamId: i,
      path: "/shop.Things/Get",
      ids: new Uint8Array(32).fill(i + 1),
      identified: true,
      status: 0,
      ...stream,
    };
    http.write(whole, "", writer);
  });
  const { resourceSpans } = decodeProtobuf(ExportTraceServiceRequest, writer.finish());
  return { spans: resourceSpans.flatMap((r) => r.scopeSpans.flatMap(({ spans }) => spans)), counts };
}

const of = <T>(...values: T[]) => fc.constantFrom(...values);
const streamArbitrary = fc.record({
  protocol: of(StreamKind.grpc, StreamKind.grpc, StreamKind.http2),
  path: of("/shop.Things/Get", "/shop.Things/Get", "/shop.Things/List"),
  host: of("", "", "shop:80"),
  agent: of("", "", "grpc-go/1.77"),
  query: of("", "", "x=1"),
  baggage: of("", "", "user=7"),
  tracestate: of("", "", "a=1"),
  remoteParent: fc.boolean(),
  hasParent: fc.boolean(),
  status: of(0, 0, 0, 5, 14),
  text: of("", "", "no such thing"),
  requestBytes: of(-1, -1, 5),
  responseBytes: of(-1, -1, 200),
});

test("streams over one connection become the spans, and count where, they would each over a connection of its own", () => {
  fc.assert(
    fc.property(fc.array(streamArbitrary, { minLength: 1, maxLength: 30 }), (streams) => {
      assert.deepEqual(told(streams, true), told(streams, false));
    }),
    { numRuns: 200 },
  );
});

test("the same call again is copied: its span differs in ids, times and goroutine alone", () => {
  const same = new Array<Partial<Stream>>(4).fill({});
  const { spans, counts } = told(same, true);
  const shapes = spans.map(({ name, kind, attributes }) => ({
    name,
    kind,
    attributes: attributes.filter(({ key }) => key !== "go3s.goroutine.id"),
  }));
  for (const shape of shapes) assert.deepEqual(shape, shapes[0]);
  assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, 4);
  assert.deepEqual([...counts.values()], [4]);
});

test("while the probes on routers rest, requests have the routes that were learned; what had none has none when they are back", () => {
  const process = newProcess();
  const request = (path: string, text: string): Partial<Stream> => ({
    protocol: StreamKind.http2,
    role: Role.server,
    method: "GET",
    path,
    text,
  });
  const routes = (...streams: Partial<Stream>[]): unknown[] =>
    told(streams, false, process).spans.map(
      ({ attributes }) => attributes.find(({ key }) => key === "http.route")?.value?.stringValue,
    );
  process.handlerEndsTold = true;
  assert.deepEqual(routes(request("/users/7?x=1", "/users/{id}"), request("/none", "")), [
    "/users/{id}",
    undefined,
  ]);
  assert.equal(process.newPaths, 1);
  process.handlerEndsTold = false;
  assert.deepEqual(routes(request("/users/7", ""), request("/users/8", ""), request("/none", "")), [
    "/users/{id}",
    "/users/{id}",
    undefined,
  ]);
  assert.equal(process.newPaths, 3);
  process.handlerEndsTold = true;
  assert.deepEqual(routes(request("/users/9/", "")), [undefined]);
});
