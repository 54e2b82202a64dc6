import { addressSize, familyUnix } from "../events/layout.js";
import type { Exchange } from "./exchange.js";
import { idLayout } from "./ids.js";
import { newRecent } from "./recent.js";

/**
 * ClientRequests remembers the last requests that each client connection of this machine sent, so that the server side of
 * the same connection finds its parent without any header: both sides know TCP's number of the request's first byte, or by a Unix socket
 * a number of its own. A request is claimed once; a server's that matches none stays a root.
 */
export interface ClientRequests {
  /** sent notes a client's request; its ids are set already. */
  sent(client: Exchange): void;
  /** claim copies trace id and parent span id into a server's exchange, or that it is not told; false when no request waits there. */
  claim(server: Exchange): boolean;
}

/** Met is a client's request by a Unix socket. */
interface Met {
  /** Trace id and span id, one behind the other. */
  readonly ids: Uint8Array;
  readonly threshold: number;
  readonly untold: boolean;
}

interface Sent {
  /** The client's local address, then its peer's. */
  readonly addresses: Uint8Array;
  /** Trace id and span id of the clients' spans, one behind the other. */
  readonly ids: Uint8Array;
  /** The sequence numbers of the requests, -1 for a place whose request is claimed or that is empty. */
  readonly sequences: number[];
  readonly thresholds: number[];
  readonly untold: boolean[];
  next: number;
}

// Connections between watched processes of one machine in a generation; two are known. A request is claimed as soon as both sides'
// records are read, so those of connections that closed long ago need not be kept: 65,536 of them took 50 MB.
const generation = { limit: 4096, ms: 60_000 } as const;
// A handler may go on after its answer has gone out whole, and the client sends its next request meanwhile.
const kept = 4;
const idsLength = 24;

/** newClientRequests makes an empty table. */
export function newClientRequests(): ClientRequests {
  // Both ports in one number name a connection on one machine nearly always; the addresses decide.
  const connections = newRecent<Sent>(generation);

  const byUnix = newRecent<Met>({ limit: 8192, ms: generation.ms });

  const entryOf = (key: number): Sent => {
    const known = connections.use(key);
    if (known !== undefined) return known;
    const entry: Sent = {
      addresses: new Uint8Array(2 * addressSize),
      ids: new Uint8Array(kept * idsLength),
      sequences: new Array<number>(kept).fill(-1),
      thresholds: new Array<number>(kept).fill(0),
      untold: new Array<boolean>(kept).fill(false),
      next: 0,
    };
    connections.set(key, entry);
    return entry;
  };

  return {
    sent(client) {
      if (client.family === familyUnix) {
        if (client.sequence !== 0)
          byUnix.set(client.sequence, {
            ids: client.ids.slice(idLayout.trace, idLayout.trace + idsLength),
            threshold: client.threshold,
            untold: client.untold,
          });
        return;
      }
      const entry = entryOf(client.localPort * 65536 + client.peerPort);
      // Ports come again with other ends.
      if (!same(entry.addresses, client.addresses)) {
        entry.sequences.fill(-1);
        entry.addresses.set(client.addresses);
      }
      const at = entry.next;
      entry.next = (at + 1) % kept;
      entry.sequences[at] = client.sequence;
      entry.thresholds[at] = client.threshold;
      entry.untold[at] = client.untold;
      for (let i = 0; i < idsLength; i++) entry.ids[at * idsLength + i] = client.ids[idLayout.trace + i] ?? 0;
    },
    claim(server) {
      if (server.family === familyUnix) {
        const met = byUnix.get(server.sequence);
        if (met === undefined) return false;
        byUnix.delete(server.sequence);
        server.ids.set(met.ids.subarray(0, 16), idLayout.trace);
        server.ids.set(met.ids.subarray(16), idLayout.parent);
        server.threshold = met.threshold;
        server.untold = met.untold;
        return true;
      }
      if (connections.size() === 0) return false;
      const key = server.peerPort * 65536 + server.localPort;
      const entry = connections.get(key);
      if (entry === undefined || !crossed(entry.addresses, server.addresses)) return false;
      const at = entry.sequences.indexOf(server.sequence);
      if (at < 0) return false;
      entry.sequences[at] = -1;
      const from = at * idsLength;
      for (let i = 0; i < 16; i++) server.ids[idLayout.trace + i] = entry.ids[from + i];
      for (let i = 0; i < 8; i++) server.ids[idLayout.parent + i] = entry.ids[from + 16 + i];
      server.threshold = entry.thresholds[at] ?? 0;
      server.untold = entry.untold[at] === true;
      return true;
    },
  };
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/** crossed says whether one end's local address is the other end's peer address, both ways. */
function crossed(one: Uint8Array, other: Uint8Array): boolean {
  for (let i = 0; i < addressSize; i++) {
    if (one[i] !== other[addressSize + i] || one[addressSize + i] !== other[i]) return false;
  }
  return true;
}
