import { networkInterfaces } from "node:os";
import type { Observed, Registry } from "../discovery/registry.js";
import { encodeResource } from "../spans/resource.js";
import type { TcpParty } from "./tcp-log.js";

/** TcpParties names the processes at the ends of connections. */
export interface TcpParties {
  ownerOf(tgid: number, comm: string, listeningPort: number, network: number): TcpParty | undefined;
  peerOf(address: string, port: number, network: number): TcpParty | undefined;
}

// Names of processes that were gone before anybody could look; bounded, since a machine makes new ones for ever.
const goneLimit = 1024;

/** newTcpParties answers from the registry; `own` processes and Go3s' other parts have no connections to tell. */
export function newTcpParties(registry: Registry, own: readonly number[]): TcpParties {
  const gone = new Map<string, TcpParty>();
  const local = localAddresses();

  const partyOf = (process: Observed): TcpParty | undefined => {
    if (process.reason === "part of Go3s" || own.includes(process.facts.pid)) return undefined;
    return {
      pid: process.facts.pid,
      serviceName: process.identity.serviceName,
      resource: process.spans.resource,
    };
  };

  const byName = (comm: string): TcpParty => {
    const name = comm === "" ? "unknown" : comm;
    let party = gone.get(name);
    if (party === undefined) {
      if (gone.size >= goneLimit) gone.clear();
      const attributes = new Map([["service.name", name]]);
      party = { pid: 0, serviceName: name, resource: encodeResource({ serviceName: name, attributes }) };
      gone.set(name, party);
    }
    return party;
  };

  return {
    ownerOf(tgid, comm, listeningPort, network) {
      if (tgid > 0) {
        if (registry.lastKnown(tgid) === undefined) registry.started(tgid);
        const process = registry.lastKnown(tgid);
        if (process !== undefined && listeningPort > 0) registry.listens(listeningPort, network, tgid);
        return process === undefined ? byName(comm) : partyOf(process);
      }
      const listener = listeningPort > 0 ? registry.listening(listeningPort, network) : undefined;
      return listener === undefined ? byName(comm) : partyOf(listener);
    },
    peerOf(address, port, network) {
      const isLoopback = address.startsWith("127.") || address === "::1";
      if (!isLoopback && !local.has(address)) return undefined;
      // Each network has its own loopback; our other addresses are in ours, whoever asks for them.
      const listener = registry.listening(port, isLoopback ? network : 0);
      return listener === undefined ? undefined : partyOf(listener);
    },
  };
}

function localAddresses(): Set<string> {
  const found = new Set(["::1"]);
  for (const addresses of Object.values(networkInterfaces()))
    for (const each of addresses ?? []) found.add(each.address);
  return found;
}
