import { ownNetwork, type ProcessFacts, type ProcSource, socketInodes } from "./proc.js";
import { listeningInodes } from "./sockets.js";

/** Listeners know who listens on the ports of each network namespace: containers have the same ones. */
export interface Listeners {
  /** at finds the process that listens on a port, of this process's own namespace where `network` is 0. */
  at(port: number, network: number): number | undefined;
  /** note keeps that a process accepted a connection on a port. */
  note(port: number, network: number, pid: number): void;
  forget(pid: number): void;
}

/** Process is what must be known of one that may listen. */
type Process = Pick<ProcessFacts, "pid" | "network">;

const readEveryMs = 2000;
const nobodyMs = 30_000;
const nobodyLimit = 4096;

/** newListeners knows of none yet; `known` gives the processes among which they are looked for. */
export function newListeners(proc: ProcSource, known: () => Iterable<Process>): Listeners {
  const own = ownNetwork(proc);
  const pids = new Map<number, number>();
  const nobody = new Map<number, number>();
  let readAt = 0;
  const keyOf = (port: number, network: number): number => (network || own) * 65536 + port;

  const read = (): void => {
    const byInode = new Map<number, number>();
    const seen = new Set<number>();
    for (const { pid, network } of known()) {
      if (seen.has(network)) continue;
      seen.add(network);
      for (const [inode, port] of listeningInodes(pid, proc)) byInode.set(inode, keyOf(port, network));
    }
    if (byInode.size === 0) return;
    for (const { pid } of known()) {
      for (const inode of socketInodes(pid, proc).values()) {
        const key = byInode.get(inode);
        if (key !== undefined) pids.set(key, pid);
      }
    }
  };

  return {
    at(port, network) {
      const key = keyOf(port, network);
      const pid = pids.get(key);
      if (pid !== undefined) return pid;
      // Reading every process's descriptors is dear, and a port that nobody listens on stays so for a while.
      const now = Date.now();
      if (now < (nobody.get(key) ?? 0) || now - readAt < readEveryMs) return undefined;
      readAt = now;
      read();
      const found = pids.get(key);
      if (found === undefined) {
        if (nobody.size > nobodyLimit) nobody.clear();
        nobody.set(key, now + nobodyMs);
      }
      return found;
    },
    note: (port, network, pid) => void pids.set(keyOf(port, network), pid),
    forget(pid) {
      for (const [key, listener] of pids) if (listener === pid) pids.delete(key);
    },
  };
}
