import type { AgainEvent } from "../events/event.js";
import { addressSize } from "../events/layout.js";
import { appendHead, type ConnectionSlot, type Exchange, type ExchangePool } from "./exchange.js";

/**
 * Originals are finished exchanges that their connection's next ones may repeat to the byte: the probes tell of such a one only when it
 * was and which one it repeats (probes/repeat.go3s). The slot of the connection keeps the last exchange that was told whole.
 */

/** keepOriginal keeps a finished exchange in its slot, in place of the one before. */
export function keepOriginal(slot: ConnectionSlot, exchange: Exchange, pool: ExchangePool): void {
  if (slot.original !== undefined) pool.give(slot.original);
  slot.original = exchange;
  slot.originalNumber = exchange.number;
  slot.matches = false;
}

/** becomeRepeat makes the original its own repetition: all it was stays, but for its number, its times and its place in a trace. */
export function becomeRepeat(original: Exchange, event: AgainEvent): void {
  original.number = event.exchange;
  original.startNs = event.ns;
  original.endNs = event.endNs;
  original.sequence = event.sequence;
  original.handlerEnded = false;
  original.identified = false;
  original.hasParent = false;
  original.remoteParent = false;
  original.untold = false;
  original.threshold = 0;
}

/** copyRequest fills a fresh exchange with the original's request. */
export function copyRequest(original: Exchange, event: AgainEvent, into: Exchange): void {
  into.number = event.exchange;
  into.startNs = event.ns;
  into.sequence = event.sequence;
  into.role = original.role;
  into.tgid = original.tgid;
  into.goid = original.goid;
  into.family = original.family;
  into.localPort = original.localPort;
  into.peerPort = original.peerPort;
  into.requestBytes = original.requestBytes;
  into.secure = original.secure;
  for (let i = 0; i < 2 * addressSize; i++) into.addresses[i] = original.addresses[i] ?? 0;
  appendHead(into, original.head, 0, original.headLength);
}

/** copyAnswer gives an open exchange the original's answer. */
export function copyAnswer(original: Exchange, endNs: number, into: Exchange): void {
  into.endNs = endNs;
  into.responseStarted = true;
  into.responseDone = original.responseDone;
  into.status = original.status;
  into.responseContentLength = original.responseContentLength;
  into.responseChunked = original.responseChunked;
  into.responseHeadLength = original.responseHeadLength;
  into.responseBytes += original.responseBytes;
}
