import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import type { Protocol, WireExchange } from "../wire.js";

/** Chunk is one read or write that was recorded; d is 0 for the client's. */
export interface Chunk {
  readonly d: 0 | 1;
  readonly ns: number;
  readonly bytes: Uint8Array;
}

/** Capture is one recorded connection (scripts/record-protocols.mjs). */
export interface Capture {
  readonly name: string;
  readonly protocol: string;
  readonly datagram: boolean;
  readonly chunks: readonly Chunk[];
}

const folder = new URL("../../../testdata/protocols/", import.meta.url);

/** captureNames lists what was recorded. */
export function captureNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5))
    .sort();
}

/** loadCapture reads a recording. Every chunk gets a time of its own, so that exchanges can be told apart by it. */
export function loadCapture(name: string): Capture {
  const read: unknown = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
  const { protocol, chunks, datagram } = read as {
    protocol: string;
    datagram?: boolean;
    chunks: { d: 0 | 1; b: string }[];
  };
  return {
    name,
    protocol,
    datagram: datagram ?? false,
    chunks: chunks.map(({ d, b }, i) => ({ d, ns: (i + 1) * 1_000_000, bytes: Buffer.from(b, "base64") })),
  };
}

/** ReplayOptions say how a recording is fed to a parser. */
export interface ReplayOptions {
  /** from is the first chunk that is seen: a late attach when it is not 0. */
  readonly from?: number;
  /** limit is how many bytes of a chunk are captured. */
  readonly limit?: number;
  /** pieces cuts a chunk into lengths. */
  readonly pieces?: (chunk: Chunk, index: number) => readonly number[];
  readonly late?: boolean;
}

/** Replayed is what came of it. */
export interface Replayed {
  readonly exchanges: WireExchange[];
  readonly state: string;
  readonly losses: number;
}

/** replay feeds a recording to a protocol's parser. */
export function replay(protocol: Protocol, capture: Capture, options: ReplayOptions = {}): Replayed {
  const exchanges: WireExchange[] = [];
  const from = options.from ?? 0;
  const parser = protocol.open({
    emit: (exchange) => exchanges.push(exchange),
    late: options.late ?? from > 0,
    datagram: capture.datagram,
  });
  for (let i = from; i < capture.chunks.length; i++) {
    const chunk = capture.chunks[i];
    const push = chunk.d === 0 ? parser.request : parser.response;
    const { bytes, ns } = chunk;
    if (options.pieces === undefined) {
      push(bytes, 0, Math.min(bytes.length, options.limit ?? bytes.length), bytes.length, ns);
      continue;
    }
    let at = 0;
    for (const size of options.pieces(chunk, i)) {
      push(bytes, at, at + size, size, ns);
      at += size;
    }
  }
  const last = capture.chunks.at(-1);
  parser.close((last?.ns ?? 0) + 1_000_000);
  return { exchanges, state: parser.state(), losses: parser.losses() };
}
