import { familyUnix, type Role } from "../events/layout.js";
import type { ConnectionSlot, Exchange } from "./exchange.js";

/** ConnectionSlots finds the place of a connection by its ports and side; a Unix socket's by where it lies in the kernel. */
export interface ConnectionSlots {
  slotOf(exchange: Exchange): ConnectionSlot;
  /** find gives the place of a process's connection that has one; `ports` holds the local port in its upper 16 bits, the peer's in its lower. */
  find(role: Role, ports: number, tgid: number): ConnectionSlot | undefined;
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
  /** first gives the newest of the slots with these ports. */
  const first = (side: Generations, key: number): ConnectionSlot | undefined => {
    const young = side.young.get(key);
    if (young !== undefined) return young;
    const old = side.old.get(key);
    if (old !== undefined) add(side, key, old);
    return old;
  };
  const find = (role: Role, key: number, tgid: number): ConnectionSlot | undefined => {
    let slot = first(sides[role], key);
    while (slot !== undefined && slot.tgid !== tgid) slot = slot.other;
    return slot;
  };
  return {
    find,
    slotOf({ role, localPort, peerPort, tgid, family, addresses }) {
      // A 32-bit integer, which a Map finds without boxing it.
      const key =
        family === familyUnix
          ? addresses[0] | (addresses[1] << 8) | (addresses[2] << 16) | (addresses[3] << 24)
          : (localPort << 16) | peerPort;
      const side = sides[role];
      return find(role, key, tgid) ?? add(side, key, newSlot(tgid, shortened(first(side, key))));
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

const newSlot = (tgid: number, other: ConnectionSlot | undefined): ConnectionSlot => ({
  tgid,
  other,
  exchange: undefined,
  path: "",
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

/** sharers is how many processes' connections may have the same ports at once. */
const sharers = 64;

/** shortened gives the slots with some ports for one more to stand in front of; none of so many that most must be long gone. */
function shortened(slot: ConnectionSlot | undefined): ConnectionSlot | undefined {
  let count = 0;
  for (let one = slot; one !== undefined; one = one.other) count++;
  return count < sharers ? slot : undefined;
}

/** isOpen says whether a connection with a slot's ports has an open exchange. */
function isOpen(slot: ConnectionSlot): boolean {
  for (let one: ConnectionSlot | undefined = slot; one !== undefined; one = one.other)
    if (one.exchange !== undefined) return true;
  return false;
}

/** next begins a generation; what is open stays, for its connection's next request ends it. */
function next(side: Generations): void {
  for (const [key, slot] of side.old) if (isOpen(slot) && !side.young.has(key)) side.young.set(key, slot);
  side.old = side.young;
  side.young = new Map();
}
