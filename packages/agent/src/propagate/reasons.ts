import { type BpfMap, u32Bytes } from "@go3s/bpf";

/**
 * insertionOutcomes are the rows of the probes' map `insertions`, in the order of the constants in probes/propagate.go3s:
 * what became of each request that a watched process began to send.
 */
export const insertionOutcomes = [
  /** It went out with our traceparent. */
  "inserted",
  /** It had one. By HTTP/2 nothing is put in any more on a connection that has had one, or that could not be followed. */
  "present",
  /** The write ended before the head did, or the frame that has it. */
  "head-in-pieces",
  /** The head goes on beyond 4096 bytes, or in another frame. */
  "head-too-long",
  /** Where requests begin on this connection is not known (yet). */
  "unknown-position",
  /** It follows another on the connection that has not been answered. */
  "pipelined",
  /** Bytes of an earlier send wait in the socket, its send buffer is tiny, or it encrypts. */
  "socket-busy",
  /** The head is not as RFC 9112 asks for: bare line feeds, folded lines, two lengths. By HTTP/2: it is padded. */
  "odd-head",
  /** It is sent for a request whose own trace is not known, since its head was too long to be looked at; by HTTP/2, its call is not known, or nobody reads the connection. */
  "unknown-parent",
  /** The kernel had no memory for it, or so much waits for the agent that the request's bytes may not be told. */
  "no-memory",
  /** Its connection is one whose program waits in its reads, which the kernel does not bear in a map of sockets (5.15 to 6.18 at least). */
  "blocking-socket",
] as const;

/** InsertionOutcome is one of insertionOutcomes. */
export type InsertionOutcome = (typeof insertionOutcomes)[number];

/** InsertionCounts counts requests by what became of them; outcomes that did not happen are left out. */
export type InsertionCounts = Readonly<Partial<Record<InsertionOutcome, number>>>;

/** insertionCounts sums each outcome over the processors. */
export function insertionCounts(insertions: BpfMap): InsertionCounts {
  const counts: Partial<Record<InsertionOutcome, number>> = {};
  insertionOutcomes.forEach((outcome, index) => {
    const values = insertions.lookup(u32Bytes(index));
    if (values === undefined) return;
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
    let sum = 0;
    for (let at = 0; at < values.length; at += 8) sum += Number(view.getBigUint64(at, true));
    if (sum > 0) counts[outcome] = sum;
  });
  return counts;
}
