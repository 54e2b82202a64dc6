import type { WireExchange } from "../protocols/wire.js";
import { fillRandom, idLayout, keptThreshold, readTraceparent } from "../spans/ids.js";
import type { Joins } from "./joins.js";
import type { Origin } from "./origins.js";
import { ordered, type Wire } from "./wire.js";

/** Place is where a span stands: `ids` as idLayout has them, the parent's only where `parented`; `remote` where that is another process's. */
export interface Place {
  readonly ids: Uint8Array;
  parented: boolean;
  remote: boolean;
  /** threshold is what its trace has reached (sampling/threshold.ts), 0 where others decided, or nobody. */
  threshold: number;
}

/** newPlace makes one that is nowhere yet. */
export const newPlace = (): Place => ({
  ids: new Uint8Array(idLayout.size),
  parented: false,
  remote: false,
  threshold: 0,
});

/**
 * placeExchange fills in trace, span and parent. `origin` is the write that the exchange began with; `said` has the trace and the span that went
 * out with its request, where any did.
 */
export function placeExchange(
  place: Place,
  exchange: WireExchange,
  wire: Wire,
  origin: Origin | undefined,
  said: Uint8Array | undefined,
  joins: Joins,
): void {
  const { ids } = place;
  const server = wire.client === 1;
  place.parented = false;
  place.threshold = origin?.hasParent === true ? keptThreshold(origin.ids) : 0;
  if (said !== undefined && exchange.traceparent === "") {
    place.remote = false;
    // Its receiver follows what was said: a parent in another trace would be none.
    if (origin?.hasParent === true && sameTrace(said, origin.ids)) {
      ids.set(origin.ids);
      place.parented = true;
    }
    ids.set(said, idLayout.trace);
    return;
  }
  if (exchange.traceparent !== "") {
    const header = Buffer.from(exchange.traceparent, "latin1");
    place.parented = readTraceparent(header, { start: 0, end: header.length }, ids);
  }
  place.remote = place.parented;
  const adopted = !server && origin?.hasParent === true;
  // A client that passes its own trace on has its server's request for a parent, which is nearer.
  if (adopted && (!place.parented || sameTrace(ids, origin.ids))) {
    ids.set(origin.ids);
    place.parented = true;
    place.remote = false;
  }
  const trace = place.parented;
  if (!trace) fillRandom(ids, idLayout.trace, 16);
  fillRandom(ids, idLayout.span, 8);
  if (origin === undefined || place.remote) return;
  if (!server && origin.joint !== undefined) {
    if (!trace) ids.set(origin.joint.subarray(0, 16), idLayout.trace);
    ids.set(origin.joint.subarray(16, 24), idLayout.span);
    origin.joint = undefined;
  } else if (server && origin.sequence >= 0 && exchange.doubt === "" && ordered.has(exchange.protocol)) {
    const joint = joins.find(wire.peerPort, wire.localPort, origin.sequence);
    // The next request of the same write is another one.
    origin.sequence = -1;
    if (joint === undefined) return;
    ids.set(joint.subarray(0, 16), idLayout.trace);
    ids.set(joint.subarray(16, 24), idLayout.parent);
    place.parented = true;
    place.remote = true;
  }
}

function sameTrace(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 16; i++) if (a[i] !== b[i]) return false;
  return true;
}
