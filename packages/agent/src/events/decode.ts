import { createCallDecoder } from "./call.js";
import type {
  AgainEvent,
  EndEvent,
  EventSink,
  HandOverEvent,
  HeadEvent,
  MoreEvent,
  ProcessEvent,
  RequestEvent,
  ResponseEvent,
  TcpEvent,
  UnixPathEvent,
} from "./event.js";
import {
  againLayout,
  endLayout,
  handOverLayout,
  headLayout,
  moreLayout,
  processLayout,
  RecordKind,
  type Role,
  requestLayout,
  responseLayout,
  routeSlot,
  tcpLayout,
  unixPathLayout,
} from "./layout.js";
import { createMadeDecoder } from "./made.js";
import { createStreamDecoder } from "./stream.js";
import { StreamRecord } from "./stream-layout.js";
import { createWireDecoder } from "./wire.js";

/** RecordDecoder gives the record at `offset` of the memory it was made for to the sink. */
export type RecordDecoder = (memory: Uint8Array, offset: number, length: number) => void;

const empty: Uint8Array = new Uint8Array(0);

const side = (byte: number | undefined): Role => (byte === 1 ? 1 : 0);

/**
 * createDecoder returns a decoder that reads records where they lie. It keeps one object per kind and one view per
 * memory: nothing is allocated per record.
 */
export function createDecoder(sink: EventSink): RecordDecoder {
  let bytes = empty;
  let view: DataView = new DataView(empty.buffer);
  const request = blankRequest();
  const head = blankHead();
  const handOver: HandOverEvent = { exchange: 0, goid: 0 };
  const unixPath: UnixPathEvent = { memory: empty, isWire: false, number: 0, path: 0, pathLength: 0 };
  const response = blankResponse();
  const again = blankAgain();
  const more = blankMore();
  const end = blankEnd();
  const tcp = blankTcp();
  const process = blankProcess();
  const calls = createCallDecoder(sink);
  const wires = createWireDecoder(sink);
  const made = createMadeDecoder(sink);
  const streams = createStreamDecoder(sink);

  const u8 = (at: number) => bytes[at] ?? 0;
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  // Exact below 2^53: 104 days of nanoseconds; past that the last bits round, which no duration notices.
  const u64 = (at: number) => view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296;

  function onRequest(at: number, length: number): boolean {
    const l = requestLayout;
    if (length < l.head) return false;
    const pending = Math.min(u8(at + l.pendingLength), 4);
    const headLength = u16(at + l.headLength);
    if (length < l.head + headLength) return false;
    request.memory = bytes;
    request.role = side(bytes[at + l.role]);
    request.flags = u8(at + l.flags);
    request.exchange = u32(at + l.exchange);
    request.ns = u64(at + l.ns);
    request.tgid = u32(at + l.tgid);
    request.tid = u32(at + l.tid);
    request.fd = view.getInt32(at + l.fd, true);
    request.parent = u32(at + l.parent);
    request.hops = u8(at + l.hops);
    request.goid = u64(at + l.goid);
    request.parentGoid = u64(at + l.parentGoid);
    request.bytes = u32(at + l.bytes);
    request.family = u8(at + l.family);
    request.localPort = u16(at + l.localPort);
    request.peerPort = u16(at + l.peerPort);
    request.localAddress = at + l.localAddress;
    request.peerAddress = at + l.peerAddress;
    request.threshold = u32(at + l.threshold);
    request.randomness = at + l.randomness;
    request.sequence = u32(at + l.sequence);
    request.trace = at + l.trace;
    // Bytes that an earlier, too short read brought stand directly in front of the head.
    request.head = at + l.head - pending;
    request.headLength = headLength + pending;
    sink.request(request);
    return true;
  }

  function onHead(at: number, length: number): boolean {
    const l = headLayout;
    if (length < l.text) return false;
    head.memory = bytes;
    head.role = side(bytes[at + l.role]);
    head.exchange = u32(at + l.exchange);
    head.ns = u64(at + l.ns);
    head.text = at + l.text;
    head.textLength = u16(at + l.length);
    if (length < l.text + head.textLength) return false;
    sink.head(head);
    return true;
  }

  function onHandOver(at: number, length: number): boolean {
    const l = handOverLayout;
    if (length < l.size) return false;
    handOver.exchange = u32(at + l.exchange);
    handOver.goid = u64(at + l.goid);
    sink.handOver(handOver);
    return true;
  }

  function onUnixPath(at: number, length: number): boolean {
    const l = unixPathLayout;
    if (length < l.path) return false;
    unixPath.memory = bytes;
    unixPath.isWire = u8(at + l.isWire) !== 0;
    unixPath.number = u32(at + l.number);
    unixPath.path = at + l.path;
    unixPath.pathLength = u16(at + l.length);
    if (l.path + unixPath.pathLength > length) return false;
    sink.unixPath(unixPath);
    return true;
  }

  function onResponse(at: number, length: number): boolean {
    const l = responseLayout;
    if (length < l.head) return false;
    const routeLength = Math.min(u16(at + l.routeLength), routeSlot);
    response.headLength = u16(at + l.headLength);
    if (l.head + response.headLength > (routeLength > 0 ? l.route : length)) return false;
    if (routeLength > 0 && l.route + routeLength > length) return false;
    response.memory = bytes;
    response.role = side(bytes[at + l.role]);
    response.flags = u16(at + l.flags);
    response.exchange = u32(at + l.exchange);
    response.ns = u64(at + l.ns);
    response.handlerEndNs = u64(at + l.handlerEndNs);
    response.requestBytes = u64(at + l.requestBytes);
    response.bytes = u32(at + l.bytes);
    response.head = at + l.head;
    response.route = at + l.route;
    response.routeLength = routeLength;
    response.tail = at + l.tail;
    sink.response(response);
    return true;
  }

  function onAgain(at: number, length: number): boolean {
    const l = againLayout;
    if (length < l.size) return false;
    again.exchange = u32(at + l.exchange);
    again.ns = u64(at + l.ns);
    again.endNs = u64(at + l.endNs);
    again.tgid = u32(at + l.tgid);
    again.original = u32(at + l.original);
    again.ports = view.getInt32(at + l.ports, true);
    again.sequence = u32(at + l.sequence);
    sink.again(again);
    return true;
  }

  function onMore(at: number, length: number): boolean {
    const l = moreLayout;
    if (length < l.size) return false;
    more.memory = bytes;
    more.role = side(bytes[at + l.role]);
    more.exchange = u32(at + l.exchange);
    more.ns = u64(at + l.ns);
    more.responseBytes = u64(at + l.responseBytes);
    more.requestBytes = u64(at + l.requestBytes);
    more.tail = at + l.tail;
    sink.more(more);
    return true;
  }

  function onEnd(at: number, length: number): boolean {
    const l = endLayout;
    if (length < l.route) return false;
    end.routeLength = Math.min(u16(at + l.routeLength), routeSlot);
    if (length < l.route + end.routeLength) return false;
    end.memory = bytes;
    end.role = side(bytes[at + l.role]);
    end.reason = u8(at + l.reason);
    end.exchange = u32(at + l.exchange);
    end.ns = u64(at + l.ns);
    end.responseBytes = u64(at + l.responseBytes);
    end.requestBytes = u64(at + l.requestBytes);
    end.route = at + l.route;
    sink.end(end);
    return true;
  }

  function onTcp(at: number, length: number, closed: boolean): boolean {
    const l = tcpLayout;
    if (length < l.size) return false;
    tcp.memory = bytes;
    tcp.role = side(bytes[at + l.role]);
    tcp.family = u8(at + l.family);
    tcp.tgid = u32(at + l.tgid);
    tcp.ns = u64(at + l.ns);
    tcp.startNs = u64(at + l.startNs);
    tcp.connectNs = u64(at + l.connectNs);
    tcp.bytesSent = u64(at + l.bytesSent);
    tcp.bytesReceived = u64(at + l.bytesReceived);
    tcp.localPort = u16(at + l.localPort);
    tcp.peerPort = u16(at + l.peerPort);
    tcp.error = u32(at + l.error);
    tcp.state = bytes[at + l.state] ?? 0;
    tcp.retransmits = u32(at + l.retransmits);
    tcp.rttUs = u32(at + l.rttUs);
    tcp.localAddress = at + l.localAddress;
    tcp.peerAddress = at + l.peerAddress;
    tcp.comm = at + l.comm;
    tcp.network = u32(at + l.network);
    if (closed) sink.tcpClose(tcp);
    else sink.tcpOpen(tcp);
    return true;
  }

  function onProcess(at: number, length: number, ended: boolean): boolean {
    const l = processLayout;
    if (length < l.size) return false;
    process.memory = bytes;
    process.tgid = u32(at + l.tgid);
    process.ns = u64(at + l.ns);
    process.parentTgid = u32(at + l.parentTgid);
    process.forked = bytes[at + l.isForked] === 1;
    process.exitCode = u32(at + l.exitCode);
    process.comm = at + l.comm;
    if (ended) sink.processExit(process);
    else sink.processStart(process);
    return true;
  }

  function known(kind: number, at: number, length: number): boolean {
    switch (kind) {
      case RecordKind.request:
        return onRequest(at, length);
      case RecordKind.response:
        return onResponse(at, length);
      case RecordKind.handOver:
        return onHandOver(at, length);
      case RecordKind.unixPath:
        return onUnixPath(at, length);
      case RecordKind.again:
        return onAgain(at, length);
      case RecordKind.more:
        return onMore(at, length);
      case RecordKind.end:
        return onEnd(at, length);
      case RecordKind.head:
        return onHead(at, length);
      case RecordKind.tcpOpen:
        return onTcp(at, length, false);
      case RecordKind.tcpClose:
        return onTcp(at, length, true);
      case RecordKind.processStart:
        return onProcess(at, length, false);
      case RecordKind.processExit:
        return onProcess(at, length, true);
      case RecordKind.call:
        return calls.call(bytes, view, at, length);
      case RecordKind.callEnd:
        return calls.callEnd(bytes, view, at, length);
      case RecordKind.spanStart:
        return made.start(view, at, length);
      case RecordKind.spanPart:
        return made.part(bytes, view, at, length);
      case RecordKind.wire:
        return wires.wire(bytes, view, at, length);
      case RecordKind.wireName:
        return wires.wireName(bytes, view, at, length);
      case RecordKind.wireEnd:
        return wires.wireEnd(view, at, length);
      case StreamRecord.begin:
        return streams.stream(bytes, view, at, length);
      case StreamRecord.sent:
        return streams.streamSent(view, at, length);
      case StreamRecord.end:
        return streams.streamEnd(bytes, view, at, length);
      case StreamRecord.whole:
        return streams.streamWhole(bytes, view, at, length);
      case StreamRecord.conn:
        return streams.streamConn(bytes, view, at, length);
      default:
        return false;
    }
  }

  return (memory, offset, length) => {
    if (memory !== bytes) {
      bytes = memory;
      view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    }
    const kind = length > 0 ? u8(offset) : 0;
    if (offset + length > bytes.length || !known(kind, offset, length)) sink.unknown(kind, length);
  };
}

function blankRequest(): RequestEvent {
  return {
    memory: empty,
    role: 0,
    flags: 0,
    exchange: 0,
    ns: 0,
    tgid: 0,
    tid: 0,
    fd: 0,
    parent: 0,
    hops: 0,
    goid: 0,
    parentGoid: 0,
    bytes: 0,
    family: 0,
    localPort: 0,
    peerPort: 0,
    localAddress: 0,
    peerAddress: 0,
    threshold: 0,
    randomness: 0,
    sequence: 0,
    trace: 0,
    head: 0,
    headLength: 0,
  };
}

const blankHead = (): HeadEvent => ({ memory: empty, role: 0, exchange: 0, ns: 0, text: 0, textLength: 0 });

function blankResponse(): ResponseEvent {
  return {
    memory: empty,
    role: 0,
    flags: 0,
    exchange: 0,
    ns: 0,
    handlerEndNs: 0,
    requestBytes: 0,
    bytes: 0,
    head: 0,
    headLength: 0,
    route: 0,
    routeLength: 0,
    tail: 0,
  };
}

const blankAgain = (): AgainEvent => ({
  exchange: 0,
  ns: 0,
  endNs: 0,
  tgid: 0,
  original: 0,
  ports: 0,
  sequence: 0,
});

function blankMore(): MoreEvent {
  return { memory: empty, role: 0, exchange: 0, ns: 0, responseBytes: 0, requestBytes: 0, tail: 0 };
}

function blankEnd(): EndEvent {
  return {
    memory: empty,
    role: 0,
    reason: 0,
    exchange: 0,
    ns: 0,
    responseBytes: 0,
    requestBytes: 0,
    route: 0,
    routeLength: 0,
  };
}

function blankTcp(): TcpEvent {
  return {
    memory: empty,
    role: 0,
    family: 0,
    tgid: 0,
    ns: 0,
    startNs: 0,
    connectNs: 0,
    bytesSent: 0,
    bytesReceived: 0,
    localPort: 0,
    peerPort: 0,
    error: 0,
    state: 0,
    retransmits: 0,
    rttUs: 0,
    localAddress: 0,
    peerAddress: 0,
    comm: 0,
    network: 0,
  };
}

function blankProcess(): ProcessEvent {
  return { memory: empty, tgid: 0, ns: 0, parentTgid: 0, forked: false, exitCode: 0, comm: 0 };
}
