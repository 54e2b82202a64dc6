import type { Buffer } from "node:buffer";
import { formatAddress } from "../discovery/sockets.js";
import { addressSize } from "../events/layout.js";
import type { StreamConnEvent } from "../events/stream.js";
import { StreamFlag } from "../events/stream-layout.js";
import { fillRandom, keepThreshold } from "./ids.js";
import { newRecent, type Recent } from "./recent.js";
import type { StreamTemplate } from "./stream-template.js";

/** StreamConn is a connection of an HTTP/2 library; ports are 0 and texts empty where its addresses could not be read. */
export interface StreamConn {
  readonly role: number;
  readonly tls: boolean;
  readonly localPort: number;
  readonly peerPort: number;
  readonly localText: string;
  readonly peerText: string;
  /** flow is shared by both ends of the connection; undefined without addresses. */
  readonly flow: StreamFlow | undefined;
  /** encoded are attributes that all its spans have, once the first was written. */
  encoded: Buffer | undefined;
  /** The last span of its streams, for those that repeat it. */
  template: StreamTemplate | undefined;
}

/** StreamFlow joins both ends' spans of a connection within this machine, without any header. */
export interface StreamFlow {
  /** clientSeen: the client's end is observed, so its streams are to be found here. */
  clientSeen: boolean;
  /**
   * meet gives trace id (16 bytes), span id (8) and threshold (4) of the client's span of a stream, to whichever end asks first and then to the
   * other one. `trace` is the trace that the client's span is in already, `span` the id that it has. What the same end has left there
   * is of an older connection between these ports, whose other end was not seen.
   */
  meet(
    end: StreamEnd,
    streamId: number,
    trace: Uint8Array | undefined,
    span: Uint8Array | undefined,
    threshold?: number,
  ): Uint8Array;
  /** isSent says whether the client's end has told of a stream that the server's has not asked for. */
  isSent(streamId: number): boolean;
  /** leaveOut has the server's end meet `leftOut`: its client's span is not told. */
  leaveOut(streamId: number): void;
}

/** StreamEnd is who asks a StreamFlow. */
export type StreamEnd = "client" | "server";

/** Waiting are the ids of a stream that one end has asked for. */
interface Waiting {
  readonly ids: Uint8Array;
  readonly from: StreamEnd;
}

/** joinedThreshold is where the client's threshold lies in what both ends meet. */
export const joinedThreshold = 24;

/** leftOut is what a server's end meets where sampling leaves its client's request out. */
export const leftOut = new Uint8Array(0);

const familyInet = 2;
// Connections between observed processes of one machine; the longest known goes first.
const flowLimit = 8192;
// Streams that only one end has told: those of a client whose server is not observed wait for nobody.
const waitingGeneration = { limit: 8192, ms: 60_000 } as const;
// Stream ids have 31 bits (RFC 9113 section 5.1.1): a flow's number stands above them.
const streamIds = 2 ** 31;
// What is left of a whole number.
const flowNumbers = 2 ** 22;

/** StreamConns knows connections by their objects. */
export interface StreamConns {
  /** conn takes a connection's addresses, and gives it; what had its object before is over. */
  conn(event: StreamConnEvent): StreamConn;
  of(tgid: number, object: number): StreamConn | undefined;
  /** flow gives that of a connection of a process by both its ends, as "address:port". */
  flow(tgid: number, client: string, server: string): StreamFlow;
  /** isTold says whether a socket of a process belongs to such a connection. */
  isTold(tgid: number, localPort: number, peerPort: number): boolean;
  processExited(tgid: number): void;
}

// Connection objects of a process; a proxy has thousands.
const connLimit = 16_384;

/** newStreamConns knows none yet; `networkOf` gives the number of a process's network namespace: each has a loopback of its own. */
export function newStreamConns(networkOf: (tgid: number) => number = () => 0): StreamConns {
  const processes = new Map<number, { conns: Map<number, StreamConn>; told: Set<number> }>();
  const flows = new Map<string, StreamFlow>();
  const waiting = newRecent<Waiting>(waitingGeneration);
  let numbered = 0;

  const flowOf = (tgid: number, client: string, server: string): StreamFlow => {
    const network = isLoopback(client) ? `${networkOf(tgid)} ` : "";
    const key = `${network}${client}>${server}`;
    let flow = flows.get(key);
    if (flow === undefined) {
      if (flows.size >= flowLimit) {
        const oldest = flows.keys().next().value;
        if (oldest !== undefined) flows.delete(oldest);
      }
      numbered = (numbered + 1) % flowNumbers;
      flow = newFlow(waiting, numbered * streamIds);
      flows.set(key, flow);
    }
    return flow;
  };

  return {
    conn(event) {
      let known = processes.get(event.tgid);
      if (known === undefined) {
        known = { conns: new Map(), told: new Set() };
        processes.set(event.tgid, known);
      }
      const { localPort, peerPort } = event;
      const text = (at: number): string =>
        localPort === 0
          ? ""
          : formatAddress(event.memory.slice(at, at + (event.family === familyInet ? 4 : addressSize)));
      const local = text(event.localAddress);
      const peer = text(event.peerAddress);
      const ends = [`${local}:${localPort}`, `${peer}:${peerPort}`] as const;
      const [server, client] = event.role === 1 ? [ends[1], ends[0]] : ends;
      const made: StreamConn = {
        role: event.role,
        tls: (event.flags & StreamFlag.tls) !== 0,
        localPort,
        peerPort,
        localText: local,
        peerText: peer,
        flow: localPort === 0 ? undefined : flowOf(event.tgid, client, server),
        encoded: undefined,
        template: undefined,
      };
      // A place of ports for all whose addresses cannot be read.
      if (known.conns.size >= connLimit) known.conns.clear();
      if (known.told.size >= connLimit) known.told.clear();
      known.conns.set(event.connection, made);
      known.told.add(localPort * 65536 + peerPort);
      return made;
    },
    of: (tgid, object) => processes.get(tgid)?.conns.get(object),
    flow: flowOf,
    isTold(tgid, localPort, peerPort) {
      const told = processes.get(tgid)?.told;
      return told !== undefined && (told.has(localPort * 65536 + peerPort) || told.has(0));
    },
    processExited: (tgid) => void processes.delete(tgid),
  };
}

const isLoopback = (end: string): boolean => end.startsWith("127.") || end.startsWith("::1:");

function newFlow(waiting: Recent<Waiting>, first: number): StreamFlow {
  return {
    clientSeen: false,
    meet(end, streamId, trace, span, threshold = 0) {
      const found = waiting.get(first + streamId);
      if (found !== undefined && found.from !== end) {
        waiting.delete(first + streamId);
        return found.ids;
      }
      const ids = new Uint8Array(joinedThreshold + 4);
      keepThreshold(ids, threshold, joinedThreshold);
      if (trace === undefined) fillRandom(ids, 0, 16);
      else ids.set(trace);
      if (span === undefined) fillRandom(ids, 16, 8);
      else ids.set(span, 16);
      waiting.set(first + streamId, { ids, from: end });
      return ids;
    },
    isSent: (streamId) => waiting.get(first + streamId)?.from === "client",
    leaveOut: (streamId) => waiting.set(first + streamId, { ids: leftOut, from: "client" }),
  };
}
