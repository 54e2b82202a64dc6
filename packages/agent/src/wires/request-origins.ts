import type { WireEvent } from "../events/wire.js";
import type { MadeSpans } from "../made/made-spans.js";
import type { Direction } from "../protocols/connection.js";
import type { WireExchange } from "../protocols/wire.js";
import { type Sender, untoldExchange } from "../spans/calls.js";
import { idLayout, keepThreshold } from "../spans/ids.js";
import type { Joins } from "./joins.js";
import type { Origin } from "./origins.js";
import type { ServedStreams } from "./served-streams.js";
import { type OpenWire, ordered, type Wire } from "./wire.js";

/** RequestOriginsOptions are what is needed from around it. */
export interface RequestOriginsOptions {
  /** adopt puts the ids of an open server exchange into `ids` as a parent's; false when it is not open. */
  readonly adopt: (exchange: number, tgid: number, ids: Uint8Array) => boolean;
  /** enclosing: see MadeSpans. */
  readonly enclosing?: MadeSpans["enclosing"];
  readonly joins: Joins;
  /** parentOf: see ServedStreams. */
  readonly parentOf?: ServedStreams["parentOf"];
  /**
   * callOf gives the ids, as idLayout has them, of the call of a SQL library that a goroutine is in, and hears which socket
   * it writes to; such a call is told already (spans/calls.ts), so what its SQL protocol says is not told again.
   */
  readonly callOf: (tgid: number, goid: number, wire: Wire) => Uint8Array | undefined;
  /** sendOf gives the call that waits until its messages to an exchange's topic are sent. */
  readonly sendOf?: (exchange: WireExchange, wire: Wire) => Sender | undefined;
  /** answered hears how an exchange ended whose messages such a call has handed out. */
  readonly answered?: (exchange: WireExchange, sender: Sender) => void;
}

/** RequestOrigins finds out what the requests on sockets are done for. */
export interface RequestOrigins {
  /** note keeps where the requests of this write come from. */
  note(entry: OpenWire, event: WireEvent, direction: Direction): void;
  /**
   * asked finds the call that has handed out the messages of a request: another goroutine writes them, for many. Before the broker's side asks
   * whose child it is, and before anybody has the messages.
   */
  asked(entry: OpenWire, exchange: WireExchange): void;
  /** isUntold says that a request was handed out by a call that is not told. */
  isUntold(exchange: WireExchange): boolean;
  /** isLeftOut says whether a request's client is not told: its span would be the child of none. */
  isLeftOut(entry: OpenWire, exchange: WireExchange, origin: Origin): boolean;
  /** withSender gives a request's write as one of the call that has handed out its messages; other requests of it may be anybody's. */
  withSender(exchange: WireExchange, origin: Origin): Origin;
}

/** newRequestOrigins makes one that has seen no request. */
export function newRequestOrigins(options: RequestOriginsOptions): RequestOrigins {
  // With the ids that the call had then: it may be over when its messages are answered for.
  const senders = new WeakMap<WireExchange, { readonly sender: Sender; readonly ids: Uint8Array }>();
  const untold = new WeakSet<WireExchange>();

  /** leaveOut has the server's side leave out the first request of a write, too. */
  const leaveOut = (entry: OpenWire, { joint, sequence }: Origin): void => {
    if (joint !== undefined) options.joins.leaveOut(entry.localPort, entry.peerPort, sequence);
  };

  const isLeftOut = (entry: OpenWire, { protocol, doubt }: WireExchange, origin: Origin): boolean => {
    if (entry.client !== 1 || origin.sequence < 0 || doubt !== "" || !ordered.has(protocol)) return false;
    if (!options.joins.isLeftOut(entry.peerPort, entry.localPort, origin.sequence)) return false;
    // The next request of the same write is another one.
    origin.sequence = -1;
    return true;
  };

  /** parentOf gives the number of the request that a client's write is done for; goroutines say it themselves. */
  const parentOf = (entry: OpenWire, event: WireEvent, direction: Direction): number => {
    const { tgid, tid, goid, parent, ns } = event;
    if (direction !== 0) return 0;
    if (goid > 0 || entry.client === 1) return parent;
    return options.parentOf?.(tgid, tid, parent, ns) ?? parent;
  };

  const note = (entry: OpenWire, event: WireEvent, direction: Direction): void => {
    // The other buffers of the same write.
    if (entry.notedNs === event.ns) return;
    entry.notedNs = event.ns;
    const origin = entry.origins.next();
    origin.ns = event.ns;
    const parent = parentOf(entry, event, direction);
    origin.untold = direction === 0 && parent === untoldExchange;
    origin.goid = event.goid;
    origin.tid = event.tid;
    // What stands for the bytes on the wire is longer, by how much is not known: no place to find the other side by.
    const hasPlace = !entry.datagram && entry.secure === 0 && (event.localPort !== 0 || event.sequence !== 0);
    origin.sequence = hasPlace ? event.sequence : -1;
    origin.answered = false;
    const call =
      direction === 0 && event.goid > 0 ? options.callOf(event.tgid, event.goid, entry) : undefined;
    origin.inCall = call !== undefined;
    keepThreshold(origin.ids, 0);
    const isServed = parent !== 0 && options.adopt(parent, event.tgid, origin.ids);
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

  const asked = (entry: OpenWire, exchange: WireExchange): void => {
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

  return { note, asked, isUntold: (exchange) => untold.has(exchange), isLeftOut, withSender };
}
