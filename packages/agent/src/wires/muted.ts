import { WireState } from "../events/layout.js";
import type { WireEvent } from "../events/wire.js";

/** Muted remembers the sockets that nobody can read. */
export interface Muted {
  add(connection: number, ns: number, state: WireState): void;
  /** has says whether a record was on its way when its socket was muted; later ones say that it was not heard. */
  has(event: WireEvent): boolean;
}

const limit = 16_384;
// A record is told at most so long after its socket was muted, which is a few reads of the ring.
const onItsWayNs = 1_000_000_000;

/** newMuted makes an empty one; `tell` says to the kernel side what becomes of a socket. */
export function newMuted(tell: (connection: number, state: WireState) => void): Muted {
  const since = new Map<number, number>();
  return {
    add(connection, ns, state) {
      if (since.size >= limit) since.clear();
      since.set(connection, ns);
      tell(connection, state);
    },
    has({ connection, ns }) {
      const from = since.get(connection);
      if (from === undefined) return false;
      if (ns - from > onItsWayNs) {
        since.set(connection, ns);
        tell(connection, WireState.mute);
      }
      return true;
    },
  };
}
