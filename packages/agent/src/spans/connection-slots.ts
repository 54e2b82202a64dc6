import type { ConnectionSlot, Exchange } from "./exchange.js";

/** ConnectionSlots finds the place of a connection by its ports and side. */
export interface ConnectionSlots {
  slotOf(exchange: Exchange): ConnectionSlot;
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
  return {
    slotOf({ role, localPort, peerPort }) {
      const side = sides[role];
      // A 32-bit integer, which a Map finds without boxing it.
      const key = (localPort << 16) | peerPort;
      let slot = side.young.get(key);
      if (slot === undefined) {
        slot = side.old.get(key) ?? {
          exchange: undefined,
          requests: 0,
          template: undefined,
          answer: undefined,
        };
        if (side.young.size >= generationSize) next(side);
        side.young.set(key, slot);
      }
      return slot;
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

const newGenerations = (): Generations => ({ young: new Map(), old: new Map() });

/** next begins a generation; what is open stays, for its connection's next request ends it. */
function next(side: Generations): void {
  for (const [key, slot] of side.old)
    if (slot.exchange !== undefined && !side.young.has(key)) side.young.set(key, slot);
  side.old = side.young;
  side.young = new Map();
}
