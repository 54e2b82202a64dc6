import { WireState } from "../events/layout.js";
import type { WireExchange } from "../protocols/wire.js";
import type { Joins } from "./joins.js";
import type { OpenWire } from "./wire.js";

/** BriefOptions are what is needed to have the kernel side keep a connection's bytes. */
export interface BriefOptions {
  readonly joins: Joins;
  /** tell says to the kernel side what becomes of a socket; `turn` tells one WireState.brief from the one before. */
  readonly tell: (connection: number, state: WireState, turn?: number) => void;
}

// So many exchanges in a row belong to calls until only what adds to calls is told (a query of a driver is one or two), and so many
// more until that is said again: another socket has the same place in the kernel's table.
const briefFrom = 4;
const briefEvery = 1024;

/**
 * heardCall lets the kernel side keep the bytes of a connection to PostgreSQL whose exchanges are calls': its answers' ends say
 * how many rows there were. A server's side that finds its client's span by the places of writes needs to hear of them all.
 */
export function heardCall(
  entry: OpenWire,
  { protocol, attributes, doubt }: WireExchange,
  { joins, tell }: BriefOptions,
): void {
  entry.inCalls++;
  const namespace = attributes["db.namespace"];
  if (typeof namespace === "string") entry.namespace = namespace;
  if (entry.inCalls % briefEvery !== briefFrom || protocol !== "postgresql" || doubt !== "") return;
  if (entry.client !== 0 || entry.secure !== 0 || entry.held !== undefined) return;
  if (entry.localPort !== 0 && joins.isAsked(entry.localPort, entry.peerPort)) return;
  entry.isBrief = true;
  entry.turn = (entry.turn % 255) + 1;
  tell(entry.number, WireState.brief, entry.turn);
}

/** calledBriefly hears of a call whose bytes were kept: they are told again where its server's side looks for them. */
export function calledBriefly(entry: OpenWire, { joins, tell }: BriefOptions): void {
  if (entry.localPort !== 0 && entry.isBrief && joins.isAsked(entry.localPort, entry.peerPort)) {
    entry.isBrief = false;
    tell(entry.number, WireState.read);
  }
}
