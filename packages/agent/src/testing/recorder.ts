import type { AgainEvent, EventSink } from "../events/event.js";
import type { Role } from "../events/layout.js";
import { ignoreStreams } from "../events/stream.js";

/** SeenExchange is what was told of one exchange, kept for tests. */
export interface SeenExchange {
  readonly number: number;
  role: Role;
  requests: number;
  responses: number;
  head: string;
  responseHead: string;
  route: string;
  startNs: number;
  endNs: number;
  handlerEndNs: number;
  tgid: number;
  goid: number;
  parent: number;
  hops: number;
  bytes: number;
  requestBytes: number;
  responseBytes: number;
  more: number;
  ends: number[];
  tail: string;
  localPort: number;
  peerPort: number;
}

/** SeenTcp is a connection's event. */
export interface SeenTcp {
  readonly kind: "open" | "close";
  readonly role: Role;
  readonly tgid: number;
  readonly localPort: number;
  readonly peerPort: number;
  readonly local: string;
  readonly peer: string;
  readonly connectNs: number;
  readonly durationNs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly error: number;
  readonly state: number;
  readonly retransmits: number;
  readonly rttUs: number;
  readonly comm: string;
}

/** SeenCall is a call into a library. */
export interface SeenCall {
  readonly operation: number;
  readonly tgid: number;
  readonly goid: number;
  readonly text: string;
  readonly parent: number;
  readonly hops: number;
  readonly type: number;
  readonly startNs: number;
  endNs: number;
  errorType: number;
}

/** Recorder keeps everything a sink is given. */
export interface Recorder {
  readonly sink: EventSink;
  readonly exchanges: Map<number, SeenExchange>;
  readonly tcp: SeenTcp[];
  readonly processes: { readonly kind: "start" | "exit"; readonly tgid: number; readonly exitCode: number }[];
  readonly unknown: number[];
  readonly calls: SeenCall[];
  /** again are the requests that were told as a repetition. */
  readonly again: AgainEvent[];
  /** servers and clients give the exchanges of a process by role. */
  servers(tgid: number): SeenExchange[];
  clients(tgid: number): SeenExchange[];
}

const text = (memory: Uint8Array, at: number, length: number) =>
  Buffer.from(memory.subarray(at, at + length)).toString("latin1");

const address = (memory: Uint8Array, at: number, family: number) =>
  family === 2
    ? memory.subarray(at, at + 4).join(".")
    : Buffer.from(memory.subarray(at, at + 16)).toString("hex");

/** newRecorder makes an empty recorder. */
export function newRecorder(): Recorder {
  const exchanges = new Map<number, SeenExchange>();
  const tcp: SeenTcp[] = [];
  const processes: Recorder["processes"] = [];
  const unknown: number[] = [];
  const calls: SeenCall[] = [];
  const again: AgainEvent[] = [];
  const of = (number: number): SeenExchange => {
    let found = exchanges.get(number);
    if (found === undefined) {
      found = blank(number);
      exchanges.set(number, found);
    }
    return found;
  };
  const sink: EventSink = {
    ...ignoreStreams,
    request(e) {
      const seen = of(e.exchange);
      seen.requests++;
      seen.role = e.role;
      seen.head = text(e.memory, e.head, e.headLength);
      seen.startNs = e.ns;
      seen.tgid = e.tgid;
      seen.goid = e.goid;
      seen.parent = e.parent;
      seen.hops = e.hops;
      seen.bytes = e.bytes;
      seen.requestBytes = Math.max(seen.requestBytes, e.bytes);
      seen.localPort = e.localPort;
      seen.peerPort = e.peerPort;
    },
    head(e) {
      of(e.exchange).head += text(e.memory, e.text, e.textLength);
    },
    response(e) {
      const seen = of(e.exchange);
      seen.responses++;
      seen.responseHead = text(e.memory, e.head, e.headLength);
      seen.route = text(e.memory, e.route, e.routeLength);
      seen.endNs = e.ns;
      seen.handlerEndNs = e.handlerEndNs;
      seen.requestBytes = Math.max(seen.requestBytes, e.requestBytes);
      seen.responseBytes = Math.max(seen.responseBytes, e.bytes);
      seen.tail = text(e.memory, e.tail, 8);
    },
    handOver: () => undefined,
    unixPath: () => undefined,
    again: (e) => void again.push({ ...e }),
    more(e) {
      const seen = of(e.exchange);
      seen.more++;
      seen.endNs = e.ns;
      seen.responseBytes = e.responseBytes;
      seen.tail = text(e.memory, e.tail, 8);
    },
    end(e) {
      const seen = of(e.exchange);
      seen.ends.push(e.reason);
      seen.responseBytes = Math.max(seen.responseBytes, e.responseBytes);
      if (e.routeLength > 0) seen.route = text(e.memory, e.route, e.routeLength);
    },
    tcpOpen: (e) => tcp.push(tcpOf("open", e)),
    tcpClose: (e) => tcp.push(tcpOf("close", e)),
    processStart: (e) => processes.push({ kind: "start", tgid: e.tgid, exitCode: 0 }),
    processExit: (e) => processes.push({ kind: "exit", tgid: e.tgid, exitCode: e.exitCode }),
    call(e) {
      calls.push({
        operation: e.operation,
        tgid: e.tgid,
        goid: e.goid,
        text: text(e.memory, e.text, e.textLength),
        parent: e.parent,
        hops: e.hops,
        type: e.type,
        startNs: e.ns,
        endNs: 0,
        errorType: 0,
      });
    },
    madeStart: () => undefined,
    madePart: () => undefined,
    callEnd(e) {
      const open = calls.findLast((each) => each.tgid === e.tgid && each.goid === e.goid);
      if (open === undefined) return;
      open.endNs = e.ns;
      open.errorType = e.errorType;
    },
    wire: () => undefined,
    wireName: () => undefined,
    wireEnd: () => undefined,
    unknown: (kind) => unknown.push(kind),
  };
  const having = (tgid: number, role: Role) =>
    [...exchanges.values()].filter((each) => each.tgid === tgid && each.role === role && each.requests > 0);
  return {
    sink,
    exchanges,
    tcp,
    processes,
    unknown,
    calls,
    again,
    servers: (tgid) => having(tgid, 0),
    clients: (tgid) => having(tgid, 1),
  };
}

function tcpOf(kind: SeenTcp["kind"], e: Parameters<EventSink["tcpOpen"]>[0]): SeenTcp {
  return {
    kind,
    role: e.role,
    tgid: e.tgid,
    localPort: e.localPort,
    peerPort: e.peerPort,
    local: address(e.memory, e.localAddress, e.family),
    peer: address(e.memory, e.peerAddress, e.family),
    connectNs: e.connectNs,
    durationNs: e.startNs === 0 ? 0 : e.ns - e.startNs,
    bytesSent: e.bytesSent,
    bytesReceived: e.bytesReceived,
    error: e.error,
    state: e.state,
    retransmits: e.retransmits,
    rttUs: e.rttUs,
    comm: text(e.memory, e.comm, 16).replace(/\0.*$/s, ""),
  };
}

function blank(number: number): SeenExchange {
  return {
    number,
    role: 0,
    requests: 0,
    responses: 0,
    head: "",
    responseHead: "",
    route: "",
    startNs: 0,
    endNs: 0,
    handlerEndNs: 0,
    tgid: 0,
    goid: 0,
    parent: 0,
    hops: 0,
    bytes: 0,
    requestBytes: 0,
    responseBytes: 0,
    more: 0,
    ends: [],
    tail: "",
    localPort: 0,
    peerPort: 0,
  };
}
