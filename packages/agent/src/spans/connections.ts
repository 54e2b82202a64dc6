import { addressSize } from "../events/layout.js";
import type { Exchange } from "./exchange.js";
import { idLayout } from "./ids.js";

/**
 * ClientRequests remembers the last request that each client connection of this machine sent, so that the server side of
 * the same connection finds its parent without any header. A request is claimed once: the next request on the
 * connection is another one.
 */
export interface ClientRequests {
  /** sent notes a client's request; its ids are set already. */
  sent(client: Exchange): void;
  /** claim copies trace id and parent span id into a server's exchange; false when no request waits there. */
  claim(server: Exchange): boolean;
}

interface Sent {
  /** Trace id and span id of the client's span. */
  readonly ids: Uint8Array;
  /** The client's local address, then its peer's. */
  readonly addresses: Uint8Array;
  claimed: boolean;
  threshold: number;
}

// More connections than this between watched processes of one machine: the longest known is forgotten.
const limit = 65536;

/** newClientRequests makes an empty table. */
export function newClientRequests(): ClientRequests {
  // Both ports in one number name a connection on one machine nearly always; the addresses decide.
  const table = new Map<number, Sent>();
  return {
    sent(client) {
      const key = client.localPort * 65536 + client.peerPort;
      let entry = table.get(key);
      if (entry === undefined) {
        if (table.size >= limit) {
          for (const oldest of table.keys()) {
            table.delete(oldest);
            break;
          }
        }
        entry = { ids: new Uint8Array(24), addresses: new Uint8Array(2 * addressSize), claimed: false, threshold: 0 };
        table.set(key, entry);
      }
      entry.ids.set(client.ids.subarray(idLayout.trace, idLayout.span + 8));
      entry.addresses.set(client.addresses);
      entry.claimed = false;
      entry.threshold = client.threshold;
    },
    claim(server) {
      if (table.size === 0) return false;
      const entry = table.get(server.peerPort * 65536 + server.localPort);
      if (entry === undefined || entry.claimed || !crossed(entry.addresses, server.addresses)) return false;
      entry.claimed = true;
      server.ids.set(entry.ids.subarray(0, 16), idLayout.trace);
      server.ids.set(entry.ids.subarray(16, 24), idLayout.parent);
      server.threshold = entry.threshold;
      return true;
    },
  };
}

/** crossed says whether one end's local address is the other end's peer address, both ways. */
function crossed(one: Uint8Array, other: Uint8Array): boolean {
  for (let i = 0; i < addressSize; i++) {
    if (one[i] !== other[addressSize + i] || one[addressSize + i] !== other[i]) return false;
  }
  return true;
}
