import type { UnixPathEvent } from "../events/event.js";
import { familyUnix, WireFlag, WireState } from "../events/layout.js";
import type { WireEndEvent, WireEvent, WireNameEvent } from "../events/wire.js";
import { type Direction, newConnection } from "../protocols/connection.js";
import { newShared, type Protocol, type WireExchange } from "../protocols/wire.js";
import type { ProcessSpans } from "../spans/process-spans.js";
import { socketPath } from "../spans/unix-path.js";
import { type BriefOptions, calledBriefly, heardCall } from "./brief.js";
import { newHeldPieces } from "./held-pieces.js";
import { newMuted } from "./muted.js";
import { newOrigins, type Origin } from "./origins.js";
import { newRequestOrigins, type RequestOriginsOptions } from "./request-origins.js";
import { newSentNames } from "./sent-names.js";
import type { ServedStreams } from "./served-streams.js";
import type { StreamPlaces } from "./stream-places.js";
import { addressesOf, type OpenWire, ordered, type Wire } from "./wire.js";
import { isServerError } from "./wire-span.js";

/** WiresOptions are what the table of sockets needs from around it. */
export interface WiresOptions extends RequestOriginsOptions, BriefOptions {
  readonly protocols: readonly Protocol[];
  readonly processOf: (tgid: number) => ProcessSpans | undefined;
  /** heard takes an exchange that a call has told already: it may know more of it. */
  readonly heard: (exchange: WireExchange, tgid: number, goid: number) => void;
  /** isTold says whether a socket's HTTP/2 is told by the probes on its library. */
  readonly isTold?: (wire: Wire) => boolean;
  /** streams gives requests by HTTP/2 their places while they are open, where no library tells them. */
  readonly streams?: {
    readonly places: Pick<StreamPlaces, "sent" | "isLeftOut">;
    readonly served: Pick<ServedStreams, "asked" | "ended">;
  };
  /** servesStreams hears of a process that serves by HTTP/2 or FastCGI, once, ahead of its first request. */
  readonly servesStreams?: (tgid: number) => void;
  /** sawTls hears of a process that speaks TLS where its plain text is not seen. */
  readonly sawTls?: (tgid: number) => void;
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

/** Wires reads the bytes of sockets that do not speak HTTP/1 by TCP. */
export interface Wires {
  wire(event: WireEvent): void;
  /** wireName takes what a request is called whose bytes come next. */
  wireName(event: WireNameEvent): void;
  wireEnd(event: WireEndEvent): void;
  /** unixPath takes where the server of a socket listens whose bytes come next. */
  unixPath(event: UnixPathEvent): void;
  /** called gives the socket of a call whose end says that its bytes were not told for its sake; undefined when it is not known. */
  called(connection: number, ns: number): Wire | undefined;
  processExited(tgid: number, ns: number): void;
  /** sweep gives up what was held for a write that is never told; `nowNs` is CLOCK_MONOTONIC. */
  sweep(nowNs: number): void;
  counts(): WireCounts;
}

// Sockets whose parser is kept; the one that was silent for longest goes first. A parser holds 2 to 20 KB.
const limit = 4096;
// A piece that was read early waits so long for the write's record, which is at most a few reads of the ring away.
const heldNs = 1_000_000_000;
// Whether a connection can still be read is asked this often.
const asksEvery = 64;

// Paths of sockets whose first bytes follow; those of processes that nobody asked for stay.
const pathLimit = 256;

/** sqlProtocols are what drivers of SQL libraries speak. */
const sqlProtocols: ReadonlySet<string> = new Set(["postgresql", "mysql"]);

/** multiplexed are what HTTP/2 carries. */
const multiplexed: ReadonlySet<string> = new Set(["http2", "grpc"]);

const empty = new Uint8Array(0);

/** newWires makes an empty table. */
export function newWires(options: WiresOptions): Wires {
  const entries = new Map<number, OpenWire>();
  // Numbers of Kafka's topics are unique everywhere: who asked last tells all others.
  const shared = newShared();
  // HTTP/1 by TCP is told by its requests (spans/assembler.ts).
  const others = options.protocols.filter(({ name }) => name !== "http");
  const waiting = new Set<OpenWire>();
  const paths = new Map<number, string>();
  const names = newSentNames();
  const muted = newMuted(options.tell);
  const dropped: Record<string, number> = {};
  const { note, asked, isUntold, isLeftOut, withSender } = newRequestOrigins(options);

  const pathOf = (number: number): string => {
    const path = paths.get(number) ?? "";
    paths.delete(number);
    return path;
  };

  const open = (event: WireEvent, process: ProcessSpans): OpenWire => {
    const { flags, connection: number } = event;
    const client: Direction | undefined =
      (flags & WireFlag.opener) !== 0 ? 0 : (flags & WireFlag.accepted) !== 0 ? 1 : undefined;
    const datagram = (flags & WireFlag.datagram) !== 0;
    // A socket whose first record got lost begins somewhere, too.
    const isLate = (flags & WireFlag.late) !== 0 || (flags & WireFlag.first) === 0;
    const entry: OpenWire = {
      number,
      process,
      family: event.family,
      datagram,
      secure: event.secure,
      localPort: event.localPort,
      peerPort: event.peerPort,
      addresses: addressesOf(event),
      localText: undefined,
      peerText: undefined,
      path: pathOf(number),
      namespace: "",
      client,
      origins: newOrigins(),
      connection: newConnection({
        protocols: event.family === familyUnix ? options.protocols : others,
        emit: (exchange) => emit(entry, exchange),
        asked(exchange) {
          asked(entry, exchange);
          if (exchange.protocol === "fastcgi") scriptAsked(entry, exchange);
          else if (exchange.stream !== 0) streamAsked(entry, exchange);
        },
        late: isLate,
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
      isLeft: false,
      isLate,
    };
    if (entries.size >= limit) evict();
    entries.set(number, entry);
    return entry;
  };

  const streamAsked = (entry: OpenWire, exchange: WireExchange): void => {
    if (options.streams === undefined || options.isTold?.(entry) === true) return;
    const { places } = options.streams;
    const origin = entry.origins.at(exchange.startNs);
    // Goroutines say whose work they do, and their libraries which stream is whose.
    if (origin === undefined || origin.goid > 0) return;
    if (entry.client === 1) serve(entry, exchange, origin);
    // What goes out with a name has it already.
    else if (!names.has(entry.number, exchange.stream)) places.sent(exchange, entry, origin);
  };

  const scriptAsked = (entry: OpenWire, exchange: WireExchange): void => {
    const origin = entry.client === 0 ? undefined : entry.origins.at(exchange.startNs);
    if (origin !== undefined && origin.goid === 0) serve(entry, exchange, origin);
  };

  const serve = (entry: OpenWire, exchange: WireExchange, { tid }: Origin): void => {
    if (entry.process.servesStreams !== true) options.servesStreams?.(entry.process.tgid);
    entry.process.servesStreams = true;
    options.streams?.served.asked(exchange, entry, tid, entry.isLate);
  };

  /** evict closes what peers have left, else the quarter of the sockets that was silent for longest. */
  const evict = (): void => {
    for (const entry of entries.values()) if (entry.isLeft) close(entry, entry.lastNs);
    if (entries.size < limit) return;
    const oldest = [...entries.values()].sort((a, b) => a.lastNs - b.lastNs).slice(0, limit >> 2);
    for (const entry of oldest) {
      if (entry.isBrief) options.tell(entry.number, WireState.read);
      close(entry, entry.lastNs);
    }
    dropped["wire-connections"] = (dropped["wire-connections"] ?? 0) + oldest.length;
  };

  const close = (entry: OpenWire, ns: number): void => {
    if (entry.held !== undefined) release(entry);
    entries.delete(entry.number);
    entry.connection.close(ns);
    names.forget(entry.number);
  };

  const emit = (entry: OpenWire, exchange: WireExchange): void => {
    entry.client ??= entry.connection.report().client;
    const said = exchange.stream === 0 ? undefined : names.take(entry.number, exchange.stream);
    options.streams?.served.ended(exchange);
    if (multiplexed.has(exchange.protocol) && options.isTold?.(entry) === true) return;
    const origin = entry.origins.find(exchange.startNs);
    if (origin?.untold === true || isUntold(exchange)) return;
    if (options.streams?.places.isLeftOut(exchange) === true && leftOut(entry, exchange)) return;
    if (origin !== undefined && isLeftOut(entry, exchange, origin)) return;
    if (origin?.inCall === true && sqlProtocols.has(exchange.protocol)) {
      options.heard(exchange, entry.process.tgid, origin.goid);
      heardCall(entry, exchange, options);
    } else {
      entry.inCalls = 0;
      options.emit(exchange, entry, origin && withSender(exchange, origin), said);
    }
  };

  /** leftOut counts a request of a stream that is not told; false where it is told all the same, since it failed. */
  const leftOut = ({ client, process }: OpenWire, exchange: WireExchange): boolean => {
    const isServer = client === 1;
    if (process.errorsTold === true && isServerError(exchange, isServer)) return false;
    if (isServer) process.untold = (process.untold ?? 0) + 1;
    return true;
  };

  const push = (entry: OpenWire, event: WireEvent, direction: Direction): void => {
    if (entry.client === undefined || entry.client === direction) note(entry, event, direction);
    deliver(entry, direction, event.memory, event.data, event.captured, event.total, event.missed, event.ns);
  };

  const deliver = (
    entry: OpenWire,
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
  const mute = (entry: OpenWire, ns: number, state: WireState = WireState.mute): void => {
    entries.delete(entry.number);
    waiting.delete(entry);
    names.forget(entry.number);
    muted.add(entry.number, ns, state);
  };

  /** release delivers what was held. */
  const release = (entry: OpenWire): void => {
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
      if (known === undefined && muted.has(event)) return;
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
    unixPath({ memory, number, path, pathLength }) {
      if (paths.size >= pathLimit) paths.clear();
      paths.set(number, socketPath(memory, path, pathLength));
    },
    wireEnd(event) {
      const entry = entries.get(event.connection);
      if (entry !== undefined) {
        // A server may still answer, and its answer last until it closes the connection.
        if (event.half && entry.client !== 0) entry.isLeft = true;
        else close(entry, event.ns);
      } else names.forget(event.connection);
    },
    called(connection, ns) {
      const entry = entries.get(connection);
      if (entry === undefined) return undefined;
      entry.lastNs = ns;
      calledBriefly(entry, options);
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
