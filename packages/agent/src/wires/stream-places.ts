import { addressSize } from "../events/layout.js";
import type { WireExchange } from "../protocols/wire.js";
import { reaches } from "../sampling/threshold.js";
import { idLayout, keptThreshold } from "../spans/ids.js";
import { joinedThreshold, leftOut, type StreamConns, type StreamFlow } from "../spans/stream-conns.js";
import type { Joins } from "./joins.js";
import type { Origin } from "./origins.js";
import type { Wire } from "./wire.js";
import { newPlace, type Place, placeExchange } from "./wire-ids.js";
import { addressText } from "./wire-span.js";

/**
 * StreamPlaces gives streams of HTTP/2, and requests by FastCGI that are served, their places in traces while they are open: both ends of a connection
 * within this machine find each other by its addresses and the stream's number, or by a request's place among the bytes, without any header, and what
 * is done for a served one is its child.
 */
export interface StreamPlaces {
  /** sent places a client's stream whose request was written; one whose header says where it stands is left to its end. */
  sent(exchange: WireExchange, wire: Wire, origin: Origin | undefined): void;
  /** served gives a server's stream its place, from the first time it is asked for. */
  served(exchange: WireExchange, wire: Wire): Place;
  /** isLeftOut says whether sampling leaves a stream out: where it was asked, or where it is served. */
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
    const { tgid } = wire.process;
    const flow = wire.client === 0 ? conns.flow(tgid, local, peer) : conns.flow(tgid, peer, local);
    flows.set(wire, flow);
    return flow;
  };

  /** choose decides for a stream that nobody has decided for, by its trace; gives whether it is told. */
  const choose = (exchange: WireExchange, { process }: Wire, place: Place): boolean => {
    const { threshold = 0 } = process.sampling ?? {};
    const isTold = reaches(place.ids, idLayout.trace, threshold);
    place.threshold = threshold;
    if (!isTold) without.add(exchange);
    return isTold;
  };

  /** follow decides by the caller's flag in its header, as a parent-based sampler does; where asked to, it thins out what callers sampled. */
  const follow = (exchange: WireExchange, wire: Wire, place: Place): void => {
    const { threshold = 0, thin = false } = wire.process.sampling ?? {};
    if (threshold === 0) return;
    if ((Number.parseInt(exchange.traceparent.slice(53, 55), 16) & 1) === 0) without.add(exchange);
    else if (thin) choose(exchange, wire, place);
  };

  const leaveOut = (exchange: WireExchange, wire: Wire): void => {
    const flow = flowOf(wire);
    if (flow !== undefined) flow.clientSeen = true;
    flow?.leaveOut(exchange.stream);
  };

  /** placeInOrder places what is found by its place among the bytes. */
  const placeInOrder = (place: Place, exchange: WireExchange, wire: Wire): void => {
    const origin = wire.origins.at(exchange.startNs);
    const sequence = origin?.sequence ?? -1;
    const [client, server] = [wire.peerPort, wire.localPort];
    placeExchange(place, exchange, wire, origin, undefined, joins);
    places.set(exchange, place);
    const joint = sequence < 0 ? undefined : joins.find(client, server, sequence);
    if (joint === undefined) {
      if (place.parented) follow(exchange, wire, place);
      else choose(exchange, wire, place);
      return;
    }
    if (joins.isLeftOut(client, server, sequence)) without.add(exchange);
    // A web server hands on its own client's header: its span is nearer where it is of that trace.
    if (joint.subarray(0, 16).every((byte, i) => byte === place.ids[idLayout.trace + i]))
      place.ids.set(joint.subarray(16, 24), idLayout.parent);
  };

  return {
    sent(exchange, wire, origin) {
      if (exchange.traceparent !== "") return;
      if (origin?.untold === true) {
        leaveOut(exchange, wire);
        return;
      }
      const place = newPlace();
      placeExchange(place, exchange, wire, origin, undefined, joins);
      places.set(exchange, place);
      const flow = flowOf(wire);
      if (flow === undefined) {
        if (!place.parented) choose(exchange, wire, place);
        return;
      }
      flow.clientSeen = true;
      const { ids, parented } = place;
      const trace = ids.subarray(idLayout.trace, idLayout.trace + 16);
      const threshold = parented ? place.threshold : wire.process.sampling?.threshold;
      const joint = flow.meet("client", exchange.stream, parented ? trace : undefined, undefined, threshold);
      // Who serves it may have been asked first, and has made a trace.
      if (!parented) ids.set(joint.subarray(0, 16), idLayout.trace);
      ids.set(joint.subarray(16, 24), idLayout.span);
      // Whoever serves it and has asked first has come to the same.
      if (!parented && !choose(exchange, wire, place)) leaveOut(exchange, wire);
    },
    served(exchange, wire) {
      const known = places.get(exchange);
      if (known !== undefined) return known;
      const place = newPlace();
      if (exchange.stream === 0) {
        placeInOrder(place, exchange, wire);
        return place;
      }
      placeExchange(place, exchange, wire, undefined, undefined, joins);
      places.set(exchange, place);
      if (place.parented) {
        follow(exchange, wire, place);
        return place;
      }
      const flow = flowOf(wire);
      if (flow === undefined || !flow.clientSeen) {
        choose(exchange, wire, place);
        return place;
      }
      const isDecided = flow.isSent(exchange.stream);
      const joint = flow.meet("server", exchange.stream, undefined, undefined);
      if (joint === leftOut) {
        without.add(exchange);
        return place;
      }
      place.ids.set(joint.subarray(0, 16), idLayout.trace);
      place.ids.set(joint.subarray(16, 24), idLayout.parent);
      place.parented = true;
      place.remote = true;
      place.threshold = keptThreshold(joint, joinedThreshold);
      if (!isDecided) choose(exchange, wire, place);
      return place;
    },
    isLeftOut: (exchange) => without.has(exchange),
    of: (exchange) => places.get(exchange),
  };
}
