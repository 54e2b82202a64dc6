import { fillRandom } from "../spans/ids.js";
import { newRecent } from "../spans/recent.js";

/** Joins lets the server's side of a request on this machine find its client's span without any header. */
export interface Joins {
  /** sent gives trace id (16 bytes) and span id (8) of the request that a client's write begins with; the trace is made when there is none. */
  sent(clientPort: number, serverPort: number, sequence: number, trace: Uint8Array | undefined): Uint8Array;
  /** find gives those of the request that begins at this place of the connection. */
  find(clientPort: number, serverPort: number, sequence: number): Uint8Array | undefined;
  /** leaveOut notes that the request which begins at a place is not told; isLeftOut says so. */
  leaveOut(clientPort: number, serverPort: number, sequence: number): void;
  isLeftOut(clientPort: number, serverPort: number, sequence: number): boolean;
  /** isAsked says whether a server's side has looked for its client's requests on this connection. */
  isAsked(clientPort: number, serverPort: number): boolean;
}

interface Joint {
  readonly serverPort: number;
  readonly ids: Uint8Array;
  isLeftOut: boolean;
}

// Requests between a client's write and the server's answer: as many as are open at once on this machine.
const generation = { limit: 8192, ms: 60_000 } as const;

/**
 * newJoins makes an empty table. TCP's sequence numbers begin at random for each connection, so that number and ports
 * name a byte between two sockets of one machine, through address translation as well. Unix sockets have no ports, and a number that the probes
 * make for what is written and read.
 */
export function newJoins(): Joins {
  const joints = newRecent<Joint>(generation);
  // Connections whose client is observed: there a write's record can only be late, not missing.
  const observed = new Set<number>();
  const asked = new Set<number>();
  const keyOf = (clientPort: number, sequence: number): number => sequence * 65536 + clientPort;

  const at = (clientPort: number, serverPort: number, sequence: number): Joint | undefined => {
    const found = joints.get(keyOf(clientPort, sequence));
    return found?.serverPort === serverPort ? found : undefined;
  };
  const get = (clientPort: number, serverPort: number, sequence: number): Uint8Array | undefined =>
    at(clientPort, serverPort, sequence)?.ids;
  const add = (clientPort: number, serverPort: number, sequence: number): Uint8Array => {
    const joint = { serverPort, ids: new Uint8Array(24), isLeftOut: false };
    fillRandom(joint.ids, 0, 16);
    fillRandom(joint.ids, 16, 8);
    joints.set(keyOf(clientPort, sequence), joint);
    return joint.ids;
  };

  return {
    sent(clientPort, serverPort, sequence, trace) {
      const told = get(clientPort, serverPort, sequence);
      if (told !== undefined) return told;
      if (observed.size >= generation.limit) observed.clear();
      observed.add(clientPort * 65536 + serverPort);
      const ids = add(clientPort, serverPort, sequence);
      if (trace !== undefined) ids.set(trace);
      return ids;
    },
    find(clientPort, serverPort, sequence) {
      const ports = clientPort * 65536 + serverPort;
      if (asked.size >= generation.limit) asked.clear();
      asked.add(ports);
      if (!observed.has(ports)) return undefined;
      // A server may have answered before its client's write has returned, which is when that is told.
      return get(clientPort, serverPort, sequence) ?? add(clientPort, serverPort, sequence);
    },
    leaveOut(clientPort, serverPort, sequence) {
      const joint = at(clientPort, serverPort, sequence);
      if (joint !== undefined) joint.isLeftOut = true;
    },
    isLeftOut: (clientPort, serverPort, sequence) => at(clientPort, serverPort, sequence)?.isLeftOut === true,
    isAsked: (clientPort, serverPort) => asked.has(clientPort * 65536 + serverPort),
  };
}
