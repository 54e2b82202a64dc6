import { addressSize, WireFlag, WireState } from "../events/layout.js";
import type { WireEndEvent, WireEvent, WireNameEvent } from "../events/wire.js";
import type { MadeSpans } from "../made/made-spans.js";
import { type Connection, type Direction, newConnection } from "../protocols/connection.js";
import { newShared, type Protocol, type WireExchange } from "../protocols/wire.js";
import { type Sender, untoldExchange } from "../spans/calls.js";
import { idLayout } from "../spans/ids.js";
import type { ProcessSpans } from "../spans/process-spans.js";
import { type HeldPieces, newHeldPieces } from "./held-pieces.js";
import type { Joins } from "./joins.js";
import { newOrigins, type Origin, type Origins } from "./origins.js";
import { newSentNames } from "./sent-names.js";

/** Wire is a socket of an observed process. */
export interface Wire {
  readonly number: number;
  readonly process: ProcessSpans;
  readonly family: number;
  readonly datagram: boolean;
  /** The version of TLS that its bytes went through, 0 for none. */
  readonly secure: number;
  readonly localPort: number;
  readonly peerPort: number;
  /** Local address, then peer address. */
  readonly addresses: Uint8Array;
  /** localText and peerText are the addresses as text, once somebody has asked. */
  localText: string | undefined;
  peerText: string | undefined;
  /** namespace is the database that a SQL client's exchanges were told to be of, "" while that is unknown. */
  namespace: string;
  /** client says whether this process asks (0) or its peer (1), once that is known. */
  client: Direction | undefined;
  readonly origins: Origins;
}

/** WiresOptions are what the table of sockets needs from around it. */
export interface WiresOptions {
  readonly protocols: readonly Protocol[];
  readonly processOf: (tgid: number) => ProcessSpans | undefined;
  /** adopt puts the ids of an open server exchange into `ids` as a parent's; false when it is not open. */
  readonly adopt: (exchange: number, tgid: number, ids: Uint8Array) => boolean;
  /** enclosing: see MadeSpans. */
  readonly enclosing?: MadeSpans["enclosing"];
  readonly joins: Joins;
  /**
   * callOf gives the ids, as idLayout has them, of the call of a SQL library that a goroutine is in, and hears which socket
   * it writes to; such a call is told already (spans/calls.ts), so what its SQL protocol says is not told again.
   */
  readonly callOf: (tgid: number, goid: number, wire: Wire) => Uint8Array | undefined;
  /** heard takes an exchange that a call has told already: it may know more of it. */
  readonly heard: (exchange: WireExchange, tgid: number, goid: number) => void;
  /** isTold says whether a socket's HTTP/2 is told by the probes on its library. */
  readonly isTold?: (wire: Wire) => boolean;
  /** sawTls hears of a process that speaks TLS where its plain text is not seen. */
  readonly sawTls?: (tgid: number) => void;
  /** sendOf gives the call that waits until its messages to an exchange's topic are sent. */
  readonly sendOf?: (exchange: WireExchange, wire: Wire) => Sender | undefined;
  /** answered hears how an exchange ended whose messages such a call has handed out. */
  readonly answered?: (exchange: WireExchange, sender: Sender) => void;
  /** tell says to the kernel side what becomes of a socket; `turn` tells one WireState.brief from the one before. */
  readonly tell: (connection: number, state: WireState, turn?: number) => void;
  /**
   * emit takes a finished exchange and the write it began with, which is undefined when that is not known any more; `said` has the trace
   * and the span that went out with its request, where the kernel side put them in.
   */
  readonly emit: (exchange: WireExchange, wire: Wire, origin: Origin | undefined, said?: Uint8Array) => void;
}

/** WireCounts says what is open and what could not be told. */
export interface WireCounts {
  readonly connections: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** Wires reads the bytes of sockets that do not speak HTTP/1. */
export interface Wires {
  wire(event: WireEvent): void;
  /** wireName takes what a request is called whose bytes come next. */
  wireName(event: WireNameEvent): void;
  wireEnd(event: WireEndEvent): void;
  /** called gives the socket of a call whose end says that its bytes were not told for its sake; undefined when it is not known. */
  called(connection: number, ns: number): Wire | undefined;
  processExited(tgid: number, ns: number): void;
  /** sweep gives up what was held for a write that is never told; `nowNs` is CLOCK_MONOTONIC. */
  sweep(nowNs: number): void;
  counts(): WireCounts;
}

interface Entry extends Wire {
  readonly connection: Connection;
  decided: boolean;
  /** isMultiplexed: it speaks HTTP/2, which its library's probes may tell. */
  isMultiplexed: boolean;
  /** inOrder says that both sides tell exchanges in the order of the requests, as far as is known. */
  inOrder: boolean;
  held: HeldPieces | undefined;
  lastNs: number;
  notedNs: number;
  pieces: number;
  /** inCalls counts the exchanges in a row that calls have told. */
  inCalls: number;
  /** isBrief: the kernel side was told to keep what calls tell; turn counts how often. */
  isBrief: boolean;
  turn: number;
}

// Sockets whose parser is kept; the one that was silent for longest goes first. A parser holds 2 to 20 KB.
const limit = 4096;
// A piece that was read early waits so long for the write's record, which is at most a few reads of the ring away.
const heldNs = 1_000_000_000;
// Whether a connection can still be read is asked this often.
const asksEvery = 64;
// So many exchanges in a row belong to calls until only what adds to calls is told (a query of a driver is one or two), and so many
// more until that is said again: another socket has the same place in the kernel's table.
const briefFrom = 4;
const briefEvery = 1024;

const mutedLimit = 16_384;

/** ordered are the protocols whose exchanges are told in the order of their requests. */
export const ordered: ReadonlySet<string> = new Set([
  "postgresql",
  "mysql",
  "redis",
  "memcached",
  // A connection of MongoDB waits for one answer at a time; Kafka's brokers answer in order.
  "mongodb",
  "kafka",
]);

/** sqlProtocols are what drivers of SQL libraries speak. */
const sqlProtocols: ReadonlySet<string> = new Set(["postgresql", "mysql"]);

/** multiplexed are what HTTP/2 carries. */
const multiplexed: ReadonlySet<string> = new Set(["http2", "grpc"]);

const empty = new Uint8Array(0);

/** newWires makes an empty table. */
export function newWires(options: WiresOptions): Wires {
  const entries = new Map<number, Entry>();
  // Numbers of Kafka's topics are unique everywhere: who asked last tells all others.
  const shared = newShared();
  const waiting = new Set<Entry>();
  const names = newSentNames();
  const muted = new Map<number, number>();
  const dropped: Record<string, number> = {};
  // With the ids that the call had then: it may be over when its messages are answered for.
  const senders = new WeakMap<WireExchange, { readonly sender: Sender; readonly ids: Uint8Array }>();
  const untold = new WeakSet<WireExchange>();

  const open = (event: WireEvent, process: ProcessSpans): Entry => {
    const { flags, connection: number } = event;
    const addresses = new Uint8Array(2 * addressSize);
    for (let i = 0; i < addressSize; i++) {
      addresses[i] = event.memory[event.localAddress + i] ?? 0;
      addresses[addressSize + i] = event.memory[event.peerAddress + i] ?? 0;
    }
    const client: Direction | undefined =
      (flags & WireFlag.opener) !== 0 ? 0 : (flags & WireFlag.accepted) !== 0 ? 1 : undefined;
    const datagram = (flags & WireFlag.datagram) !== 0;
    const entry: Entry = {
      number,
      process,
      family: event.family,
      datagram,
      secure: event.secure,
      localPort: event.localPort,
      peerPort: event.peerPort,
      addresses,
      localText: undefined,
      peerText: undefined,
      namespace: "",
      client,
      origins: newOrigins(),
      connection: newConnection({
        protocols: options.protocols,
        emit: (exchange) => emit(entry, exchange),
        asked: (exchange) => asked(entry, exchange),
        // A socket whose first record got lost begins somewhere, too.
        late: (flags & WireFlag.late) !== 0 || (flags & WireFlag.first) === 0,
        datagram,
        shared,
        ...(client === undefined ? {} : { client }),
      }),
      decided: false,
      isMultiplexed: false,
      inOrder: true,
      held: undefined,
      lastNs: event.ns,
      notedNs: -1,
      pieces: 0,
      inCalls: 0,
      isBrief: false,
      turn: 0,
    };
    if (entries.size >= limit) evict();
    entries.set(number, entry);
    return entry;
  };

  /** evict closes the quarter of the sockets that was silent for longest. */
  const evict = (): void => {
    const oldest = [...entries.values()].sort((a, b) => a.lastNs - b.lastNs).slice(0, limit >> 2);
    for (const entry of oldest) {
      if (entry.isBrief) options.tell(entry.number, WireState.read);
      close(entry, entry.lastNs);
    }
    dropped["wire-connections"] = (dropped["wire-connections"] ?? 0) + oldest.length;
  };

  const close = (entry: Entry, ns: number): void => {
    if (entry.held !== undefined) release(entry);
    entries.delete(entry.number);
    entry.connection.close(ns);
    names.forget(entry.number);
  };

  const emit = (entry: Entry, exchange: WireExchange): void => {
    entry.client ??= entry.connection.report().client;
    const said = exchange.stream === 0 ? undefined : names.take(entry.number, exchange.stream);
    if (multiplexed.has(exchange.protocol) && options.isTold?.(entry) === true) return;
    const origin = entry.origins.find(exchange.startNs);
    if (origin?.untold === true || untold.has(exchange)) return;
    if (origin !== undefined && isLeftOut(entry, exchange, origin)) return;
    if (origin?.inCall === true && sqlProtocols.has(exchange.protocol)) {
      options.heard(exchange, entry.process.tgid, origin.goid);
      heardCall(entry, exchange);
    } else {
      entry.inCalls = 0;
      options.emit(exchange, entry, origin && withSender(exchange, origin), said);
    }
  };

  /** leaveOut has the server's side leave out the first request of a write, too. */
  const leaveOut = (entry: Entry, { joint, sequence }: Origin): void => {
    if (joint !== undefined) options.joins.leaveOut(entry.localPort, entry.peerPort, sequence);
  };

  /** isLeftOut says whether a request's client is not told: its span would be the child of none. */
  const isLeftOut = (entry: Entry, { protocol, doubt }: WireExchange, origin: Origin): boolean => {
    if (entry.client !== 1 || origin.sequence < 0 || doubt !== "" || !ordered.has(protocol)) return false;
    if (!options.joins.isLeftOut(entry.peerPort, entry.localPort, origin.sequence)) return false;
    // The next request of the same write is another one.
    origin.sequence = -1;
    return true;
  };

  /**
   * heardCall lets the kernel side keep the bytes of a connection to PostgreSQL whose exchanges are calls': its answers' ends say
   * how many rows there were. A server's side that finds its client's span by the places of writes needs to hear of them all.
   */
  const heardCall = (entry: Entry, { protocol, attributes, doubt }: WireExchange): void => {
    entry.inCalls++;
    const namespace = attributes["db.namespace"];
    if (typeof namespace === "string") entry.namespace = namespace;
    if (entry.inCalls % briefEvery !== briefFrom || protocol !== "postgresql" || doubt !== "") return;
    if (entry.client !== 0 || entry.secure !== 0 || entry.held !== undefined) return;
    if (entry.localPort !== 0 && options.joins.isAsked(entry.localPort, entry.peerPort)) return;
    entry.isBrief = true;
    entry.turn = (entry.turn % 255) + 1;
    options.tell(entry.number, WireState.brief, entry.turn);
  };

  /**
   * asked finds the call that has handed out the messages of a request: another goroutine writes them, for many. Before the broker's side asks
   * whose child it is, and before anybody has the messages.
   */
  const asked = (entry: Entry, exchange: WireExchange): void => {
    entry.client ??= entry.connection.report().client;
    const origin = entry.client === 0 ? entry.origins.at(exchange.startNs) : undefined;
    if (origin === undefined || origin.untold) return;
    const sender = options.sendOf?.(exchange, entry);
    if (sender === undefined) return;
    if (sender.call.untold) {
      untold.add(exchange);
      leaveOut(entry, origin);
      return;
    }
    // The broker's side looks for the first request of a write.
    if (!origin.hasParent) origin.joint?.set(sender.call.ids.subarray(idLayout.trace, idLayout.trace + 16));
    senders.set(exchange, { sender, ids: sender.call.ids.slice() });
  };

  /** withSender gives the write as one of that call, whose other requests may be anybody's. */
  const withSender = (exchange: WireExchange, origin: Origin): Origin => {
    const found = senders.get(exchange);
    if (found === undefined) return origin;
    const { sender } = found;
    options.answered?.(exchange, sender);
    const ids = found.ids.slice();
    ids.copyWithin(idLayout.parent, idLayout.span, idLayout.span + 8);
    const { joint } = origin;
    origin.joint = undefined;
    return { ...origin, joint, ids, hasParent: true, sender };
  };

  const push = (entry: Entry, event: WireEvent, direction: Direction): void => {
    if (entry.client === undefined || entry.client === direction) note(entry, event, direction);
    deliver(entry, direction, event.memory, event.data, event.captured, event.total, event.missed, event.ns);
  };

  /** note keeps where the requests of this write come from. */
  const note = (entry: Entry, event: WireEvent, direction: Direction): void => {
    // The other buffers of the same write.
    if (entry.notedNs === event.ns) return;
    entry.notedNs = event.ns;
    const origin = entry.origins.next();
    origin.ns = event.ns;
    origin.untold = direction === 0 && event.parent === untoldExchange;
    origin.goid = event.goid;
    // What stands for the bytes on the wire is longer, by how much is not known: no place to find the other side by.
    const hasPlace = !entry.datagram && entry.secure === 0 && event.localPort !== 0;
    origin.sequence = hasPlace ? event.sequence : -1;
    origin.answered = false;
    const call =
      direction === 0 && event.goid > 0 ? options.callOf(event.tgid, event.goid, entry) : undefined;
    origin.inCall = call !== undefined;
    const isServed =
      direction === 0 && event.parent !== 0 && options.adopt(event.parent, event.tgid, origin.ids);
    origin.hasParent =
      (direction === 0 && options.enclosing?.(event.tgid, event.goid, origin.ids, isServed) === true) ||
      isServed;
    origin.joint =
      direction === 0 && origin.sequence >= 0 && entry.inOrder
        ? options.joins.sent(
            entry.localPort,
            entry.peerPort,
            origin.sequence,
            origin.hasParent ? origin.ids.subarray(idLayout.trace, idLayout.trace + 16) : undefined,
          )
        : undefined;
    if (origin.untold) leaveOut(entry, origin);
    if (call !== undefined && origin.joint !== undefined) {
      // The server's side is the child of the call.
      origin.joint.set(call.subarray(idLayout.trace, idLayout.trace + 16), 0);
      origin.joint.set(call.subarray(idLayout.span, idLayout.span + 8), 16);
    }
  };

  const deliver = (
    entry: Entry,
    direction: Direction,
    memory: Uint8Array,
    start: number,
    captured: number,
    total: number,
    missed: number,
    ns: number,
  ): void => {
    const { connection } = entry;
    if (missed > 0) connection.push(direction, empty, 0, 0, missed, ns);
    connection.push(direction, memory, start, start + captured, total, ns);
    entry.lastNs = ns;
    if (entry.isMultiplexed && options.isTold?.(entry) === true) {
      mute(entry, ns, WireState.told);
      return;
    }
    if (entry.decided && ++entry.pieces % asksEvery !== 0) return;
    const { protocol, client, state } = connection.report();
    if (protocol === "undecided") return;
    if (protocol === "tls") options.sawTls?.(entry.process.tgid);
    if (protocol === "tls" || protocol === "unknown" || state === "opaque") mute(entry, ns);
    else if (!entry.decided) {
      entry.decided = true;
      entry.client = client;
      entry.isMultiplexed = protocol === "http2";
      entry.inOrder = client === 0 && ordered.has(protocol);
      options.tell(entry.number, WireState.read);
    }
  };

  /** mute forgets a socket that nobody can read; what is open on it (a replication, a tunnel) is not over. */
  const mute = (entry: Entry, ns: number, state: WireState = WireState.mute): void => {
    entries.delete(entry.number);
    waiting.delete(entry);
    names.forget(entry.number);
    if (muted.size >= mutedLimit) muted.clear();
    muted.set(entry.number, ns);
    options.tell(entry.number, state);
  };

  /** isMuted says whether a record was on its way when its socket was muted; later ones say that it was not heard. */
  const isMuted = (event: WireEvent): boolean => {
    const since = muted.get(event.connection);
    if (since === undefined) return false;
    if (event.ns - since > heldNs) {
      muted.set(event.connection, event.ns);
      options.tell(event.connection, WireState.mute);
    }
    return true;
  };

  /** release delivers what was held. */
  const release = (entry: Entry): void => {
    const { held } = entry;
    entry.held = undefined;
    waiting.delete(entry);
    held?.each((piece) => {
      if (entries.get(entry.number) !== entry) return;
      deliver(entry, 1, piece.bytes, 0, piece.bytes.length, piece.total, piece.missed, piece.ns);
    });
  };

  return {
    wire(event) {
      const process = options.processOf(event.tgid);
      if (process === undefined) return;
      const known = entries.get(event.connection);
      if (known === undefined && isMuted(event)) return;
      const entry = known ?? open(event, process);
      if ((event.flags & WireFlag.resumed) !== 0) {
        entry.inCalls = 0;
        entry.isBrief = false;
        entry.connection.resume();
      }
      const received = (event.flags & WireFlag.received) !== 0;
      if (!received) {
        push(entry, event, 0);
        if (entry.held !== undefined) release(entry);
        return;
      }
      const mayAnswer = entry.client !== 1;
      if (mayAnswer && (entry.held !== undefined || (event.flags & WireFlag.early) !== 0)) {
        entry.held ??= newHeldPieces(event.ns);
        waiting.add(entry);
        if (!entry.held.keep(event)) {
          release(entry);
          if (entries.get(entry.number) === entry) push(entry, event, 1);
        }
        return;
      }
      push(entry, event, 1);
    },
    wireName({ memory, connection, stream, ids }) {
      names.set(connection, stream, memory.slice(ids, ids + 24));
    },
    wireEnd(event) {
      const entry = entries.get(event.connection);
      if (entry !== undefined) close(entry, event.ns);
      else names.forget(event.connection);
    },
    called(connection, ns) {
      const entry = entries.get(connection);
      if (entry === undefined) return undefined;
      entry.lastNs = ns;
      if (entry.localPort !== 0 && entry.isBrief && options.joins.isAsked(entry.localPort, entry.peerPort)) {
        entry.isBrief = false;
        options.tell(connection, WireState.read);
      }
      return entry;
    },
    processExited(tgid, ns) {
      for (const entry of entries.values()) if (entry.process.tgid === tgid) close(entry, ns);
    },
    sweep(nowNs) {
      for (const entry of waiting)
        if (entry.held !== undefined && nowNs - entry.held.sinceNs > heldNs) release(entry);
    },
    counts() {
      const forgotten = names.forgotten();
      const more = forgotten > 0 ? { "wire-names": forgotten } : {};
      return { connections: entries.size, dropped: { ...dropped, ...more } };
    },
  };
}
