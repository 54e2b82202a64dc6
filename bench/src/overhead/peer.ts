import type { Watcher } from "../measure/agent-alone.js";

/** Peer observes a Go service in place of ours. */
export interface Peer {
  readonly title: string;
  /** start observes a process and waits until the peer says that it does. */
  start(pid: number): Promise<Watcher>;
}
