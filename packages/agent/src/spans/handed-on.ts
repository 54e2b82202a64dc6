import { idLayout } from "./ids.js";
import type { Stream } from "./stream.js";

/** Held is a message that a goroutine took. */
export interface Held {
  readonly startNs: number;
  /** stream is what it is told by, until that is over. */
  stream: Stream | undefined;
  /** ids are valid once the stream is identified. */
  ids: Uint8Array;
}

/** HandedOn knows who took messages that other goroutines of the same process take later: one that receives for a pool of workers. */
export interface HandedOn {
  /** take notes who took a message, and who had the same object before. */
  take(stream: Stream): void;
}

// Messages that wait in a channel for their workers, some 300 bytes each.
const limit = 2048;

/** newHandedOn makes one that knows none. */
export function newHandedOn(): HandedOn {
  const known = new Map<string, Held>();
  return {
    take(stream) {
      const { tgid, object, streamId, offset, path, startNs } = stream;
      const key = `${tgid} ${object} ${streamId} ${offset} ${path}`;
      const before = known.get(key);
      // What was told late is no other's.
      if (before !== undefined && before.startNs >= startNs) return;
      stream.before = before;
      stream.held = { startNs, stream, ids: stream.ids };
      const [oldest] = known.keys();
      if (before === undefined && known.size >= limit && oldest !== undefined) known.delete(oldest);
      known.set(key, stream.held);
    },
  };
}

/** joinHolder makes a message the child of the span of who had it before, which is identified, unless its own headers say another trace. */
export function joinHolder(stream: Stream, { ids }: Held): void {
  const isBound = stream.hasParent || stream.named;
  for (let at = idLayout.trace; isBound && at < idLayout.trace + 16; at++)
    if (ids[at] !== stream.ids[at]) return;
  stream.ids.set(ids.subarray(idLayout.trace, idLayout.trace + 16), idLayout.trace);
  stream.ids.set(ids.subarray(idLayout.span, idLayout.span + 8), idLayout.parent);
  stream.hasParent = true;
  stream.remoteParent = false;
}

/** release ends what is known of a message by its stream, which is used again. */
export function release(stream: Stream, held: Held): void {
  held.ids = stream.ids.slice();
  held.stream = undefined;
}
