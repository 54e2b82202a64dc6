/** PeerNames knows the names that processes asked DNS for, by the addresses that they were answered. */
export interface PeerNames {
  /** answered notes what a process was told. */
  answered(tgid: number, name: string, addresses: readonly string[]): void;
  /** of gives the name that a process asked for to find an address; "" for none. An address of several has the last one. */
  of(tgid: number, address: string): string;
}

// Crawlers and resolvers ask for ever.
const limit = 8192;

/** newPeerNames knows none. */
export function newPeerNames(): PeerNames {
  const names = new Map<string, string>();
  return {
    answered(tgid, name, addresses) {
      for (const address of addresses) {
        const key = `${tgid} ${address}`;
        // What is asked for again goes to the end.
        names.delete(key);
        names.set(key, name);
      }
      for (const key of names.keys()) {
        if (names.size <= limit) break;
        names.delete(key);
      }
    },
    of: (tgid, address) => names.get(`${tgid} ${address}`) ?? "",
  };
}
