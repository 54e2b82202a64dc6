import type { CallSink } from "./call.js";
import type { Role } from "./layout.js";
import type { MadeSink } from "./made.js";
import type { StreamSink } from "./stream.js";
import type { WireSink } from "./wire.js";

/**
 * The events of the kernel side, in the order in which an exchange tells its story: request, at most four head
 * records (what later reads of the request brought, in case the head was not whole), response, more for every
 * further piece, end. Three turns to expect:
 * - A client's response may come BEFORE its request: the answer can be read on another processor before the send
 *   call that caused it has returned. Both carry the same exchange number.
 * - An end with reason `handler` tells route and time while the last bytes are still to come as `more`.
 * - An exchange has no end record while its connection lives; its next request or the byte counts end it.
 *
 * One object per kind is reused for every record: it, and the `memory` it points
 * into (the ring buffer itself), are valid only during the sink's call. Copy what must live longer.
 * Offsets (`head`, `route`, …) are positions in `memory`. Times are CLOCK_MONOTONIC nanoseconds.
 */

/** RequestEvent is the head of an HTTP/1 request that arrived (server) or left (client). */
export interface RequestEvent {
  memory: Uint8Array;
  role: Role;
  /** See RequestFlag. */
  flags: number;
  /** Number of the exchange, unique while it is open, below 2^30. */
  exchange: number;
  ns: number;
  tgid: number;
  tid: number;
  fd: number;
  /** Exchange number of the open server request this client request belongs to; 0 when unknown. */
  parent: number;
  /** How many goroutines up the parent was found: 0 the caller itself. */
  hops: number;
  /** 0 when the process is no Go program or the offset is unknown. */
  goid: number;
  /** 0 before Go 1.21. */
  parentGoid: number;
  /** Bytes of the first read or write, head and whatever body came with it. */
  bytes: number;
  /** AF_INET 2 or AF_INET6 10. */
  family: number;
  localPort: number;
  peerPort: number;
  localAddress: number;
  peerAddress: number;
  /** The upper 32 bits of the sampling threshold that this request reached; 0 when it was told for another reason. */
  threshold: number;
  /** Where the 56 random bits lie that reached it, the lowest byte first. */
  randomness: number;
  /** TCP's number of the request's first byte: both ends of a connection know it. */
  sequence: number;
  /** Where trace id and span id lie, one behind the other, when the flags say that there are any. */
  trace: number;
  head: number;
  headLength: number;
}

/** HandOverEvent says that another goroutine serves a request than the one that read its beginning. */
export interface HandOverEvent {
  exchange: number;
  goid: number;
}

/** UnixPathEvent says where the server of a connection by a Unix socket listens. */
export interface UnixPathEvent {
  memory: Uint8Array;
  /** isWire: `number` is a connection's whose bytes are told, else an exchange's. */
  isWire: boolean;
  number: number;
  path: number;
  pathLength: number;
}

/** HeadEvent is a further piece of a request's head (or the first of its body) that came with a later read. */
export interface HeadEvent {
  memory: Uint8Array;
  role: Role;
  exchange: number;
  ns: number;
  text: number;
  textLength: number;
}

/** ResponseEvent is the head of the final response, at its first bytes. */
export interface ResponseEvent {
  memory: Uint8Array;
  role: Role;
  /** See ResponseFlag. */
  flags: number;
  exchange: number;
  /** When the bytes left the socket (server) or were read (client). */
  ns: number;
  /** When the handler returned; 0 when it has not yet or nobody asked. */
  handlerEndNs: number;
  /** All bytes of the request so far. */
  requestBytes: number;
  /** Bytes of this first piece of the response. */
  bytes: number;
  head: number;
  headLength: number;
  route: number;
  routeLength: number;
  /** The last 8 bytes of the response so far, zeros in front when it is shorter or unknown. */
  tail: number;
}

/**
 * AgainEvent is a server's request that repeats another one of its connection to the byte; with `endNs` its answer's head does, too,
 * and this is all that is told of both.
 */
export interface AgainEvent {
  exchange: number;
  ns: number;
  /** When the answer left the socket; 0 when it is told by itself. */
  endNs: number;
  tgid: number;
  /** The exchange that it repeats: the last that was told whole on this connection. */
  original: number;
  /** The connection's own port in the upper half of 32 bits, the peer's in the lower. */
  ports: number;
  sequence: number;
}

/** MoreEvent is a further piece of the response. */
export interface MoreEvent {
  memory: Uint8Array;
  role: Role;
  exchange: number;
  ns: number;
  /** All bytes of the response so far. */
  responseBytes: number;
  requestBytes: number;
  tail: number;
}

/** EndEvent closes an exchange whose end the byte counts may not tell. */
export interface EndEvent {
  memory: Uint8Array;
  role: Role;
  /** See EndReason. */
  reason: number;
  exchange: number;
  ns: number;
  responseBytes: number;
  requestBytes: number;
  route: number;
  routeLength: number;
}

/** TcpEvent is a connection that was established, failed to be, or closed. */
export interface TcpEvent {
  memory: Uint8Array;
  role: Role;
  family: number;
  /** 0 when the owner is unknown. */
  tgid: number;
  ns: number;
  /** When the connection began (connect call) or, on close, when it was established; 0 when that was before the probe. */
  startNs: number;
  /** Time the connect took; 0 for servers. */
  connectNs: number;
  bytesSent: number;
  bytesReceived: number;
  localPort: number;
  peerPort: number;
  /** errno of a failed connection, or of one that was reset or given up (positive), else 0. */
  error: number;
  /** state as the kernel numbers it (include/net/tcp_states.h): the one that it closed or failed from. */
  state: number;
  /** retransmits are segments that were sent once more. */
  retransmits: number;
  /** rttUs is the smoothed time of a round trip in microseconds; 0 when none was measured. */
  rttUs: number;
  localAddress: number;
  peerAddress: number;
  comm: number;
  /** network is the number of its network namespace. */
  network: number;
}

/** ProcessEvent is a program that was executed or a process that ended. */
export interface ProcessEvent {
  memory: Uint8Array;
  tgid: number;
  ns: number;
  parentTgid: number;
  /** forked says of a start that it is no other program than its parent's. */
  forked: boolean;
  /** The raw wait status of an exit. */
  exitCode: number;
  comm: number;
}

/** EventSink receives the records in the order in which the kernel wrote them. */
export interface EventSink extends CallSink, MadeSink, StreamSink, WireSink {
  request(event: RequestEvent): void;
  head(event: HeadEvent): void;
  handOver(event: HandOverEvent): void;
  unixPath(event: UnixPathEvent): void;
  response(event: ResponseEvent): void;
  again(event: AgainEvent): void;
  more(event: MoreEvent): void;
  end(event: EndEvent): void;
  tcpOpen(event: TcpEvent): void;
  tcpClose(event: TcpEvent): void;
  processStart(event: ProcessEvent): void;
  processExit(event: ProcessEvent): void;
  /** A record that this build does not know or that is shorter than its kind. */
  unknown(kind: number, length: number): void;
}
