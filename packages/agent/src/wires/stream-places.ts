import { addressSize } from "../events/layout.js";
import type { WireExchange } from "../protocols/wire.js";
import { idLayout } from "../spans/ids.js";
import { leftOut, type StreamConns, type StreamFlow } from "../spans/stream-conns.js";
import type { Joins } from "./joins.js";
import type { Origin } from "./origins.js";
import type { Wire } from "./wire.js";
import { newPlace, type Place, placeExchange } from "./wire-ids.js";
import { addressText } from "./wire-span.js";

/**
 * StreamPlaces gives streams of HTTP/2 their places in traces while they are open: both ends of a connection within this machine find each other
 * by its addresses and the stream's number, without any header, and what is done for a served one is its child.
 */
export interface StreamPlaces {
  /** sent places a client's stream whose request was written; one whose header says where it stands is left to its end. */
  sent(exchange: WireExchange, wire: Wire, origin: Origin | undefined): void;
  /** served gives a server's stream its place, from the first time it is asked for. */
  served(exchange: WireExchange, wire: Wire): Place;
  /** isLeftOut says whether a served stream is one that sampling has left out at its client. */
  isLeftOut(exchange: WireExchange): boolean;
  /** of gives the place that a stream has. */
  of(exchange: WireExchange): Place | undefined;
}

/** newStreamPlaces makes one that knows no stream. */
export function newStreamPlaces(conns: Pick<StreamConns, "flow">, joins: Joins): StreamPlaces {
  const places = new WeakMap<WireExchange, Place>();
  const without = new WeakSet<WireExchange>();
  const flows = new WeakMap<Wire, StreamFlow>();

  /** flowOf gives what both ends of a connection share; undefined for what has no ports. */
  const flowOf = (wire: Wire): StreamFlow | undefined => {
    if (wire.localPort === 0) return undefined;
    const known = flows.get(wire);
    if (known !== undefined) return known;
    const local = `${addressText(wire, 0)}:${wire.localPort}`;
    const peer = `${addressText(wire, addressSize)}:${wire.peerPort}`;
    const flow = wire.client === 0 ? conns.flow(local, peer) : conns.flow(peer, local);
    flows.set(wire, flow);
    return flow;
  };

  return {
    sent(exchange, wire, origin) {
      if (exchange.traceparent !== "") return;
      if (origin?.untold === true) {
        const flow = flowOf(wire);
        if (flow !== undefined) flow.clientSeen = true;
        flow?.leaveOut(exchange.stream);
        return;
      }
      const place = newPlace();
      placeExchange(place, exchange, wire, origin, undefined, joins);
      places.set(exchange, place);
      const flow = flowOf(wire);
      if (flow === undefined) return;
      flow.clientSeen = true;
      const { ids, parented } = place;
      const trace = ids.subarray(idLayout.trace, idLayout.trace + 16);
      const joint = flow.meet("client", exchange.stream, parented ? trace : undefined, undefined);
      // Who serves it may have been asked first, and has made a trace.
      if (!parented) ids.set(joint.subarray(0, 16), idLayout.trace);
      ids.set(joint.subarray(16, 24), idLayout.span);
    },
    served(exchange, wire) {
      const known = places.get(exchange);
      if (known !== undefined) return known;
      const place = newPlace();
      placeExchange(place, exchange, wire, undefined, undefined, joins);
      places.set(exchange, place);
      const flow = place.parented ? undefined : flowOf(wire);
      if (flow === undefined || !flow.clientSeen) return place;
      const joint = flow.meet("server", exchange.stream, undefined, undefined);
      if (joint === leftOut) {
        without.add(exchange);
        return place;
      }
      place.ids.set(joint.subarray(0, 16), idLayout.trace);
      place.ids.set(joint.subarray(16, 24), idLayout.parent);
      place.parented = true;
      place.remote = true;
      return place;
    },
    isLeftOut: (exchange) => without.has(exchange),
    of: (exchange) => places.get(exchange),
  };
}
