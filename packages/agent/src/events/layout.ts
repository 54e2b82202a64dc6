/**
 * Where every field of a probe's record lies, in bytes. These rows mirror the structs in probes/records.go3s;
 * layout.test.ts compares them with the BTF of the compiled object, so neither side can drift alone.
 * All records begin alike: kind u8, three bytes that each kind uses its own way, exchange (or process) u32,
 * kernel time u64 (CLOCK_MONOTONIC nanoseconds).
 */

/** RecordKind is the first byte of a record. */
export const RecordKind = {
  request: 1,
  response: 2,
  more: 3,
  end: 4,
  head: 5,
  tcpOpen: 6,
  tcpClose: 7,
  processStart: 8,
  processExit: 9,
  wire: 10,
  wireEnd: 11,
  again: 12,
  wireName: 13,
  handOver: 14,
  unixPath: 29,
  call: 16,
  callEnd: 17,
  spanStart: 18,
  spanPart: 19,
} as const;

/** familyUnix is the kernel's AF_UNIX. */
export const familyUnix = 1;

/** Role says which side of an exchange or connection the observed process is. */
export const Role = { server: 0, client: 1 } as const;
export type Role = (typeof Role)[keyof typeof Role];

/** RequestFlag bits of a request record. */
export const RequestFlag = {
  /** The goroutine is that of the caller (net/http's roundTrip was seen), not of the one that wrote. */
  callerKnown: 2,
  /** The record has a trace, a client's a span too, that is said to others on its behalf (probes/propagate.go3s). */
  identified: 4,
} as const;

/** tlsShift is how far up in a request's flags the version of TLS is; see spans/tls-version.ts. */
export const tlsShift = 4;

/** ResponseFlag bits of a response record. */
export const ResponseFlag = {
  /** A second response head on one exchange: the peer pipelines, and requests of this connection are under-counted. */
  pipelined: 1,
} as const;

/** EndReason says what closed an exchange. */
export const EndReason = {
  /** The handler returned after the response had begun (route is known). */
  handler: 1,
  /** The connection closed, or its peer did. */
  closed: 2,
  /** The answer was told before it could be known that the request is not. */
  untold: 3,
} as const;

export const requestLayout = {
  kind: 0,
  role: 1,
  pendingLength: 2,
  flags: 3,
  exchange: 4,
  ns: 8,
  tgid: 16,
  tid: 20,
  fd: 24,
  parent: 28,
  goid: 32,
  parentGoid: 40,
  bytes: 48,
  headLength: 52,
  family: 54,
  hops: 55,
  localPort: 56,
  peerPort: 58,
  localAddress: 60,
  peerAddress: 76,
  threshold: 92,
  randomness: 96,
  sequence: 104,
  trace: 108,
  span: 124,
  pending: 132,
  head: 136,
} as const;

export const responseLayout = {
  kind: 0,
  role: 1,
  flags: 2,
  exchange: 4,
  ns: 8,
  handlerEndNs: 16,
  requestBytes: 24,
  bytes: 32,
  headLength: 36,
  routeLength: 38,
  tail: 40,
  head: 48,
  /** Behind the head's whole room; a record without a route ends with its head. */
  route: 560,
} as const;

/** handOverLayout is of HandOver in probes/records.go3s. */
export const handOverLayout = { kind: 0, exchange: 4, goid: 8, size: 16 } as const;

/** unixPathLayout is of UnixPath in probes/unix.go3s. */
export const unixPathLayout = { kind: 0, isWire: 1, length: 2, number: 4, path: 8 } as const;

/** againLayout is of probes/repeat.go3s; `ports` holds the peer's in its lower half. */
export const againLayout = {
  kind: 0,
  role: 1,
  exchange: 4,
  ns: 8,
  endNs: 16,
  tgid: 24,
  original: 28,
  ports: 32,
  sequence: 36,
  size: 40,
} as const;

export const moreLayout = {
  kind: 0,
  role: 1,
  flags: 2,
  exchange: 4,
  ns: 8,
  responseBytes: 16,
  requestBytes: 24,
  tail: 32,
  size: 40,
} as const;

export const endLayout = {
  kind: 0,
  role: 1,
  reason: 2,
  exchange: 4,
  ns: 8,
  responseBytes: 16,
  requestBytes: 24,
  routeLength: 32,
  route: 40,
} as const;

export const headLayout = {
  kind: 0,
  role: 1,
  length: 2,
  exchange: 4,
  ns: 8,
  text: 16,
} as const;

export const tcpLayout = {
  kind: 0,
  role: 1,
  family: 2,
  state: 3,
  tgid: 4,
  ns: 8,
  startNs: 16,
  connectNs: 24,
  bytesSent: 32,
  bytesReceived: 40,
  localPort: 48,
  peerPort: 50,
  error: 52,
  retransmits: 56,
  rttUs: 60,
  localAddress: 64,
  peerAddress: 80,
  comm: 96,
  network: 112,
  size: 120,
} as const;

export const processLayout = {
  kind: 0,
  isForked: 1,
  tgid: 4,
  ns: 8,
  parentTgid: 16,
  exitCode: 20,
  comm: 24,
  size: 40,
} as const;

/** callLayout is of probes/calls.go3s; the text ends with the record. */
export const callLayout = {
  kind: 0,
  operation: 1,
  hops: 2,
  ofFirst: 3,
  tgid: 4,
  ns: 8,
  goid: 16,
  type: 24,
  parent: 32,
  textLength: 36,
  text: 40,
} as const;

/** callEndLayout ends there when nothing was heard from the server; see probes/brief.go3s. */
export const callEndLayout = {
  kind: 0,
  failed: 1,
  before: 2,
  heard: 3,
  tgid: 4,
  ns: 8,
  goid: 16,
  errorType: 24,
  connection: 32,
  size: 40,
} as const;

/** callHeardLayout is what follows of a call's end: the two last reads' last bytes, then an error's first. */
export const callHeardLayout = { earlier: 40, last: 72, failure: 104, size: 168 } as const;

/** madeStartLayout and madePartLayout are of probes/spans.go3s; a part's text ends with the record. */
export const madeStartLayout = {
  kind: 0,
  hops: 1,
  tgid: 4,
  ns: 8,
  goid: 16,
  span: 24,
  above: 32,
  parent: 40,
  size: 48,
} as const;

export const madePartLayout = {
  kind: 0,
  length: 2,
  tgid: 4,
  ns: 8,
  span: 16,
  at: 24,
  total: 28,
  text: 32,
} as const;

/** wireLayout is of probes/wire.go3s; the captured bytes end with the record. */
export const wireLayout = {
  kind: 0,
  flags: 1,
  captured: 2,
  connection: 4,
  ns: 8,
  tgid: 16,
  tid: 20,
  goid: 24,
  parent: 32,
  total: 36,
  missed: 40,
  secure: 44,
  family: 46,
  hops: 47,
  localPort: 48,
  peerPort: 50,
  localAddress: 52,
  peerAddress: 68,
  sequence: 84,
  data: 88,
} as const;

/** wireNameLayout is of probes/sent-names.go3s; the span's id stands behind the trace's. */
export const wireNameLayout = {
  kind: 0,
  connection: 4,
  ns: 8,
  streamID: 16,
  trace: 20,
  span: 36,
  size: 48,
} as const;

export const wireEndLayout = { kind: 0, half: 1, connection: 4, ns: 8, size: 16 } as const;

/** WireFlag bits of a wire record. */
export const WireFlag = {
  /** The peer wrote the bytes. */
  received: 1,
  /** The first record of its socket. */
  first: 2,
  /** Bytes went through the socket before. */
  late: 4,
  datagram: 8,
  /** Read before a write has returned that is not told yet. */
  early: 16,
  /** This process has opened the connection; `accepted`: its peer has. */
  opener: 32,
  accepted: 64,
  /** What went through the socket before was told by calls, see WireState.brief. */
  resumed: 128,
} as const;

/** WireState is what the kernel side is told about a socket. */
export const WireState = {
  read: 1,
  mute: 2,
  told: 3,
  /** brief: it is read, but calls tell what it says, with what their ends have of it (probes/brief.go3s). */
  brief: 4,
} as const;
export type WireState = (typeof WireState)[keyof typeof WireState];

/** routeSlot is the fixed room for a route pattern in a record, bytes; longer patterns are cut, and not told. */
export const routeSlot = 128;

/** addressSize is the room for an address, bytes: IPv4 uses the first 4. */
export const addressSize = 16;

/** commSize is the kernel's TASK_COMM_LEN. */
export const commSize = 16;
