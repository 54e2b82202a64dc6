// The answers about what talks to what: types only, as types.ts.
import type { NanoText, Range, Red } from "./answer-types.js";

/** MapNodeKind: what a node is. "process": seen only by TCP; "external": an address outside; the rest by semantic names. */
export type MapNodeKind = "service" | "process" | "external" | "database" | "messaging";

/** MapAnswer is GET map. Node ids are stable between refreshes (kind and name). */
export interface MapAnswer {
  readonly range: Range;
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
  readonly last_seen_ms: number | null;
}

/** MapNode is a part of the system; its numbers are of what it was asked. */
export interface MapNode extends Red {
  readonly id: string;
  readonly name: string;
  readonly kind: MapNodeKind;
}

/** MapEdge is calls (source "spans": client to server spans) or connections (source "tcp": tcp.* events) from one node to another. */
export interface MapEdge extends Red {
  readonly from: string;
  readonly to: string;
  readonly source: "spans" | "tcp";
  /** For "tcp", requests are connections opened or refused, durations their connect times, bytes those of connections closed. */
  readonly bytes_sent: number;
  readonly bytes_received: number;
}

/** TcpAnswer is GET tcp: recent connections, newest first. */
export interface TcpAnswer {
  readonly range: Range;
  readonly connections: readonly TcpRow[];
  readonly more: boolean;
}

/** TcpRow is a connection as an agent saw it open, or close with what it had carried; null is what the event did not tell. */
export interface TcpRow {
  readonly timestamp_ns: NanoText;
  readonly event: "tcp.connect" | "tcp.close";
  readonly service_name: string;
  readonly pid: number;
  readonly role: "client" | "server" | "";
  readonly network_type: "ipv4" | "ipv6" | "";
  readonly local: string;
  readonly peer: string;
  readonly peer_service: string;
  readonly connect_ns: number | null;
  readonly duration_ns: number | null;
  readonly bytes_sent: number | null;
  readonly bytes_received: number | null;
  readonly error_type: string;
}
