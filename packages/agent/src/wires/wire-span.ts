import { type AttributeKey, attributeKey, encodeProtobuf, KeyValue, type SpanWriter } from "@go3s/telemetry";
import { formatAddress } from "../discovery/sockets.js";
import { addressSize, familyUnix, Role } from "../events/layout.js";
import { grpcErrorOf } from "../protocols/http2/grpc-status.js";
import type { AttributeValue, WireExchange } from "../protocols/wire.js";
import type { RequestDurations, Timed } from "../runtime/request-durations.js";
import { withThreshold } from "../sampling/threshold.js";
import type { Nanos, WallClock } from "../spans/clock.js";
import { idLayout } from "../spans/ids.js";
import { tlsVersionText } from "../spans/tls-version.js";
import type { Joins } from "./joins.js";
import type { MessageLinks } from "./message-links.js";
import type { Origin } from "./origins.js";
import type { Wire } from "./wire.js";
import { seriesOf } from "./wire-durations.js";
import { newPlace, type Place, placeExchange } from "./wire-ids.js";

const key = {
  serverAddress: attributeKey("server.address"),
  serverPort: attributeKey("server.port"),
  clientAddress: attributeKey("client.address"),
  peerAddress: attributeKey("network.peer.address"),
  peerPort: attributeKey("network.peer.port"),
  baggage: attributeKey("go3s.baggage"),
  transport: attributeKey("network.transport"),
  tlsVersion: attributeKey("tls.protocol.version"),
  errorType: attributeKey("error.type"),
  doubt: attributeKey("go3s.wire.doubt"),
  // Bytes on the wire, framing included; the conventions have no name for them.
  requestSize: attributeKey("go3s.request.size"),
  responseSize: attributeKey("go3s.response.size"),
  goroutine: attributeKey("go3s.goroutine.id"),
} as const satisfies Readonly<Record<string, AttributeKey>>;

// OTLP's numbers (opentelemetry/proto/trace/v1/trace.proto).
const spanKind = { server: 2, client: 3, producer: 4, consumer: 5 } as const;
const statusError = 2;
const flags = { sampled: 1, remoteKnown: 0x100, remote: 0x200 } as const;
const familyInet = 2;

type Writable = { -readonly [K in keyof Timed]: Timed[K] };

/** WireSpanWriter writes exchanges as spans. */
export interface WireSpanWriter {
  /** write writes one; `said` has the trace id and the span id that went out with its request, where any did. */
  write(
    exchange: WireExchange,
    wire: Wire,
    origin: Origin | undefined,
    writer: SpanWriter,
    said?: Uint8Array,
  ): void;
}

/**
 * newWireSpanWriter makes a writer with its own scratch values: one per agent. `durations` counts what was seen whole, `links` leads
 * to the producers of messages, `placeOf` gives the place of what has had one since its request was read.
 */
export function newWireSpanWriter(
  clock: WallClock,
  joins: Joins,
  durations?: RequestDurations,
  links?: MessageLinks,
  placeOf: (exchange: WireExchange) => Place | undefined = () => undefined,
): WireSpanWriter {
  const time: Nanos = { lo: 0, hi: 0 };
  const passing = newPlace();
  const sender = new Uint8Array(idLayout.size);
  const keys = new Map<string, AttributeKey>();
  const timed: Writable = {
    tgid: 0,
    role: Role.client,
    status: 0,
    startNs: 0,
    endNs: 0,
    hasParent: false,
    remoteParent: false,
    threshold: 0,
    ids: passing.ids,
  };

  const keyOf = (name: string): AttributeKey => {
    let known = keys.get(name);
    if (known === undefined) {
      known = attributeKey(name);
      // Names come from our own parsers; headers could make more of them one day.
      if (keys.size < 1024) keys.set(name, known);
    }
    return known;
  };

  /** linked adds the links of a client's messages, and notes what it has sent: by its own span, or by that of the call it was sent for. */
  const linked = (
    links: MessageLinks,
    exchange: WireExchange,
    wire: Wire,
    origin: Origin | undefined,
    ids: Uint8Array,
    writer: SpanWriter,
  ): void => {
    if (exchange.attributes["messaging.operation.type"] === "send") {
      sender.set(ids);
      if (origin?.sender?.isOnly === true && origin.sender.isPart !== true) {
        sender.set(origin.ids);
        sender.copyWithin(idLayout.span, idLayout.parent, idLayout.parent + 8);
      }
      links.sent(exchange, wire, sender);
    }
    links.write(exchange, wire, writer);
  };

  const attribute = (writer: SpanWriter, name: string, value: AttributeValue): void => {
    const at = keyOf(name);
    if (typeof value === "string") writer.stringAttribute(at, value);
    else if (typeof value === "boolean") writer.boolAttribute(at, value);
    else if (typeof value === "number") {
      if (Number.isSafeInteger(value)) writer.intAttribute(at, value);
      else writer.doubleAttribute(at, value);
    } else {
      const values = value.map((stringValue) => ({ stringValue }));
      writer.encodedAttribute(encodeProtobuf(KeyValue, { key: name, value: { arrayValue: { values } } }));
    }
  };

  /** addresses writes those of the socket that `told` has not got. */
  const addresses = (
    told: Readonly<Record<string, AttributeValue>>,
    wire: Wire,
    server: boolean,
    writer: SpanWriter,
  ): void => {
    if (wire.family === familyUnix) {
      writer.stringAttribute(key.transport, "unix");
      if (wire.path === "") return;
      if (!("server.address" in told)) writer.stringAttribute(key.serverAddress, wire.path);
      if (!server) writer.stringAttribute(key.peerAddress, wire.path);
      return;
    }
    if (wire.datagram) writer.stringAttribute(key.transport, "udp");
    const version = tlsVersionText(wire.secure);
    if (version !== "") writer.stringAttribute(key.tlsVersion, version);
    if (wire.peerPort === 0) return;
    // A connection's addresses are the same for all its spans.
    wire.peerText ??= addressText(wire, addressSize);
    wire.localText ??= addressText(wire, 0);
    const { peerText: peer, localText } = wire;
    if (!("server.address" in told)) {
      writer.stringAttribute(key.serverAddress, server ? localText : peer);
      writer.intAttribute(key.serverPort, server ? wire.localPort : wire.peerPort);
    } else if (!("server.port" in told))
      writer.intAttribute(key.serverPort, server ? wire.localPort : wire.peerPort);
    if (server && !("client.address" in told)) writer.stringAttribute(key.clientAddress, peer);
    writer.stringAttribute(key.peerAddress, peer);
    writer.intAttribute(key.peerPort, wire.peerPort);
  };

  return {
    write(exchange, wire, origin, writer, said) {
      const server = wire.client === 1;
      const known = placeOf(exchange);
      if (known === undefined) placeExchange(passing, exchange, wire, origin, said, joins);
      const { ids, parented, remote, threshold } = known ?? passing;
      writer.beginSpan();
      writer.traceId(ids, idLayout.trace);
      writer.spanId(ids, idLayout.span);
      if (parented) writer.parentSpanId(ids, idLayout.parent);
      writer.flags(flags.sampled | flags.remoteKnown | (parented && remote ? flags.remote : 0));
      clock.toUnix(exchange.startNs, time);
      writer.startTime(time.lo, time.hi);
      clock.toUnix(Math.max(exchange.startNs, exchange.endNs), time);
      writer.endTime(time.lo, time.hi);
      // An error that is told whatever the share stands for itself.
      const counted = wire.process.errorsTold === true && isServerError(exchange, server) ? 0 : threshold;
      const state = withThreshold(remote ? exchange.tracestate : "", counted);
      if (state !== "") writer.traceState(state);
      writer.name(exchange.name);
      // What the messages are the children of is their producer.
      writer.kind(!server && origin?.sender?.isPart === true ? spanKind.producer : kindOf(exchange, server));
      const { attributes } = exchange;
      for (const name in attributes) {
        const value = attributes[name];
        if (value !== undefined) attribute(writer, name, value);
      }
      const own = server ? exchange.serverAttributes : undefined;
      for (const name in own) {
        const value = own[name];
        if (value !== undefined) attribute(writer, name, value);
      }
      addresses(own ?? attributes, wire, server, writer);
      writer.intAttribute(key.requestSize, exchange.requestBytes);
      writer.intAttribute(key.responseSize, exchange.responseBytes);
      if (links !== undefined && !server && exchange.messages !== undefined)
        linked(links, exchange, wire, origin, ids, writer);
      if (exchange.baggage !== "") writer.stringAttribute(key.baggage, exchange.baggage);
      if (exchange.doubt !== "") writer.stringAttribute(key.doubt, exchange.doubt);
      if (origin !== undefined && origin.goid > 0 && !server) writer.intAttribute(key.goroutine, origin.goid);
      const error = errorOf(exchange, server);
      if (error !== "") {
        writer.stringAttribute(key.errorType, error);
        writer.status(statusError, error === "connection_closed" ? closedText : "");
      }
      writer.endSpan();
      if (durations !== undefined && exchange.doubt === "" && exchange.kind === "call") {
        timed.tgid = wire.process.tgid;
        timed.ids = ids;
        timed.hasParent = parented;
        timed.remoteParent = remote;
        timed.threshold = threshold;
        timed.role = server ? Role.server : Role.client;
        timed.startNs = exchange.startNs;
        timed.endNs = exchange.endNs;
        const status = exchange.attributes["http.response.status_code"];
        timed.status = typeof status === "number" ? status : 0;
        seriesOf(durations, timed, exchange, wire, error)?.add(timed);
      }
      wire.process.spans++;
    },
  };
}

const closedText = "the connection was closed before the response was complete";

/** What the server begins (deliveries, notifications) is consumed by its client. */
function kindOf(exchange: WireExchange, server: boolean): number {
  if (exchange.kind === "push") return server ? spanKind.producer : spanKind.consumer;
  return server ? spanKind.server : spanKind.client;
}

/**
 * errorOf is the error.type of an exchange on one side: a status of 4xx is the client's failure, not the server's (OpenTelemetry's HTTP conventions); so are most of gRPC's.
 */
export function errorOf(
  { error, attributes }: Pick<WireExchange, "error" | "attributes">,
  server: boolean,
): string {
  const status = attributes["http.response.status_code"];
  if (error === "" && !server && typeof status === "number" && status >= 400) return String(status);
  if (error !== "" && error === attributes["rpc.response.status_code"]) return grpcErrorOf(error, server);
  return error;
}

/** isServerError says whether a served request was answered with 500 or above. */
export function isServerError({ attributes }: Pick<WireExchange, "attributes">, server: boolean): boolean {
  const status = attributes["http.response.status_code"];
  return server && typeof status === "number" && status >= 500;
}

/** addressText is an address of a socket as text: the local one at 0, the peer's at addressSize. */
export function addressText({ addresses, family }: Wire, at: number): string {
  return formatAddress(addresses.subarray(at, at + (family === familyInet ? 4 : addressSize)));
}
