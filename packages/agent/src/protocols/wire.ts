// What every protocol parser takes and gives: bytes of one connection in, exchanges out.

/** ProtocolName names what a connection speaks. */
export type ProtocolName =
  | "http"
  | "http2"
  | "grpc"
  | "postgresql"
  | "redis"
  | "mysql"
  | "dns"
  | "kafka"
  | "mongodb"
  | "memcached"
  | "amqp"
  | "cassandra"
  | "fastcgi";

/** AttributeValue is what an attribute of an exchange can hold. */
export type AttributeValue = string | number | boolean | readonly string[];

/**
 * Doubt says how far an exchange is to be trusted: "" when all of it was seen; "late" when it was answered before the
 * connection's first whole turn after a late attach, so that the answer may be an earlier request's; "cut" when its
 * answer's end, or all of its answer, was in bytes that were never seen: times and sizes are a lower bound then.
 */
export type Doubt = "" | "late" | "cut";

/** MessageContext is the trace context that one message carried among its own headers. */
export interface MessageContext {
  readonly traceparent: string;
  readonly tracestate: string;
}

/** Messages are some that follow each other in a partition of a topic. */
export interface Messages {
  /** topic is "" while only its number is known. */
  readonly topic: string;
  readonly partition: number;
  /** print tells the batch that they came in from every other: its length and checksum, times and sequence; "" where that is not known. */
  readonly print: string;
  /** first is the first one's offset, -1 while it is not known; their offsets are `count` in a row. */
  readonly first: number;
  readonly count: number;
  /** contexts are those that were captured, one a message at most: the others may have some, too. */
  readonly contexts: readonly MessageContext[];
}

/** WireExchange is one request with its response, or one message that needs none. */
export interface WireExchange {
  protocol: ProtocolName;
  /** name is the span's name as OpenTelemetry wants it: few different ones. */
  name: string;
  /** kind says who began: the connection's client ("call"), or the server ("push": deliveries, notifications). */
  kind: "call" | "push";
  readonly attributes: Record<string, AttributeValue>;
  /** serverAttributes are those that only the server's side tells. */
  serverAttributes?: Readonly<Record<string, AttributeValue>>;
  /** error is OpenTelemetry's error.type, "" when it went well or nobody knows. */
  error: string;
  doubt: Doubt;
  /** requestBytes and responseBytes count the bytes on the wire, framing included, also those that were not captured. */
  requestBytes: number;
  responseBytes: number;
  /** stream is the number of the exchange's stream by HTTP/2, 0 where there are none. */
  stream: number;
  /** isSent says that the client has sent all of its stream, or what who serves it begins with. */
  isSent: boolean;
  /** startNs is when the request's first byte was seen, firstByteNs the response's first (0: never), endNs its last. */
  startNs: number;
  firstByteNs: number;
  endNs: number;
  /** traceparent, tracestate and baggage are what the request carried, "" when it carried none that could be read. */
  traceparent: string;
  tracestate: string;
  baggage: string;
  /** messages are those that a broker with offsets was sent or has given, as far as they were captured. */
  messages?: readonly Messages[];
}

/** Emit takes a finished exchange; it is the taker's to keep. */
export type Emit = (exchange: WireExchange) => void;

/** Shared is what connections learn from each other. */
export interface Shared {
  /** kafkaTopics are names by number: one connection is told them, others only use the numbers. */
  readonly kafkaTopics: Map<string, string>;
}

/** newShared knows nothing yet. */
export function newShared(): Shared {
  return { kafkaTopics: new Map() };
}

/** ParserOptions are what a parser is opened with. */
export interface ParserOptions {
  readonly emit: Emit;
  /** asked hears of a request with messages, of a stream's or of FastCGI's when it was read; it is emitted when it was answered. */
  readonly asked?: Emit;
  /** late says that the connection was open before its first byte was seen. */
  readonly late: boolean;
  /** datagram says that every chunk is one datagram (UDP). */
  readonly datagram: boolean;
  readonly shared?: Shared;
}

/**
 * Push takes bytes[start, end) of one read or write of `total` bytes that was done at `ns`; total - (end - start) bytes
 * behind them were not captured. The bytes are only read during the call.
 */
export type Push = (bytes: Uint8Array, start: number, end: number, total: number, ns: number) => void;

/** Parser reads one connection. */
export interface Parser {
  /** request takes what the client sent, response what the server sent. */
  readonly request: Push;
  readonly response: Push;
  /** resume says that whole requests and their answers went by unseen: what comes next begins anew. */
  resume?(): void;
  /** close ends what is open. */
  close(ns: number): void;
  /** state is "lost" while a direction waits for a place to go on from, "opaque" once nothing more can be read (TLS, compression, another protocol). */
  state(): "open" | "lost" | "opaque";
  /** losses counts how often a direction lost its place. */
  losses(): number;
}

/** Protocol is a parser with its recogniser. */
export interface Protocol {
  readonly name: ProtocolName;
  /**
   * asks and answers say from 0 (no) to 100 (certain) whether bytes[start, end), the beginning of a write of `total`
   * bytes, are what this protocol's client or server sends.
   */
  readonly asks: (bytes: Uint8Array, start: number, end: number, total: number, datagram: boolean) => number;
  readonly answers: (
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    datagram: boolean,
  ) => number;
  readonly open: (options: ParserOptions) => Parser;
}

/** newExchange makes an exchange whose request began at `ns`. */
export function newExchange(protocol: ProtocolName, ns: number): WireExchange {
  return {
    protocol,
    name: protocol,
    kind: "call",
    attributes: {},
    error: "",
    doubt: "",
    requestBytes: 0,
    responseBytes: 0,
    stream: 0,
    isSent: false,
    startNs: ns,
    firstByteNs: 0,
    endNs: ns,
    traceparent: "",
    tracestate: "",
    baggage: "",
  };
}
