import type { ConnectionSlot, Exchange } from "./exchange.js";

/** ConnectionSlots finds the place of a connection by its ports and side. */
export interface ConnectionSlots {
  slotOf(exchange: Exchange): ConnectionSlot;
}

// Slots stay when their exchange ends, since the next request comes on the same connection: setting and deleting an entry
// per request was a tenth of the agent's time. When there are this many, the idle ones go.
const limit = 65536;

/** newConnectionSlots makes an empty table. */
export function newConnectionSlots(): ConnectionSlots {
  const sides = [new Map<number, ConnectionSlot>(), new Map<number, ConnectionSlot>()] as const;
  return {
    slotOf({ role, localPort, peerPort }) {
      const slots = sides[role];
      // A 32-bit integer, which a Map finds without boxing it.
      const key = (localPort << 16) | peerPort;
      let slot = slots.get(key);
      if (slot === undefined) {
        if (slots.size >= limit) removeIdle(slots);
        slot = { exchange: undefined, template: undefined, answer: undefined };
        slots.set(key, slot);
      }
      return slot;
    },
  };
}

function removeIdle(slots: Map<number, ConnectionSlot>): void {
  for (const [key, slot] of slots) if (slot.exchange === undefined) slots.delete(key);
}
