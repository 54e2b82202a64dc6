// One connection: which protocol it speaks, who its client is, and from then on its parser.

import { Buffer } from "node:buffer";
import { type Candidate, recognise } from "./recognise.js";
import { type Emit, newShared, type Parser, type Protocol, type ProtocolName, type Shared } from "./wire.js";

/** Direction is who wrote the bytes: 0 this process, 1 its peer; which of them is the client is found out. */
export type Direction = 0 | 1;

/** ConnectionOptions are what a connection is opened with. */
export interface ConnectionOptions {
  readonly protocols: readonly Protocol[];
  readonly emit: Emit;
  /** asked: see ParserOptions. */
  readonly asked?: Emit;
  /** late says that the connection was open before its first byte was seen. */
  readonly late: boolean;
  /** datagram says that every chunk is one datagram (UDP). */
  readonly datagram?: boolean;
  /** shared is what connections learn from each other. */
  readonly shared?: Shared;
  /** client is who opened the connection, where that is known. */
  readonly client?: Direction;
}

/** ConnectionReport says how a connection is understood. */
export interface ConnectionReport {
  readonly protocol: ProtocolName | "tls" | "unknown" | "undecided";
  /** client is the direction that asks, once that is known. */
  readonly client: Direction | undefined;
  readonly state: "undecided" | "open" | "lost" | "opaque";
  /** losses counts how often a direction lost its place. */
  readonly losses: number;
}

/** Connection reads the bytes of one connection. */
export interface Connection {
  /** push takes bytes[start, end) of one read or write of `total` bytes that was done at `ns`. */
  push(direction: Direction, bytes: Uint8Array, start: number, end: number, total: number, ns: number): void;
  /** resume says that whole requests and their answers went by unseen. */
  resume(): void;
  /** close ends the exchanges that are open. */
  close(ns: number): void;
  report(): ConnectionReport;
}

interface Held {
  readonly direction: Direction;
  readonly bytes: Uint8Array;
  readonly total: number;
  readonly ns: number;
}

// Reads and writes that are looked at before a connection is given up as unknown: late, the first may be from the middle of
// something long.
const tries = 8;
const triesLate = 32;
const heldChunks = 8;
// Of each of them, so much is held until the protocol is known.
const heldBytes = 4096;
const splitBytes = 16;
const none = new Uint8Array(0);

/** newConnection makes a connection of which nothing is known but what `options` say. */
export function newConnection(options: ConnectionOptions): Connection {
  const { protocols, emit, late } = options;
  const asked = options.asked === undefined ? {} : { asked: options.asked };
  const datagram = options.datagram ?? false;
  const shared = options.shared ?? newShared();
  let parser: Parser | undefined;
  let client: Direction | undefined = options.client;
  let name: ConnectionReport["protocol"] = "undecided";
  let held: Held[] = [];
  let looks = 0;
  let candidates: Candidate[] = [];

  const deliver = (
    direction: Direction,
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    ns: number,
  ): void => {
    if (direction === client) parser?.request(bytes, start, end, total, ns);
    else parser?.response(bytes, start, end, total, ns);
  };

  const decide = (
    direction: Direction,
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    ns: number,
  ): void => {
    const stop = Math.min(end, start + heldBytes);
    const before = held.at(-1);
    // Kafka's brokers and others read a length by itself: it only says something with what follows.
    const isSplit =
      !datagram &&
      before?.direction === direction &&
      before.total < splitBytes &&
      before.bytes.length === before.total;
    const head = isSplit ? before.bytes : none;
    const looked = Buffer.concat([head, bytes.subarray(start, stop)]);
    looks++;
    if (held.length >= heldChunks) held.shift();
    held.push({ direction, bytes: bytes.slice(start, stop), total, ns });
    const verdict = recognise(
      protocols,
      candidates,
      options.client,
      direction,
      looked,
      0,
      looked.length,
      head.length + total,
      datagram,
    );
    candidates = verdict.candidates;
    if (verdict.tls) name = "tls";
    else if (verdict.found !== undefined) {
      name = verdict.found.protocol.name;
      client = verdict.found.client;
      parser = verdict.found.protocol.open({ emit, late, datagram, shared, ...asked });
      for (const chunk of held)
        deliver(chunk.direction, chunk.bytes, 0, chunk.bytes.length, chunk.total, chunk.ns);
    } else if (looks < (late ? triesLate : tries)) return;
    else name = "unknown";
    held = [];
    candidates = [];
  };

  return {
    push(direction, bytes, start, end, total, ns) {
      if (parser !== undefined) deliver(direction, bytes, start, end, total, ns);
      else if (name === "undecided" && end > start) decide(direction, bytes, start, end, total, ns);
    },
    resume: () => parser?.resume?.(),
    close(ns) {
      parser?.close(ns);
      held = [];
    },
    report: () => ({
      protocol: name,
      client,
      state: parser?.state() ?? (name === "undecided" ? "undecided" : "opaque"),
      losses: parser?.losses() ?? 0,
    }),
  };
}
