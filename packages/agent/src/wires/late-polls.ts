import type { WireExchange } from "../protocols/wire.js";
import { idLayout } from "../spans/ids.js";
import type { Origin } from "./origins.js";
import type { Wire } from "./wire.js";
import type { WiresOptions } from "./wires.js";

/**
 * LatePolls holds what consumers were given until their producers were answered: a broker gives a message to who waits for it
 * before, or when, it tells its producer the offset.
 */
export interface LatePolls {
  /** hold keeps a client's exchange whose messages' origins are not all known yet; false when there is no need to. */
  hold(exchange: WireExchange, wire: Wire, origin: Origin | undefined): boolean;
  /** sweep tells what is known by now, or was held long enough; `nowNs` is CLOCK_MONOTONIC. */
  sweep(nowNs: number): void;
}

interface Held {
  readonly exchange: WireExchange;
  readonly wire: Wire;
  readonly origin: Origin | undefined;
}

// A producer's answer is read within milliseconds, and told in the order of the reads.
const patienceNs = 200_000_000;
// Batches that may wait: some hundred bytes each.
const limit = 4096;

/** newLatePolls makes one that holds nothing. */
export function newLatePolls(
  isKnown: (exchange: WireExchange, wire: Wire) => boolean,
  tell: WiresOptions["emit"],
): LatePolls {
  let held: Held[] = [];
  let batches = 0;
  return {
    hold(exchange, wire, origin) {
      const { length } = exchange.messages ?? [];
      if (length === 0 || wire.client !== 0 || batches + length > limit) return false;
      if (exchange.attributes["messaging.operation.type"] !== "receive") return false;
      if (isKnown(exchange, wire)) return false;
      batches += length;
      held.push({ exchange, wire, origin: origin && kept(origin) });
      return true;
    },
    sweep(nowNs) {
      if (held.length === 0) return;
      const due = held;
      held = [];
      for (const each of due) {
        const { exchange, wire, origin } = each;
        if (nowNs - exchange.endNs < patienceNs && !isKnown(exchange, wire)) {
          held.push(each);
          continue;
        }
        batches -= exchange.messages?.length ?? 0;
        tell(exchange, wire, origin);
      }
    },
  };
}

/** kept copies the write that an exchange began with, whose place is for the next one's. */
function kept(origin: Origin): Origin {
  const ids = new Uint8Array(idLayout.size);
  ids.set(origin.ids);
  const copy = { ...origin, ids, joint: origin.joint?.slice() };
  origin.joint = undefined;
  return copy;
}
