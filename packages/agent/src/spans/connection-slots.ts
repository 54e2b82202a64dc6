import type { Role } from "../events/layout.js";
import type { ConnectionSlot, Exchange } from "./exchange.js";

/** ConnectionSlots finds the place of a connection by its ports and side. */
export interface ConnectionSlots {
  slotOf(exchange: Exchange): ConnectionSlot;
  /** find gives the place of a connection that has one; `ports` holds the local port in its upper 16 bits, the peer's in its lower. */
  find(role: Role, ports: number): ConnectionSlot | undefined;
  /** sweep lets go of connections that were silent for half a minute or longer; `nowNs` is CLOCK_MONOTONIC. */
  sweep(nowNs: number): void;
}

// Slots stay when their exchange ends, since the next request comes on the same connection: setting and deleting an entry
// per request was a tenth of the agent's time. Which connections have closed nobody says, so slots live for one to two
// generations behind their last request: where clients come and go, each was kept until there were 65,536, with 5 KB.
const generationNs = 30_000_000_000;
const generationSize = 16_384;

/** newConnectionSlots makes an empty table. */
export function newConnectionSlots(): ConnectionSlots {
  const sides = [newGenerations(), newGenerations()] as const;
  let sinceNs = 0;
  const find = (role: Role, key: number): ConnectionSlot | undefined => {
    const side = sides[role];
    const young = side.young.get(key);
    if (young !== undefined) return young;
    const old = side.old.get(key);
    if (old !== undefined) add(side, key, old);
    return old;
  };
  return {
    find,
    slotOf({ role, localPort, peerPort }) {
      // A 32-bit integer, which a Map finds without boxing it.
      const key = (localPort << 16) | peerPort;
      return find(role, key) ?? add(sides[role], key, newSlot());
    },
    sweep(nowNs) {
      if (nowNs - sinceNs < generationNs) return;
      sinceNs = nowNs;
      for (const side of sides) next(side);
    },
  };
}

interface Generations {
  young: Map<number, ConnectionSlot>;
  old: Map<number, ConnectionSlot>;
}

const newSlot = (): ConnectionSlot => ({
  exchange: undefined,
  requests: 0,
  template: undefined,
  answer: undefined,
  original: undefined,
  originalNumber: 0,
  matches: false,
  last: 0,
});

function add(side: Generations, key: number, slot: ConnectionSlot): ConnectionSlot {
  if (side.young.size >= generationSize) next(side);
  side.young.set(key, slot);
  return slot;
}

const newGenerations = (): Generations => ({ young: new Map(), old: new Map() });

/** next begins a generation; what is open stays, for its connection's next request ends it. */
function next(side: Generations): void {
  for (const [key, slot] of side.old)
    if (slot.exchange !== undefined && !side.young.has(key)) side.young.set(key, slot);
  side.old = side.young;
  side.young = new Map();
}
