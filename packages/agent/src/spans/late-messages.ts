import type { Stream } from "./stream.js";

/** LateMessages holds messages that are done with before their producer was answered: only that answer says who sent them. */
export interface LateMessages {
  /** hold keeps a message that is over; false when there is no need to, or no room. */
  hold(stream: Stream): boolean;
  /** sweep tells those whose sender is known by now, or that were held long enough; `nowNs` is CLOCK_MONOTONIC. */
  sweep(nowNs: number): void;
}

/** LateMessagesOptions are what they need from around them. */
export interface LateMessagesOptions {
  /** isWaiting says that a message's sender is not known, but may be yet. */
  readonly isWaiting: (stream: Stream) => boolean;
  readonly tell: (stream: Stream) => void;
}

// As polls wait (wires/late-polls.ts).
const patienceNs = 200_000_000;
const limit = 4096;

/** newLateMessages makes one that holds nothing. */
export function newLateMessages({ isWaiting, tell }: LateMessagesOptions): LateMessages {
  let held: Stream[] = [];
  const kept = new Set<Stream>();
  /** waits: who was handed a message waits for who had it before. */
  const waits = (stream: Stream): boolean => {
    const { before } = stream;
    return before === undefined ? isWaiting(stream) : before.stream !== undefined && kept.has(before.stream);
  };
  return {
    hold(stream) {
      if (!waits(stream) || held.length >= limit) return false;
      held.push(stream);
      kept.add(stream);
      return true;
    },
    sweep(nowNs) {
      if (held.length === 0) return;
      const due = held;
      held = [];
      for (const stream of due) {
        if (waits(stream) && nowNs - stream.endNs < patienceNs) {
          held.push(stream);
          continue;
        }
        kept.delete(stream);
        tell(stream);
      }
    },
  };
}
