import { wireEndLayout, wireLayout, wireNameLayout } from "./layout.js";

/** WireEvent is a piece of what was read from or written to a socket; it is valid during the sink's call. See probes/wire.go3s. */
export interface WireEvent {
  memory: Uint8Array;
  /** See WireFlag. */
  flags: number;
  /** Number of the socket, unique while it is open, below 2^30. */
  connection: number;
  ns: number;
  tgid: number;
  tid: number;
  /** 0 when the process is no Go program or the offset is unknown. */
  goid: number;
  /** Exchange number of the open server request it was written for; 0 when there is none. */
  parent: number;
  /** AF_UNIX 1, AF_INET 2 or AF_INET6 10. */
  family: number;
  localPort: number;
  peerPort: number;
  localAddress: number;
  peerAddress: number;
  /** TCP's number of the first byte; by a Unix socket a number of the read or write that both ends know, or 0. */
  sequence: number;
  data: number;
  /** Bytes at `data`; `total` counts those that were not captured as well. */
  captured: number;
  total: number;
  /** The version of TLS that the bytes went through, 0 for none; see spans/tls-version.ts. */
  secure: number;
  /** Bytes of the same direction before these of which nothing is told. */
  missed: number;
}

/**
 * WireNameEvent is what a request by HTTP/2 is called that gets a traceparent put in: it comes ahead of the request's bytes. Those that are
 * sent again, since the socket took nothing, have another name then.
 */
export interface WireNameEvent {
  memory: Uint8Array;
  connection: number;
  stream: number;
  /** Where trace id and span id lie, one behind the other. */
  ids: number;
}

/** WireEndEvent tells that a connection is over. */
export interface WireEndEvent {
  /** half: only its peer has closed it, or will not write more; that this process closes a Unix socket nobody tells. */
  half: boolean;
  connection: number;
  ns: number;
}

/** WireSink receives what goes through sockets that do not speak HTTP/1. */
export interface WireSink {
  wire(event: WireEvent): void;
  wireName(event: WireNameEvent): void;
  wireEnd(event: WireEndEvent): void;
}

/** WireDecoder gives one record to the sink; false when it is shorter than its kind. */
export interface WireDecoder {
  wire(bytes: Uint8Array, view: DataView, at: number, length: number): boolean;
  wireName(bytes: Uint8Array, view: DataView, at: number, length: number): boolean;
  wireEnd(view: DataView, at: number, length: number): boolean;
}

/** createWireDecoder keeps one object per kind, as createDecoder does. */
export function createWireDecoder(sink: WireSink): WireDecoder {
  const wire: WireEvent = {
    memory: new Uint8Array(0),
    flags: 0,
    connection: 0,
    ns: 0,
    tgid: 0,
    tid: 0,
    goid: 0,
    parent: 0,
    family: 0,
    localPort: 0,
    peerPort: 0,
    localAddress: 0,
    peerAddress: 0,
    sequence: 0,
    data: 0,
    captured: 0,
    total: 0,
    secure: 0,
    missed: 0,
  };
  const name: WireNameEvent = { memory: new Uint8Array(0), connection: 0, stream: 0, ids: 0 };
  const end: WireEndEvent = { half: false, connection: 0, ns: 0 };
  const u64 = (view: DataView, at: number) =>
    view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296;

  return {
    wire(bytes, view, at, length) {
      const l = wireLayout;
      if (length < l.data) return false;
      wire.captured = view.getUint16(at + l.captured, true);
      wire.total = view.getUint32(at + l.total, true);
      if (l.data + wire.captured > length || wire.captured > wire.total) return false;
      wire.memory = bytes;
      wire.flags = view.getUint8(at + l.flags);
      wire.connection = view.getUint32(at + l.connection, true);
      wire.ns = u64(view, at + l.ns);
      wire.tgid = view.getUint32(at + l.tgid, true);
      wire.tid = view.getUint32(at + l.tid, true);
      wire.goid = u64(view, at + l.goid);
      wire.parent = view.getUint32(at + l.parent, true);
      wire.missed = view.getUint32(at + l.missed, true);
      wire.secure = view.getUint16(at + l.secure, true);
      wire.family = view.getUint8(at + l.family);
      wire.localPort = view.getUint16(at + l.localPort, true);
      wire.peerPort = view.getUint16(at + l.peerPort, true);
      wire.localAddress = at + l.localAddress;
      wire.peerAddress = at + l.peerAddress;
      wire.sequence = view.getUint32(at + l.sequence, true);
      wire.data = at + l.data;
      sink.wire(wire);
      return true;
    },
    wireName(bytes, view, at, length) {
      const l = wireNameLayout;
      if (length < l.size) return false;
      name.memory = bytes;
      name.connection = view.getUint32(at + l.connection, true);
      name.stream = view.getUint32(at + l.streamID, true);
      name.ids = at + l.trace;
      sink.wireName(name);
      return true;
    },
    wireEnd(view, at, length) {
      const l = wireEndLayout;
      if (length < l.size) return false;
      end.half = view.getUint8(at + l.half) !== 0;
      end.connection = view.getUint32(at + l.connection, true);
      end.ns = u64(view, at + l.ns);
      sink.wireEnd(end);
      return true;
    },
  };
}
