import { streamConnLayout, streamEndLayout, streamLayout, streamSentLayout } from "./stream-layout.js";

/** StreamEvent is a stream of HTTP/2 that begins to be served, or a call that begins; valid during the sink's call. See probes/streams.go3s. */
export interface StreamEvent {
  memory: Uint8Array;
  /** 0 server, 1 client. */
  role: number;
  /** See StreamKind (go/stream-site.ts). */
  protocol: number;
  /** See StreamFlag. */
  flags: number;
  tgid: number;
  ns: number;
  /** A server's goroutine, a client's stream object: what its end is told by. */
  key: number;
  goid: number;
  /** The library's connection object; 0 while it is not known. */
  connection: number;
  streamId: number;
  /** Number of the exchange that it is made for, 0 when there is none. */
  parent: number;
  hops: number;
  threshold: number;
  /** Where the 56 random bits lie that reached the threshold, the lowest byte first. */
  randomness: number;
  /** Where the texts lie that StreamText numbers, one behind the other. */
  text: number;
  readonly lengths: Uint16Array;
}

/** StreamSentEvent tells which stream of which connection a call has got. */
export interface StreamSentEvent {
  tgid: number;
  ns: number;
  key: number;
  connection: number;
  streamId: number;
}

/** StreamEndEvent tells how a stream ended; valid during the sink's call. */
export interface StreamEndEvent {
  memory: Uint8Array;
  role: number;
  protocol: number;
  flags: number;
  tgid: number;
  ns: number;
  key: number;
  /** The type word of the error, 0 when there is none. */
  errorType: number;
  /** -1 where they are not known. */
  requestBytes: number;
  responseBytes: number;
  /** Of HTTP, or gRPC's code; -1 where it is not known. */
  status: number;
  /** A route (HTTP/2), a status' message (gRPC) or an error's text. */
  text: number;
  textLength: number;
}

/** StreamConnEvent tells the addresses of a connection object; valid during the sink's call. */
export interface StreamConnEvent {
  memory: Uint8Array;
  role: number;
  flags: number;
  tgid: number;
  connection: number;
  family: number;
  /** 0 where they could not be read. */
  localPort: number;
  peerPort: number;
  localAddress: number;
  peerAddress: number;
}

/** StreamSink receives streams in the order in which the kernel wrote them. */
export interface StreamSink {
  stream(event: StreamEvent): void;
  streamSent(event: StreamSentEvent): void;
  streamEnd(event: StreamEndEvent): void;
  /** streamWhole is a served stream whose beginning was not told before its end. */
  streamWhole(event: StreamEvent, end: StreamEndEvent): void;
  streamConn(event: StreamConnEvent): void;
}

/** ignoreStreams is a sink that takes nothing. */
export const ignoreStreams: StreamSink = {
  stream: () => undefined,
  streamSent: () => undefined,
  streamEnd: () => undefined,
  streamWhole: () => undefined,
  streamConn: () => undefined,
};

/** StreamDecoder gives one record to the sink; false when it is shorter than its kind. */
export interface StreamDecoder {
  stream(bytes: Uint8Array, view: DataView, at: number, length: number): boolean;
  streamSent(view: DataView, at: number, length: number): boolean;
  streamEnd(bytes: Uint8Array, view: DataView, at: number, length: number): boolean;
  streamWhole(bytes: Uint8Array, view: DataView, at: number, length: number): boolean;
  streamConn(bytes: Uint8Array, view: DataView, at: number, length: number): boolean;
}

const texts = 8;

/** createStreamDecoder keeps one object per kind, as createDecoder does. */
export function createStreamDecoder(sink: StreamSink): StreamDecoder {
  const memory = new Uint8Array(0);
  const stream: StreamEvent = {
    memory,
    role: 0,
    protocol: 0,
    flags: 0,
    tgid: 0,
    ns: 0,
    key: 0,
    goid: 0,
    connection: 0,
    streamId: 0,
    parent: 0,
    hops: 0,
    threshold: 0,
    randomness: 0,
    text: 0,
    lengths: new Uint16Array(texts),
  };
  const sent: StreamSentEvent = { tgid: 0, ns: 0, key: 0, connection: 0, streamId: 0 };
  const end: StreamEndEvent = {
    memory,
    role: 0,
    protocol: 0,
    flags: 0,
    tgid: 0,
    ns: 0,
    key: 0,
    errorType: 0,
    requestBytes: 0,
    responseBytes: 0,
    status: 0,
    text: 0,
    textLength: 0,
  };
  const conn: StreamConnEvent = {
    memory,
    role: 0,
    flags: 0,
    tgid: 0,
    connection: 0,
    family: 0,
    localPort: 0,
    peerPort: 0,
    localAddress: 0,
    peerAddress: 0,
  };
  const u64 = (view: DataView, at: number) =>
    view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296;
  const i64 = (view: DataView, at: number) =>
    view.getUint32(at, true) + view.getInt32(at + 4, true) * 4294967296;

  /** begins reads a beginning, and gives its length; -1 when that is more than there is. */
  const begins = (bytes: Uint8Array, view: DataView, at: number, length: number): number => {
    const l = streamLayout;
    if (length < l.text) return -1;
    let used = 0;
    for (let i = 0; i < texts; i++) {
      const size = view.getUint16(at + l.lengths + 2 * i, true);
      stream.lengths[i] = size;
      used += size;
    }
    if (l.text + used > length) return -1;
    stream.memory = bytes;
    stream.role = bytes[at + l.role] ?? 0;
    stream.protocol = bytes[at + l.protocol] ?? 0;
    stream.flags = bytes[at + l.flags] ?? 0;
    stream.tgid = view.getUint32(at + l.tgid, true);
    stream.ns = u64(view, at + l.ns);
    stream.key = u64(view, at + l.key);
    stream.goid = u64(view, at + l.goid);
    stream.connection = u64(view, at + l.connection);
    stream.streamId = view.getUint32(at + l.streamId, true);
    stream.parent = view.getUint32(at + l.parent, true);
    stream.hops = bytes[at + l.hops] ?? 0;
    stream.threshold = view.getUint32(at + l.threshold, true);
    stream.randomness = at + l.randomness;
    stream.text = at + l.text;
    return l.text + used;
  };

  /** ends reads all of an end but its text. */
  const ends = (bytes: Uint8Array, view: DataView, at: number): void => {
    const l = streamEndLayout;
    end.memory = bytes;
    end.role = bytes[at + l.role] ?? 0;
    end.protocol = bytes[at + l.protocol] ?? 0;
    end.flags = bytes[at + l.flags] ?? 0;
    end.tgid = view.getUint32(at + l.tgid, true);
    end.ns = u64(view, at + l.ns);
    end.key = u64(view, at + l.key);
    end.errorType = u64(view, at + l.errorType);
    end.requestBytes = i64(view, at + l.requestBytes);
    end.responseBytes = i64(view, at + l.responseBytes);
    end.status = view.getInt32(at + l.status, true);
    end.textLength = view.getUint32(at + l.textLength, true);
  };

  return {
    stream(bytes, view, at, length) {
      if (begins(bytes, view, at, length) < 0) return false;
      sink.stream(stream);
      return true;
    },
    streamSent(view, at, length) {
      const l = streamSentLayout;
      if (length < l.size) return false;
      sent.tgid = view.getUint32(at + l.tgid, true);
      sent.ns = u64(view, at + l.ns);
      sent.key = u64(view, at + l.key);
      sent.connection = u64(view, at + l.connection);
      sent.streamId = view.getUint32(at + l.streamId, true);
      sink.streamSent(sent);
      return true;
    },
    streamEnd(bytes, view, at, length) {
      const l = streamEndLayout;
      if (length < l.text) return false;
      ends(bytes, view, at);
      if (l.text + end.textLength > length) return false;
      end.text = at + l.text;
      sink.streamEnd(end);
      return true;
    },
    streamWhole(bytes, view, at, length) {
      const first = streamEndLayout.text;
      if (length < first) return false;
      const begun = begins(bytes, view, at + first, length - first);
      if (begun < 0) return false;
      ends(bytes, view, at);
      if (first + begun + end.textLength > length) return false;
      end.text = at + first + begun;
      sink.streamWhole(stream, end);
      return true;
    },
    streamConn(bytes, view, at, length) {
      const l = streamConnLayout;
      if (length < l.size) return false;
      conn.memory = bytes;
      conn.role = view.getUint8(at + l.role);
      conn.flags = view.getUint8(at + l.flags);
      conn.tgid = view.getUint32(at + l.tgid, true);
      conn.connection = u64(view, at + l.connection);
      conn.family = view.getUint8(at + l.family);
      conn.localPort = view.getUint16(at + l.localPort, true);
      conn.peerPort = view.getUint16(at + l.peerPort, true);
      conn.localAddress = at + l.localAddress;
      conn.peerAddress = at + l.peerAddress;
      sink.streamConn(conn);
      return true;
    },
  };
}
