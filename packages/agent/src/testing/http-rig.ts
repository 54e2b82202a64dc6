import assert from "node:assert/strict";
import { decodeProtobuf, ExportTraceServiceRequest, type Span, SpanWriter } from "@go3s/telemetry";
import { createDecoder } from "../events/decode.js";
import type { EventSink } from "../events/event.js";
import { Role } from "../events/layout.js";
import { requestRecord, responseRecord } from "../events/sample-records.js";
import { ignoreStreams } from "../events/stream.js";
import { type Assembler, newAssembler } from "../spans/assembler.js";
import { openWallClock } from "../spans/clock.js";
import { newHttpSpanWriter } from "../spans/http-span.js";
import { newProcessSpans, type ProcessSpans } from "../spans/process-spans.js";
import { encodedScope, encodeResource } from "../spans/resource.js";
import { newRouteTable } from "../spans/routes.js";

/** HttpRig takes records of HTTP/1 as the kernel writes them, and gives the spans that they become. */
export interface HttpRig {
  readonly assembler: Assembler;
  /** process is that of tgid 7 and of tgid 8; nobody asks for others. */
  readonly process: ProcessSpans;
  feed(...records: Uint8Array[]): void;
  /** serve feeds a whole request to sample.server, which begins after as many microseconds as its number says and takes half of one. */
  serve(exchange: number, head?: string, answer?: string, more?: Parameters<typeof requestRecord>[1]): void;
  /** spans are all until now. */
  spans(): Span[];
}

/** base is when the rig's CLOCK_MONOTONIC began. */
export const base = 1_700_000_000_000_000_000n;

const get = "GET /users/7?x=1 HTTP/1.1\r\nHost: shop:8080\r\nUser-Agent: wrk\r\n\r\n";
const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const parent = "00f067aa0ba902b7";
const server = { role: Role.server, tgid: 7, exchange: 1, ns: 1000, localPort: 8080, peerPort: 50000 };

/** sample is a request in several forms, with its answer, and where it comes from. */
export const sample = {
  get,
  ok: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  /** withParent says that it is a child of `parent`, in `trace`. */
  withParent: get.replace("Host", `traceparent: 00-${trace}-${parent}-01\r\ntracestate: k=v\r\nHost`),
  trace,
  parent,
  server,
  /** ports are the server's, as againRecord takes them. */
  ports: ((server.localPort << 16) | server.peerPort) >>> 0,
  /** client is one that asks while the server answers. */
  client: {
    role: Role.client,
    tgid: 7,
    exchange: 2,
    parent: 1,
    ns: 1500,
    localPort: 40000,
    peerPort: 9090,
  },
} as const;

/** newHttpRig runs records through decoder, assembler and span writer, and reads the spans back with the object codec. */
export function newHttpRig(handlerEndsTold = false): HttpRig {
  const process = newProcessSpans({
    tgid: 7,
    serviceName: "shop",
    resource: encodeResource({ serviceName: "shop", attributes: new Map([["service.name", "shop"]]) }),
    routes: newRouteTable(),
  });
  process.handlerEndsTold = handlerEndsTold;
  const writer = new SpanWriter();
  const seen: Span[] = [];
  const startBatch = (): void => {
    writer.reset();
    writer.beginResource(process.resource);
    writer.beginScope(encodedScope);
  };
  startBatch();
  const http = newHttpSpanWriter(openWallClock(() => base));
  const assembler = newAssembler({
    processOf: (tgid) => (tgid === 7 || tgid === 8 ? process : undefined),
    repeat: (exchange, template) => http.repeat(exchange, template, writer),
    emit: (exchange, head, failure) => http.write(exchange, head, writer, failure),
  });
  const ignore = () => {};
  const sink: EventSink = {
    ...assembler,
    ...ignoreStreams,
    call: ignore,
    callEnd: ignore,
    madeStart: ignore,
    madePart: ignore,
    wire: ignore,
    wireName: ignore,
    wireEnd: ignore,
    tcpOpen: ignore,
    tcpClose: ignore,
    processStart: ignore,
    processExit: ignore,
    unknown: (kind) => assert.fail(`record of unknown kind ${kind}`),
  };
  const decode = createDecoder(sink);
  const feed = (...records: Uint8Array[]): void => {
    for (const record of records) decode(record, 0, record.length);
  };
  return {
    assembler,
    process,
    feed,
    serve(exchange, head = get, answer = sample.ok, more = {}) {
      feed(
        requestRecord(head, { ...server, exchange, ns: exchange * 1000, ...more }),
        responseRecord(answer, { exchange, ns: exchange * 1000 + 500 }),
      );
    },
    spans() {
      const request = decodeProtobuf(ExportTraceServiceRequest, writer.finish());
      seen.push(...request.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((scope) => scope.spans)));
      startBatch();
      return seen;
    },
  };
}

/** attributesOf gives a span's attributes as texts; there are none without a span. */
export const attributesOf = (span: Span | undefined): Record<string, string> =>
  Object.fromEntries(
    (span?.attributes ?? []).map((a) => [a.key, String(a.value?.stringValue ?? a.value?.intValue ?? "")]),
  );

/** shapeOf is what a span has besides its ids and times. */
export const shapeOf = (span: Span | undefined) => ({
  name: span?.name,
  kind: span?.kind,
  status: span?.status,
  attributes: span?.attributes,
});
