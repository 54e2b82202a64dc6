/** PeerNames knows the names that processes asked DNS for, by the addresses that they were answered. */
export interface PeerNames {
  /** answered notes what a process was told. */
  answered(tgid: number, name: string, addresses: readonly string[]): void;
  /** of gives the name that a process asked for to find an address; "" for none. An address of several has the last one. */
  of(tgid: number, address: string): string;
  /** exited hears of a process's end: its connections are still told for a while. */
  exited(tgid: number): void;
  /** tick forgets processes that ended some seconds ago; call it once a second. */
  tick(): void;
}

// Crawlers and resolvers ask for ever.
const limit = 8192;
// A process's sockets are closed after its end is told, and the other side may take its time.
const ticksKept = 10;

/** newPeerNames knows none. */
export function newPeerNames(): PeerNames {
  /** processes have names by address. Who, and what, was answered last comes last. */
  const processes = new Map<number, Map<string, string>>();
  /** ended counts the ticks since a process ended. */
  const ended = new Map<number, number>();
  let size = 0;

  const forget = (tgid: number): void => {
    size -= processes.get(tgid)?.size ?? 0;
    processes.delete(tgid);
    ended.delete(tgid);
  };
  /** makeRoom forgets the oldest names of who has asked the longest ago. */
  const makeRoom = (): void => {
    for (const [tgid, names] of processes) {
      for (const address of names.keys()) {
        if (size <= limit) return;
        names.delete(address);
        size--;
      }
      forget(tgid);
    }
  };

  return {
    answered(tgid, name, addresses) {
      // A number that is another process's now has none of the old one's names.
      if (ended.has(tgid)) forget(tgid);
      const names = processes.get(tgid) ?? new Map<string, string>();
      processes.delete(tgid);
      processes.set(tgid, names);
      for (const address of addresses) {
        if (!names.delete(address)) size++;
        names.set(address, name);
      }
      makeRoom();
    },
    of: (tgid, address) => processes.get(tgid)?.get(address) ?? "",
    exited(tgid) {
      if (processes.has(tgid)) ended.set(tgid, 0);
    },
    tick() {
      for (const [tgid, ticks] of ended) {
        if (ticks >= ticksKept) forget(tgid);
        else ended.set(tgid, ticks + 1);
      }
    },
  };
}
