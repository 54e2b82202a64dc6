import { Buffer } from "node:buffer";
import { type AttributeKey, attributeKey, encodeProtobuf, KeyValue, type SpanWriter } from "@go3s/telemetry";
import { formatAddress } from "../discovery/sockets.js";
import { addressSize, familyUnix, Role } from "../events/layout.js";
import type { RequestDurations } from "../runtime/request-durations.js";
import type { SpanWaits } from "../runtime/waits/span-waits.js";
import { thresholdText, withThreshold } from "../sampling/threshold.js";
import type { Nanos, WallClock } from "./clock.js";
import type { Exchange } from "./exchange.js";
import { listOf, type RequestHead } from "./head.js";
import { idLayout } from "./ids.js";
import { httpVersion, requestUrl } from "./request-url.js";
import { hasNoBody } from "./response-end.js";
import { routeOf } from "./routes.js";
import { newSpanTemplate, type SpanTemplate } from "./template.js";
import { tlsVersionText } from "./tls-version.js";

// The stable HTTP names of OpenTelemetry's semantic conventions
// (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), encoded once.
const key = {
  method: attributeKey("http.request.method"),
  originalMethod: attributeKey("http.request.method_original"),
  path: attributeKey("url.path"),
  query: attributeKey("url.query"),
  fullUrl: attributeKey("url.full"),
  version: attributeKey("network.protocol.version"),
  transport: attributeKey("network.transport"),
  scheme: attributeKey("url.scheme"),
  tlsVersion: attributeKey("tls.protocol.version"),
  route: attributeKey("http.route"),
  status: attributeKey("http.response.status_code"),
  requestSize: attributeKey("http.request.body.size"),
  responseSize: attributeKey("http.response.body.size"),
  serverAddress: attributeKey("server.address"),
  serverPort: attributeKey("server.port"),
  clientAddress: attributeKey("client.address"),
  peerAddress: attributeKey("network.peer.address"),
  peerPort: attributeKey("network.peer.port"),
  userAgent: attributeKey("user_agent.original"),
  errorType: attributeKey("error.type"),
  // What came with https://www.w3.org/TR/baggage/, as it was sent; the conventions have no name for it.
  baggage: attributeKey("go3s.baggage"),
  goroutine: attributeKey("go3s.goroutine.id"),
} as const satisfies Readonly<Record<string, AttributeKey>>;

// OTLP's numbers (opentelemetry/proto/trace/v1/trace.proto).
const spanKind = { server: 2, client: 3 } as const;
const statusError = 2;
// Bit 8: the remote bit of the parent is known; bit 9: the parent is remote; bit 0: W3C's sampled.
const flags = { sampled: 1, remoteKnown: 0x100, remote: 0x200 } as const;

// Methods that http.request.method may hold as they are; any other is "_OTHER" (semantic conventions).
const knownMethods = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
  "QUERY",
]);

/** HttpSpanWriter writes exchanges as spans. */
export interface HttpSpanWriter {
  /** write appends the span of a finished exchange, whose head was parsed, to a writer whose scope is open; `failure` names why it broke off. */
  write(exchange: Exchange, head: RequestHead, writer: SpanWriter, failure: string): void;
  /** repeat appends the span of an exchange whose connection's template matches. */
  repeat(exchange: Exchange, template: SpanTemplate, writer: SpanWriter): void;
}

/**
 * newHttpSpanWriter makes a writer with its own scratch values: one per agent. `durations` counts each span that is written,
 * `waits` says what its goroutine waited for.
 */
export function newHttpSpanWriter(
  clock: WallClock,
  durations?: RequestDurations,
  waits?: Pick<SpanWaits, "write">,
): HttpSpanWriter {
  const time: Nanos = { lo: 0, hi: 0 };
  const names = new Map<string, Map<string, string>>();
  const addresses = new Map<number, string>();

  const addressText = (exchange: Exchange, at: number): string => {
    const bytes = exchange.addresses;
    if (exchange.family !== 2) return formatAddress(bytes.subarray(at, at + addressSize));
    // IPv4 by its number: a service sees the same few peers again and again.
    const number = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    let text = addresses.get(number);
    if (text === undefined) {
      text = formatAddress(bytes.subarray(at, at + 4));
      if (addresses.size > 4096) addresses.clear();
      addresses.set(number, text);
    }
    return text;
  };

  const spanName = (method: string, route: string): string => {
    if (route === "") return method;
    let known = names.get(method);
    if (known === undefined) {
      known = new Map();
      names.set(method, known);
    }
    let name = known.get(route);
    if (name === undefined) {
      if (known.size > 4096) known.clear();
      name = `${method} ${route}`;
      known.set(route, name);
    }
    return name;
  };

  /** begin writes what differs from span to span: identity and times. */
  const begin = (exchange: Exchange, writer: SpanWriter): void => {
    writer.beginSpan();
    writer.traceId(exchange.ids, idLayout.trace);
    writer.spanId(exchange.ids, idLayout.span);
    if (exchange.hasParent) writer.parentSpanId(exchange.ids, idLayout.parent);
    const isRemote = exchange.role === Role.server && exchange.hasParent;
    writer.flags(flags.sampled | flags.remoteKnown | (isRemote ? flags.remote : 0));
    clock.toUnix(exchange.startNs, time);
    writer.startTime(time.lo, time.hi);
    clock.toUnix(Math.max(exchange.startNs, exchange.endNs), time);
    writer.endTime(time.lo, time.hi);
  };

  return {
    repeat(exchange, template, writer) {
      template.series?.add(exchange);
      begin(exchange, writer);
      if (exchange.role === Role.server) template.write(writer);
      else {
        template.copy(writer);
        if (exchange.goid > 0) writer.intAttribute(key.goroutine, exchange.goid);
      }
      writer.endSpan();
      exchange.process.spans++;
    },
    write(exchange, head, writer, failure) {
      const { head: bytes, process } = exchange;
      const server = exchange.role === Role.server;
      const method = methodText(bytes, head);
      const route = server ? routeText(exchange, method, head) : "";
      const shownMethod = knownMethods.has(method) ? method : "_OTHER";

      const series = durations?.series(exchange, {
        method: shownMethod,
        route,
        failure,
        secure: exchange.secure !== 0,
      });
      series?.add(exchange);
      // Where it went only the connection says.
      if (exchange.passesHost) head.host.start = -1;
      begin(exchange, writer);
      const mark = writer.byteLength;
      const state = traceState(exchange, head);
      if (state !== "") writer.traceState(state);
      writer.name(spanName(shownMethod === "_OTHER" ? "HTTP" : shownMethod, route));
      writer.kind(server ? spanKind.server : spanKind.client);

      writer.encodedAttribute(methodValue(shownMethod));
      if (shownMethod === "_OTHER" && method !== "_OTHER") writer.stringAttribute(key.originalMethod, method);
      if (head.path.start >= 0) writer.bytesAttribute(key.path, bytes, head.path.start, head.path.end);
      if (head.query.start >= 0 && head.query.end > head.query.start)
        writer.bytesAttribute(key.query, bytes, head.query.start, head.query.end);
      writer.encodedAttribute(exchange.secure === 0 ? schemeValue : secureValue);
      if (!server) {
        const scheme = exchange.secure === 0 ? "http" : "https";
        const url = requestUrl(bytes, head, scheme, () =>
          exchange.family === familyUnix
            ? "localhost"
            : `${hostText(addressText(exchange, addressSize))}:${exchange.peerPort}`,
        );
        if (url.length > 0) writer.bytesAttribute(key.fullUrl, url.bytes, 0, url.length);
      }
      const protocolVersion = httpVersion(bytes, exchange.headLength, head);
      if (protocolVersion !== "") writer.encodedAttribute(protocolVersion === "1.0" ? version10 : version11);
      const version = tlsVersionText(exchange.secure);
      if (version !== "") writer.stringAttribute(key.tlsVersion, version);
      if (route !== "") writer.stringAttribute(key.route, route);
      if (exchange.status > 0) writer.intAttribute(key.status, exchange.status);
      writeServer(exchange, writer, bytes, head, server);
      writePeer(exchange, writer, server);
      if (head.userAgent.start >= 0)
        writer.bytesAttribute(key.userAgent, bytes, head.userAgent.start, head.userAgent.end);
      if (head.baggage.start >= 0)
        writer.stringAttribute(key.baggage, listOf(bytes, exchange.headLength, head, "baggage"));
      writeSizes(exchange, writer, head);
      if (server && exchange.goid > 0) writer.intAttribute(key.goroutine, exchange.goid);
      const hasWaits = waits?.write(exchange, writer) === true;

      // Status rules of the HTTP conventions: 4xx is the client's error, not the server's.
      const bad = exchange.status >= (server ? 500 : 400);
      if (bad || failure !== "") {
        writer.stringAttribute(key.errorType, failure !== "" ? failure : String(exchange.status));
        writer.status(statusError, failure === "" ? "" : (failureText[failure] ?? failure));
      }
      // A route that is not known yet may be the next time, and a traceparent never comes twice.
      const mayRepeat =
        !hasWaits &&
        failure === "" &&
        head.traceparent.start < 0 &&
        (route !== "" || !server || process.routeless === true);
      if (mayRepeat && exchange.slot !== undefined && exchange.slot.requests > 1) {
        exchange.slot.template ??= newSpanTemplate();
        exchange.slot.template.record(exchange, writer, mark);
        exchange.slot.template.series = series;
      } else exchange.slot?.template?.forget();
      // Behind what is kept: others send the next request over the connection.
      if (!server && exchange.goid > 0) writer.intAttribute(key.goroutine, exchange.goid);
      writer.endSpan();
      process.spans++;
    },
  };

  function writeServer(
    exchange: Exchange,
    writer: SpanWriter,
    bytes: Buffer,
    parsed: RequestHead,
    server: boolean,
  ): void {
    const { start, end } = parsed.host;
    if (start < 0 && exchange.family === familyUnix) {
      const path = exchange.slot?.path ?? "";
      if (path !== "") writer.stringAttribute(key.serverAddress, path);
      return;
    }
    if (start < 0) {
      writer.stringAttribute(key.serverAddress, addressText(exchange, server ? 0 : addressSize));
      writer.intAttribute(key.serverPort, server ? exchange.localPort : exchange.peerPort);
      return;
    }
    const colon = portColon(bytes, start, end);
    writer.bytesAttribute(key.serverAddress, bytes, start, colon < 0 ? end : colon);
    const named = colon < 0 ? 0 : Number(text(bytes, colon + 1, end));
    const port = named > 0 && named < 65536 ? named : server ? exchange.localPort : exchange.peerPort;
    if (port > 0) writer.intAttribute(key.serverPort, port);
  }

  function writePeer(exchange: Exchange, writer: SpanWriter, server: boolean): void {
    if (exchange.family === familyUnix) {
      // Clients have no address.
      const path = server ? "" : (exchange.slot?.path ?? "");
      if (path !== "") writer.stringAttribute(key.peerAddress, path);
      writer.encodedAttribute(unixValue);
      return;
    }
    const peer = addressText(exchange, addressSize);
    if (server) writer.stringAttribute(key.clientAddress, peer);
    writer.stringAttribute(key.peerAddress, peer);
    writer.intAttribute(key.peerPort, exchange.peerPort);
  }
}

/** traceState is what came in, with the threshold that the trace reached: the span stands for those that did not. */
function traceState(exchange: Exchange, head: RequestHead): string {
  const counted = exchange.process.errorsTold === true && exchange.status >= 500 ? 0 : exchange.threshold;
  if (head.tracestate.start < 0 || !exchange.remoteParent) return thresholdText(counted);
  return withThreshold(listOf(exchange.head, exchange.headLength, head, "tracestate"), counted);
}

/** failureText says in words what an error.type of ours means; it becomes the span's status message. */
export const failureText: Readonly<Record<string, string>> = {
  connection_closed: "the connection was closed before the response was complete",
  process_exited: "the process ended before the response was complete",
};

/** routeText is the route the process told, else what was learned of it before; "" when nobody knows. */
function routeText(exchange: Exchange, method: string, head: RequestHead): string {
  const { process, head: bytes } = exchange;
  const { routes } = process;
  if (head.path.start < 0) return "";
  const path = text(bytes, head.path.start, head.path.end);
  if (exchange.pattern !== "") {
    if (!routes.isExact(method, path)) {
      process.newPaths++;
      routes.learn(method, path, exchange.pattern);
    }
    return routeOf(exchange.pattern);
  }
  // The handler's end was told, and no pattern with it: the program has none.
  if (exchange.handlerEnded) return "";
  if (!routes.isExact(method, path)) process.newPaths++;
  const host = head.host.start < 0 ? "" : text(bytes, head.host.start, head.host.end);
  return routes.find(method, host, path) ?? "";
}

function writeSizes(exchange: Exchange, writer: SpanWriter, head: RequestHead): void {
  if (head.contentLength >= 0) writer.intAttribute(key.requestSize, head.contentLength);
  else if (head.complete && head.chunked && exchange.requestBytes > head.length)
    writer.intAttribute(key.requestSize, exchange.requestBytes - head.length);
  if (!exchange.responseStarted) return;
  // What its head says is the length that another answer would have.
  if (hasNoBody(exchange)) return void writer.intAttribute(key.responseSize, 0);
  // Without a length the bytes counted on the wire are the body with its chunk marks; that is what was sent.
  if (exchange.responseContentLength >= 0)
    writer.intAttribute(key.responseSize, exchange.responseContentLength);
  else if (exchange.responseHeadLength >= 0)
    writer.intAttribute(key.responseSize, Math.max(0, exchange.responseBytes - exchange.responseHeadLength));
}

// Attributes with few values are encoded whole, once.
const schemeValue = encodeProtobuf(KeyValue, { key: key.scheme.name, value: { stringValue: "http" } });
const secureValue = encodeProtobuf(KeyValue, { key: key.scheme.name, value: { stringValue: "https" } });
const unixValue = encodeProtobuf(KeyValue, { key: key.transport.name, value: { stringValue: "unix" } });
const versionValue = (text: string): Uint8Array =>
  encodeProtobuf(KeyValue, { key: key.version.name, value: { stringValue: text } });
const version10 = versionValue("1.0");
const version11 = versionValue("1.1");

/** hostText is an address as it stands in a URL: IPv6 in brackets (RFC 3986). */
const hostText = (address: string): string => (address.includes(":") ? `[${address}]` : address);

const methodValues = new Map<string, Uint8Array>();

function methodValue(method: string): Uint8Array {
  let encoded = methodValues.get(method);
  if (encoded === undefined) {
    encoded = encodeProtobuf(KeyValue, { key: key.method.name, value: { stringValue: method } });
    methodValues.set(method, encoded);
  }
  return encoded;
}

const methods = new Map<number, string>();
for (const method of knownMethods) methods.set(methodCode(Buffer.from(method), 0, method.length), method);

/** The first bytes and the length tell the known methods apart: no string is made for them. */
function methodCode(bytes: Uint8Array, start: number, end: number): number {
  return (bytes[start] << 16) | (bytes[start + 1] << 8) | (end - start);
}

function methodText(bytes: Buffer, head: RequestHead): string {
  const { start, end } = head.method;
  if (start < 0) return "_OTHER";
  const known = methods.get(methodCode(bytes, start, end));
  return known !== undefined && bytes[end - 1] === known.charCodeAt(known.length - 1)
    ? known
    : text(bytes, start, end);
}

function text(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("latin1", start, end);
}

/** portColon finds the colon before a port; one inside an IPv6 address's brackets is none. */
function portColon(bytes: Uint8Array, start: number, end: number): number {
  for (let i = end - 1; i > start; i--) {
    const c = bytes[i];
    if (c === 58) return i;
    if (c < 48 || c > 57) return -1;
  }
  return -1;
}
