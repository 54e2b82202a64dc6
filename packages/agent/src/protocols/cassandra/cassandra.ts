import { type FrameFormat, framesFit, type Lane, newLane } from "../frames.js";
import type { Statement } from "../sql/statement.js";
import { latin1, u16 } from "../text.js";
import { newExchange, type Parser, type ParserOptions, type Protocol, type WireExchange } from "../wire.js";
import { readRequest, readResponse, type Session } from "./body.js";
import {
  envelopeHeader,
  envelopeLength,
  Opcode,
  requestNames,
  segmentHeader,
  segmentLength,
  segmentTrailer,
} from "./frame.js";

const keep = 8192;
// A segment has up to 128 KiB; of one that comes in pieces so much is waited for.
const keptSegment = 16384;
const openLimit = 4096;
const staleNs = 120_000_000_000;

/** cassandra reads CQL's protocol 3 to 5; compressed bodies are paired and timed, their text is unknown. */
export const cassandra: Protocol = {
  name: "cassandra",
  asks: (bytes, start, end, total, datagram) => (datagram ? 0 : looks(bytes, start, end, total, false)),
  answers: (bytes, start, end, total, datagram) => (datagram ? 0 : looks(bytes, start, end, total, true)),
  open: openCassandra,
};

function looks(bytes: Uint8Array, start: number, end: number, total: number, isResponse: boolean): number {
  const lengthOf = (b: Uint8Array, from: number, to: number): number =>
    envelopeLength(b, from, to, isResponse);
  const length = lengthOf(bytes, start, end);
  if (length > 0 && framesFit({ lengthOf }, bytes, start, end, total)) {
    // Small writes hold whole envelopes.
    if (length <= total) return 85;
    return total >= 1024 ? 60 : 0;
  }
  // Segments look the same in both directions but for what is in them.
  const segment = segmentLength(bytes, start, end);
  if (segment <= 0 || segment > total || start + segmentHeader + envelopeHeader > end) return 0;
  return lengthOf(bytes, start + segmentHeader, end) > 0 ? 95 : 0;
}

interface Asked {
  readonly exchange: WireExchange;
  readonly prepared: Statement | undefined;
}

function openCassandra(options: ParserOptions): Parser {
  const session: Session = { keyspace: "", statements: new Map() };
  const open = new Map<number, Asked>();
  let ending: Asked | undefined;
  let opaque = false;
  // Protocol 5 frames everything after the answer to STARTUP.
  let startup = 0;
  let segmented = false;

  const makeRoom = (ns: number): void => {
    for (const [id, { exchange }] of open) {
      if (open.size < openLimit && ns - exchange.startNs < staleNs) return;
      open.delete(id);
      exchange.doubt = "cut";
      options.emit(exchange);
    }
  };

  const ask = (bytes: Uint8Array, start: number, end: number, total: number, firstNs: number): void => {
    makeRoom(firstNs);
    const opcode = bytes[start + 4];
    const version = bytes[start];
    const exchange = newExchange("cassandra", firstNs);
    const { attributes } = exchange;
    exchange.requestBytes = total;
    const operation = requestNames.get(opcode) ?? "";
    exchange.name = operation;
    attributes["db.system.name"] = "cassandra";
    if (opcode !== Opcode.query && opcode !== Opcode.execute) attributes["db.operation.name"] = operation;
    if (session.keyspace !== "") attributes["db.namespace"] = session.keyspace;
    const body = Math.min(end, start + envelopeHeader);
    const prepared = readRequest(session, exchange, bytes, body, end, bytes[start + 1], opcode, version);
    if (opcode === Opcode.startup) {
      startup = version;
      // Compressed segments have another header, and nothing to read in them.
      if (version >= 5 && latin1(bytes, body, end).includes("COMPRESSION")) startup = -1;
    }
    open.set(u16(bytes, start + 2), { exchange, prepared });
  };

  const answer = (bytes: Uint8Array, start: number, end: number, total: number, firstNs: number): void => {
    const opcode = bytes[start + 4];
    const asked = open.get(u16(bytes, start + 2));
    if (startup !== 0 && (opcode === Opcode.ready || opcode === Opcode.authenticate)) {
      if (startup < 0) opaque = true;
      segmented = startup >= 5;
      startup = 0;
    }
    if (opcode === Opcode.event || asked === undefined) return;
    open.delete(u16(bytes, start + 2));
    const { exchange } = asked;
    exchange.doubt = "";
    exchange.firstByteNs = firstNs;
    exchange.responseBytes = total;
    const version = bytes[start] - 0x80;
    const body = Math.min(end, start + envelopeHeader);
    readResponse(session, exchange, asked.prepared, bytes, body, end, bytes[start + 1], opcode, version);
    ending = asked;
  };

  const format = (isResponse: boolean): FrameFormat => ({
    keep,
    lengthOf: (bytes, start, end) => envelopeLength(bytes, start, end, isResponse),
    frame: isResponse ? answer : ask,
    ended(ns) {
      if (!isResponse || ending === undefined) return;
      const { exchange } = ending;
      ending = undefined;
      exchange.endNs = ns;
      options.emit(exchange);
    },
    lost() {
      if (!isResponse) return;
      if (ending !== undefined) {
        ending.exchange.doubt = "cut";
        options.emit(ending.exchange);
      }
      ending = undefined;
      for (const { exchange } of open.values()) exchange.doubt = "cut";
    },
  });

  /** newSide makes a direction: its envelopes, and for protocol 5 the segments that carry them. */
  const newSide = (isResponse: boolean): { readonly outer: Lane; readonly inner: Lane } => {
    const inner = newLane(format(isResponse), options.late);
    let payloadNs = 0;
    const outer = newLane(
      {
        keep: keptSegment,
        lengthOf: segmentLength,
        boundary: (bytes, start, end) => segmentLength(bytes, start, end) > 0,
        frame(bytes, start, end, total, firstNs) {
          payloadNs = firstNs;
          const from = Math.min(end, start + segmentHeader);
          const stop = Math.min(end, start + total - segmentTrailer);
          inner.push(bytes, from, Math.max(from, stop), total - segmentHeader - segmentTrailer, payloadNs);
        },
      },
      options.late,
    );
    return { outer, inner };
  };

  const client = newSide(false);
  const server = newSide(true);

  const push = (
    side: { readonly outer: Lane; readonly inner: Lane },
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    ns: number,
  ): void => {
    if (opaque) return;
    // Late, a segment tells itself by its checksum.
    if (options.late && !segmented && segmentLength(bytes, start, end) > 0) segmented = true;
    (segmented ? side.outer : side.inner).push(bytes, start, end, total, ns);
  };

  return {
    request: (bytes, start, end, total, ns) => push(client, bytes, start, end, total, ns),
    response: (bytes, start, end, total, ns) => push(server, bytes, start, end, total, ns),
    close(ns) {
      for (const { exchange } of open.values()) {
        exchange.endNs = ns;
        if (exchange.doubt === "") exchange.error = "connection_closed";
        options.emit(exchange);
      }
      open.clear();
    },
    state() {
      if (opaque) return "opaque";
      const isLost = ({ outer, inner }: typeof client): boolean => (segmented ? outer : inner).isLost();
      return isLost(client) || isLost(server) ? "lost" : "open";
    },
    losses: () =>
      client.inner.losses() + client.outer.losses() + server.inner.losses() + server.outer.losses(),
  };
}
