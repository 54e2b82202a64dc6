import type { Sender } from "../spans/calls.js";
import { idLayout } from "../spans/ids.js";

/** Origin is one write of a client: where its requests come from. */
export interface Origin {
  ns: number;
  goid: number;
  /** The thread that has read or written it. */
  tid: number;
  /** TCP's number of its first byte, by a Unix socket one that both ends know; -1 once a request has it, or where there is none. */
  sequence: number;
  hasParent: boolean;
  /** sender is the call that has sent the messages of this write: its parent. */
  readonly sender?: Sender;
  /** joint has the ids by which the server's side finds the first request of this write; see Joins. */
  joint: Uint8Array | undefined;
  /** inCall: the goroutine was in a library's call that is told by itself; see WiresOptions. */
  inCall: boolean;
  /** untold: it was written for a request that sampling leaves out. */
  untold: boolean;
  /** answered says that a request of this write has been told. */
  answered: boolean;
  /** Ids as idLayout has them: the parent's trace and span. */
  readonly ids: Uint8Array;
}

/** Origins remembers a connection's last writes, since a request is told when its answer is whole. */
export interface Origins {
  /** next gives the place of another write, mostly one that was answered before. */
  next(): Origin;
  /** find gives the write that was done at `ns`, one of whose requests is told. */
  find(ns: number): Origin | undefined;
  /** at gives it while none is told yet. */
  at(ns: number): Origin | undefined;
}

// Writes of one client that wait for their answers; pipelining and multiplexing clients have dozens.
const limit = 64;

/** newOrigins makes an empty one, which grows with what waits. */
export function newOrigins(): Origins {
  const all: Origin[] = [];
  let at = 0;
  // For every exchange: a loop, no closure.
  const doneAt = (ns: number): Origin | undefined => {
    for (const origin of all) if (origin.ns === ns) return origin;
    return undefined;
  };
  return {
    next() {
      const origin = all[at];
      if (origin === undefined || (all.length < limit && !origin.answered)) {
        const fresh: Origin = {
          ns: 0,
          goid: 0,
          tid: 0,
          sequence: -1,
          hasParent: false,
          joint: undefined,
          inCall: false,
          untold: false,
          answered: false,
          ids: new Uint8Array(idLayout.size),
        };
        all.push(fresh);
        return fresh;
      }
      at = (at + 1) % all.length;
      return origin;
    },
    find(ns) {
      const found = doneAt(ns);
      if (found !== undefined) found.answered = true;
      return found;
    },
    at: doneAt,
  };
}
