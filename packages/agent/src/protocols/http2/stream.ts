// One stream of an HTTP/2 connection as an exchange: HTTP, or gRPC (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md).

import { i32 } from "../text.js";
import { newExchange, type WireExchange } from "../wire.js";
import { grpcCode } from "./grpc-status.js";

/** Stream is an open stream. */
export interface Stream {
  readonly id: number;
  readonly exchange: WireExchange;
  method: string;
  path: string;
  authority: string;
  status: number;
  grpc: boolean;
  /** typed says that a content type was seen. */
  typed: boolean;
  grpcStatus: number;
  /** hidden counts fields that the header tables hide, in the request's and in the response's headers. */
  hiddenInRequest: number;
  hiddenInResponse: number;
  readonly sent: Body;
  readonly received: Body;
}

/** Body counts a direction's bytes, and gRPC's messages in them. */
export interface Body {
  bytes: number;
  messages: number;
  /** left is how much of the current message is still to come; prefix holds the part of its five bytes that is there. */
  left: number;
  readonly prefix: Uint8Array;
  prefixLength: number;
  /** blind says that a message's beginning was not captured, so that they can no longer be counted. */
  blind: boolean;
}

const prefixSize = 5;

function newBody(): Body {
  return {
    bytes: 0,
    messages: 0,
    left: 0,
    prefix: new Uint8Array(prefixSize),
    prefixLength: 0,
    blind: false,
  };
}

/** newStream makes a stream whose request began at `ns`. */
export function newStream(id: number, ns: number): Stream {
  const exchange = newExchange("http2", ns);
  exchange.stream = id;
  return {
    id,
    exchange,
    method: "",
    path: "",
    authority: "",
    status: 0,
    grpc: false,
    typed: false,
    grpcStatus: -1,
    hiddenInRequest: 0,
    hiddenInResponse: 0,
    sent: newBody(),
    received: newBody(),
  };
}

/** addData counts the payload of a DATA frame, of which bytes[start, end) were captured. */
export function addData(body: Body, bytes: Uint8Array, start: number, end: number, size: number): void {
  body.bytes += size;
  let at = start;
  let unseen = size - (end - start);
  while (at < end && !body.blind) {
    if (body.left > 0) {
      const count = Math.min(body.left, end - at);
      body.left -= count;
      at += count;
      continue;
    }
    body.prefix[body.prefixLength++] = bytes[at++];
    if (body.prefixLength < prefixSize) continue;
    body.prefixLength = 0;
    body.left = i32(body.prefix, 1) >>> 0;
    body.messages++;
  }
  const inMessage = Math.min(unseen, body.left);
  body.left -= inMessage;
  unseen -= inMessage;
  if (unseen > 0) body.blind = true;
}

/** requestField takes a field of a request's headers. */
export function requestField(stream: Stream, name: string | undefined, value: string | undefined): void {
  if (name === undefined || value === undefined) {
    stream.hiddenInRequest++;
    return;
  }
  switch (name) {
    case ":method":
      stream.method = value;
      return;
    case ":path":
      stream.path = value;
      return;
    case ":authority":
    case "host":
      if (stream.authority === "" || name === ":authority") stream.authority = value;
      return;
    case ":scheme":
      stream.exchange.attributes["url.scheme"] = value;
      return;
    case "content-type":
      stream.typed = true;
      stream.grpc ||= value.startsWith("application/grpc");
      return;
    case "user-agent":
      stream.exchange.attributes["user_agent.original"] = value;
      return;
    case "traceparent":
      stream.exchange.traceparent = value;
      return;
    case "tracestate":
      stream.exchange.tracestate = joined(stream.exchange.tracestate, value);
      return;
    case "baggage":
      stream.exchange.baggage = joined(stream.exchange.baggage, value);
      return;
    default:
  }
}

/** joined puts a list together that came in several fields (RFC 9110 section 5.3). */
const joined = (before: string, more: string): string => (before === "" ? more : `${before},${more}`);

/** responseField takes a field of a response's headers or trailers. */
export function responseField(stream: Stream, name: string | undefined, value: string | undefined): void {
  if (name === undefined || value === undefined) stream.hiddenInResponse++;
  else if (name === ":status") stream.status = digits(value);
  else if (name === "grpc-status") {
    stream.grpcStatus = digits(value);
    stream.grpc = true;
  } else if (name === "content-type") {
    stream.typed = true;
    stream.grpc ||= value.startsWith("application/grpc");
  }
}

function digits(text: string): number {
  return /^\d{1,5}$/.test(text) ? Number(text) : -1;
}

// Methods that http.request.method may hold as they are (semantic conventions).
const knownMethods = new Set("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY".split(" "));

/** finish writes what the stream was into its exchange. */
export function finishStream(stream: Stream): WireExchange {
  const { exchange } = stream;
  const { attributes } = exchange;
  if (stream.authority !== "") {
    const port = /:(\d{1,5})$/.exec(stream.authority);
    attributes["server.address"] = port === null ? stream.authority : stream.authority.slice(0, port.index);
    if (port !== null) attributes["server.port"] = Number(port[1]);
  }
  const unknown: string[] = [];
  if (stream.hiddenInRequest > 0) {
    if (stream.method === "") unknown.push(":method");
    if (stream.path === "") unknown.push(":path");
    // Without it nobody can say whether this is gRPC.
    if (!stream.typed && !stream.grpc) unknown.push("content-type");
  }
  if (stream.hiddenInResponse > 0) {
    if (stream.status <= 0) unknown.push(":status");
    if (stream.grpc && stream.grpcStatus < 0) unknown.push("grpc-status");
  }
  if (unknown.length > 0) attributes["go3s.wire.unknown"] = unknown;
  if (stream.grpc) finishCall(stream);
  else finishRequest(stream);
  return exchange;
}

function finishRequest(stream: Stream): void {
  const { exchange } = stream;
  const { attributes } = exchange;
  attributes["network.protocol.version"] = "2";
  if (stream.method !== "") {
    const known = knownMethods.has(stream.method);
    attributes["http.request.method"] = known ? stream.method : "_OTHER";
    exchange.name = known ? stream.method : "HTTP";
    if (!known) attributes["http.request.method_original"] = stream.method;
  } else exchange.name = "HTTP";
  if (stream.path !== "") {
    const query = stream.path.indexOf("?");
    attributes["url.path"] = query < 0 ? stream.path : stream.path.slice(0, query);
    if (query >= 0) attributes["url.query"] = stream.path.slice(query + 1);
  }
  if (stream.status > 0) {
    attributes["http.response.status_code"] = stream.status;
    if (stream.status >= 500 && exchange.error === "") exchange.error = String(stream.status);
  }
  attributes["http.request.body.size"] = stream.sent.bytes;
  attributes["http.response.body.size"] = stream.received.bytes;
}

function finishCall(stream: Stream): void {
  const { exchange } = stream;
  const { attributes } = exchange;
  exchange.protocol = "grpc";
  attributes["rpc.system.name"] = "grpc";
  if (stream.path.lastIndexOf("/") > 0) {
    exchange.name = stream.path.slice(1);
    attributes["rpc.method"] = exchange.name;
  } else exchange.name = "grpc";
  if (stream.grpcStatus >= 0) {
    const code = grpcCode(stream.grpcStatus);
    attributes["rpc.response.status_code"] = code;
    if (stream.grpcStatus > 0 && exchange.error === "") exchange.error = code;
  } else if (stream.status >= 400 && exchange.error === "") exchange.error = String(stream.status);
  if (!stream.sent.blind) attributes["go3s.rpc.request.messages"] = stream.sent.messages;
  if (!stream.received.blind) attributes["go3s.rpc.response.messages"] = stream.received.messages;
}
