import { Buffer } from "node:buffer";
import { type AttributeKey, attributeKey, encodeProtobuf, KeyValue, type SpanWriter } from "@go3s/telemetry";
import { Role } from "../events/layout.js";
import { StreamFlag } from "../events/stream-layout.js";
import { StreamKind } from "../go/stream-site.js";
import { type GoTypes, shownType } from "../go/type-names.js";
import { errorNames } from "../protocols/http2/frame.js";
import { grpcCode, grpcError } from "../protocols/http2/grpc-status.js";
import type { DurationSeries, RequestDurations } from "../runtime/request-durations.js";
import { withThreshold } from "../sampling/threshold.js";
import type { MessageBrokers } from "../wires/message-brokers.js";
import type { Nanos, WallClock } from "./clock.js";
import { failureText } from "./http-span.js";
import { idLayout } from "./ids.js";
import { writeMessage } from "./message-span.js";
import { routeOf } from "./routes.js";
import type { Stream } from "./stream.js";
import type { StreamConn } from "./stream-conns.js";
import { newStreamTemplate } from "./stream-template.js";

// The names of OpenTelemetry's conventions for HTTP (https://opentelemetry.io/docs/specs/semconv/http/http-spans/) and gRPC
// (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/), encoded once.
const key = {
  method: attributeKey("http.request.method"),
  originalMethod: attributeKey("http.request.method_original"),
  path: attributeKey("url.path"),
  query: attributeKey("url.query"),
  route: attributeKey("http.route"),
  status: attributeKey("http.response.status_code"),
  requestSize: attributeKey("http.request.body.size"),
  responseSize: attributeKey("http.response.body.size"),
  userAgent: attributeKey("user_agent.original"),
  rpcMethod: attributeKey("rpc.method"),
  code: attributeKey("rpc.response.status_code"),
  serverAddress: attributeKey("server.address"),
  serverPort: attributeKey("server.port"),
  clientAddress: attributeKey("client.address"),
  peerAddress: attributeKey("network.peer.address"),
  peerPort: attributeKey("network.peer.port"),
  errorType: attributeKey("error.type"),
  baggage: attributeKey("go3s.baggage"),
  goroutine: attributeKey("go3s.goroutine.id"),
} as const satisfies Readonly<Record<string, AttributeKey>>;

const text = (name: string, stringValue: string): Uint8Array =>
  encodeProtobuf(KeyValue, { key: name, value: { stringValue } });
const fixed = {
  grpc: text("rpc.system.name", "grpc"),
  http: text("url.scheme", "http"),
  https: text("url.scheme", "https"),
  version: text("network.protocol.version", "2"),
} as const;

// OTLP's numbers (opentelemetry/proto/trace/v1/trace.proto).
const spanKind = { server: 2, client: 3 } as const;
const statusError = 2;
const flags = { sampled: 1, remoteKnown: 0x100, remote: 0x200 } as const;

// Methods that http.request.method may hold as they are (semantic conventions).
const knownMethods = new Set("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY".split(" "));

// What a client resets a stream with that it has no use for any more (RFC 9113 section 7).
const cancelled = "CANCEL";

// Paths of one service: beyond these they are put together anew.
const nameLimit = 4096;

/** StreamSpanWriter writes finished streams as spans. */
export interface StreamSpanWriter {
  write(stream: Stream, failure: string, writer: SpanWriter): void;
}

/**
 * newStreamSpanWriter makes a writer with its own scratch values: one per agent. `durations` counts each span that is written, `brokers`
 * know where messages came from.
 */
export function newStreamSpanWriter(
  clock: WallClock,
  types: GoTypes,
  durations?: RequestDurations,
  brokers?: MessageBrokers,
): StreamSpanWriter {
  const time: Nanos = { lo: 0, hi: 0 };
  const names = new Map<string, string>();

  const nameOf = (method: string, route: string): string => {
    if (route === "") return method;
    const known = `${method} ${route}`;
    let name = names.get(known);
    if (name === undefined) {
      name = known;
      if (names.size >= nameLimit) names.clear();
      names.set(known, name);
    }
    return name;
  };

  /** errorTypeOf names the error that a call ended with. */
  const errorTypeOf = (stream: Stream): string => {
    if (stream.errorType === 0) {
      const isReset = stream.role === Role.server && (stream.endFlags & StreamFlag.reset) !== 0;
      return isReset ? cancelled : "";
    }
    const type = shownType(types.of(stream.tgid, stream.errorType));
    if (type.endsWith("StreamError")) return errorNames[stream.endFlags >> StreamFlag.codeShift] ?? type;
    // Both are what a caller who has given up gets; the first has no type of its own.
    if (type === "*errors.errorString" && stream.role === Role.client && stream.text === "context canceled")
      return "context.Canceled";
    if (type === "*context.deadlineExceededError") return "context.DeadlineExceeded";
    // Of a served stream only its connection's end has no type of its own.
    if (type === "*errors.errorString" && stream.role === Role.server) return "connection_closed";
    return type === "" ? "_OTHER" : type;
  };

  /** writeCall gives the durations that the call counts in. */
  const writeCall = (stream: Stream, failure: string, writer: SpanWriter): DurationSeries | undefined => {
    const isServer = stream.role === Role.server;
    const method = stream.path.startsWith("/") ? stream.path.slice(1) : stream.path;
    writer.name(method === "" ? "grpc" : method);
    writer.kind(isServer ? spanKind.server : spanKind.client);
    writer.encodedAttribute(fixed.grpc);
    if (method !== "") writer.stringAttribute(key.rpcMethod, method);
    let { status } = stream;
    let other = "";
    // The code was read out of any error; only those of gRPC's own type have one there.
    if (stream.errorType !== 0 && !isStatus(types.of(stream.tgid, stream.errorType))) {
      status = -1;
      other = errorTypeOf(stream);
    }
    if (status >= 0) writer.stringAttribute(key.code, grpcCode(status));
    const error = failure !== "" ? failure : status > 0 ? grpcError(status, isServer) : other;
    const series = durations?.calls(stream, {
      method,
      code: status < 0 ? "" : grpcCode(status),
      failure: error,
    });
    if (error === "") return series;
    writer.stringAttribute(key.errorType, error);
    writer.status(statusError, failure !== "" ? (failureText[failure] ?? "") : status > 0 ? stream.text : "");
    return series;
  };

  /** writeRequest does the same for a request. */
  const writeRequest = (stream: Stream, failure: string, writer: SpanWriter): DurationSeries | undefined => {
    const isServer = stream.role === Role.server;
    // An empty method is GET in net/http's requests.
    const method = stream.method === "" ? "GET" : stream.method;
    const isKnown = knownMethods.has(method);
    const mark = isServer ? stream.path.indexOf("?") : -1;
    const path = (mark < 0 ? stream.path : stream.path.slice(0, mark)) || "/";
    const query = mark < 0 ? stream.query : stream.path.slice(mark + 1);
    const route = isServer ? routeText(stream, method, path) : "";
    writer.name(nameOf(isKnown ? method : "HTTP", route));
    writer.kind(isServer ? spanKind.server : spanKind.client);
    writer.stringAttribute(key.method, isKnown ? method : "_OTHER");
    if (!isKnown) writer.stringAttribute(key.originalMethod, method);
    writer.stringAttribute(key.path, path);
    if (query !== "") writer.stringAttribute(key.query, query);
    const isTls = isServer ? stream.conn?.tls === true : (stream.flags & StreamFlag.tls) !== 0;
    writer.encodedAttribute(isTls ? fixed.https : fixed.http);
    writer.encodedAttribute(fixed.version);
    if (route !== "") writer.stringAttribute(key.route, route);
    if (stream.agent !== "") writer.stringAttribute(key.userAgent, stream.agent);
    if (stream.requestBytes >= 0) writer.intAttribute(key.requestSize, stream.requestBytes);
    const isPanic = isServer && (stream.endFlags & StreamFlag.panicked) !== 0;
    // The length in the answer to HEAD is that of a body which is not sent.
    if (stream.responseBytes >= 0)
      writer.intAttribute(key.responseSize, method === "HEAD" ? 0 : stream.responseBytes);
    if (stream.status > 0) writer.intAttribute(key.status, stream.status);
    // What the server resets a stream with whose handler panicked (RFC 9113 section 7).
    const broken = failure !== "" ? failure : isPanic ? "INTERNAL_ERROR" : errorTypeOf(stream);
    const bad = stream.status >= (isServer ? 500 : 400);
    const shown = isKnown ? method : "_OTHER";
    const series = durations?.series(stream, { method: shown, route, failure: broken, secure: isTls });
    if (!bad && broken === "") return series;
    writer.stringAttribute(key.errorType, broken !== "" ? broken : String(stream.status));
    writer.status(statusError, isPanic ? "the handler panicked" : (failureText[failure] ?? ""));
    return series;
  };

  /** writeFields writes what the next span of the connection may repeat. */
  const writeFields = (stream: Stream, failure: string, writer: SpanWriter): void => {
    const { conn } = stream;
    const isFirst = conn?.encoded === undefined;
    const mark = writer.byteLength;
    const isCall = stream.protocol === StreamKind.grpc;
    const series = (isCall ? writeCall : writeRequest)(stream, failure, writer);
    series?.add(stream);
    writeServer(stream, stream.role === Role.server, writer);
    if (conn !== undefined) writePeer(conn, writer);
    if (stream.baggage !== "") writer.stringAttribute(key.baggage, stream.baggage);
    // Many a connection carries one request.
    if (conn === undefined || isFirst || failure !== "") return;
    conn.template ??= newStreamTemplate();
    conn.template.record(stream, series, writer, mark);
  };

  return {
    write(stream, failure, writer) {
      const isServer = stream.role === Role.server;
      writer.beginSpan();
      writer.traceId(stream.ids, idLayout.trace);
      writer.spanId(stream.ids, idLayout.span);
      if (stream.hasParent) writer.parentSpanId(stream.ids, idLayout.parent);
      writer.flags(flags.sampled | flags.remoteKnown | (isServer && stream.remoteParent ? flags.remote : 0));
      clock.toUnix(stream.startNs, time);
      writer.startTime(time.lo, time.hi);
      clock.toUnix(Math.max(stream.startNs, stream.endNs), time);
      writer.endTime(time.lo, time.hi);
      const state = withThreshold(stream.remoteParent ? stream.tracestate : "", stream.threshold);
      if (state !== "") writer.traceState(state);
      const { conn } = stream;
      if (stream.protocol === StreamKind.message) writeMessage(stream, failure, writer, durations, brokers);
      else if (conn?.template !== undefined && failure === "" && conn.template.matches(stream))
        conn.template.write(stream, writer);
      else writeFields(stream, failure, writer);
      if (stream.goid > 0) writer.intAttribute(key.goroutine, stream.goid);
      writer.endSpan();
      stream.process.spans++;
    },
  };
}

const isStatus = (type: string): boolean => type.endsWith("google.golang.org/grpc/internal/status.(*Error)");

/** routeText is the route that came with a request, else what was learned of it while the probes on routers rest; "" when nobody knows. */
function routeText({ process, text: told, host }: Stream, method: string, path: string): string {
  const { routes } = process;
  if (told === "" && process.handlerEndsTold) return "";
  if (!routes.isExact(method, path)) {
    process.newPaths++;
    if (told !== "") routes.learn(method, path, told);
  }
  return told === "" ? (routes.find(method, host, path) ?? "") : routeOf(told);
}

/** writeServer writes where the request went: what it named itself, else the connection's end. */
function writeServer({ host, conn }: Stream, isServer: boolean, writer: SpanWriter): void {
  const address = isServer ? conn?.localText : conn?.peerText;
  const port = isServer ? conn?.localPort : conn?.peerPort;
  const colon = /:\d{1,5}$/.exec(host);
  const named = colon === null ? host : host.slice(0, colon.index);
  const shown = named === "" ? (address ?? "") : named;
  if (shown !== "") writer.stringAttribute(key.serverAddress, shown);
  const shownPort = colon === null ? (port ?? 0) : Number(colon[0].slice(1));
  if (shownPort > 0 && shownPort < 65536) writer.intAttribute(key.serverPort, shownPort);
}

/** writePeer writes the other end of a connection, the same for all its spans. */
function writePeer(conn: StreamConn, writer: SpanWriter): void {
  if (conn.peerPort === 0) return;
  if (conn.encoded !== undefined) {
    writer.encodedFields(conn.encoded, conn.encoded.length);
    return;
  }
  const mark = writer.byteLength;
  if (conn.role === Role.server) writer.stringAttribute(key.clientAddress, conn.peerText);
  writer.stringAttribute(key.peerAddress, conn.peerText);
  writer.intAttribute(key.peerPort, conn.peerPort);
  const encoded = Buffer.allocUnsafeSlow(writer.byteLength - mark);
  writer.copySince(mark, encoded);
  conn.encoded = encoded;
}
