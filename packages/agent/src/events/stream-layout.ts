// Where every field of the records of probes/streams.go3s lies, in bytes; stream-layout.test.ts compares them with the BTF of the
// compiled object.

/** StreamRecord is the first byte of a record. */
export const StreamRecord = { begin: 24, sent: 25, end: 26, conn: 27, whole: 28 } as const;

/**
 * StreamFlag bits: `tls` of a connection and of a client's call, the others of an end; the upper four bits of an end's flags are
 * the code of its error, if that is a StreamError.
 */
export const StreamFlag = { tls: 1, panicked: 1, reset: 2, codeShift: 4 } as const;

/** StreamText numbers the texts of a stream. */
export const StreamText = {
  method: 0,
  path: 1,
  host: 2,
  query: 3,
  agent: 4,
  traceparent: 5,
  tracestate: 6,
  baggage: 7,
} as const;

/** streamExchange marks exchange numbers that are streams: the rest is a goroutine's number. */
export const streamExchange = 0x40000000;

export const streamLayout = {
  kind: 0,
  role: 1,
  protocol: 2,
  flags: 3,
  tgid: 4,
  ns: 8,
  key: 16,
  goid: 24,
  connection: 32,
  streamId: 40,
  parent: 44,
  randomness: 48,
  threshold: 56,
  hops: 60,
  lengths: 64,
  text: 80,
} as const;

export const streamSentLayout = {
  kind: 0,
  role: 1,
  protocol: 2,
  tgid: 4,
  ns: 8,
  key: 16,
  connection: 24,
  streamId: 32,
  size: 40,
} as const;

/** streamEndLayout is that of an end; in a whole stream's record its beginning stands where the text is otherwise. */
export const streamEndLayout = {
  kind: 0,
  role: 1,
  protocol: 2,
  flags: 3,
  tgid: 4,
  ns: 8,
  key: 16,
  errorType: 24,
  requestBytes: 32,
  responseBytes: 40,
  status: 48,
  textLength: 52,
  text: 56,
} as const;

export const streamConnLayout = {
  kind: 0,
  role: 1,
  protocol: 2,
  flags: 3,
  tgid: 4,
  ns: 8,
  connection: 16,
  localPort: 24,
  peerPort: 26,
  family: 28,
  localAddress: 32,
  peerAddress: 48,
  size: 64,
} as const;
