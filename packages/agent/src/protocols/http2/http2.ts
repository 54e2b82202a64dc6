import { type FrameFormat, framesFit, type Lane, newLane } from "../frames.js";
import { i32, u32 } from "../text.js";
import type { Parser, ParserOptions, Protocol } from "../wire.js";
import { errorNames, FrameFlag, FrameType, frameHeader, frameLength, isPreface, preface } from "./frame.js";
import { type HeaderTable, newHeaderTable } from "./hpack.js";
import { addData, finishStream, newStream, requestField, responseField, type Stream } from "./stream.js";

// A header block is collected up to this; a larger one makes its table's older entries unknown.
const longestBlock = 65536;
// Streams that are open at once; servers allow 100 to 250 by default.
const streamLimit = 2048;
// A stream whose end may have been missed is given up after this.
const staleNs = 60_000_000_000;
// Of a DATA frame whose bytes come in pieces, only so much is waited for: a message's beginning may be in it.
const wantedData = 1024;

/** Side is one direction's state. */
interface Side {
  readonly client: boolean;
  readonly lane: Lane;
  readonly table: HeaderTable;
  block: Uint8Array;
  blockLength: number;
  blockStream: number;
  blockFlags: number;
  blockCut: boolean;
  blockBytes: number;
  blockNs: number;
  ending: Stream | undefined;
  endingError: string;
}

/** http2 reads HTTP/2 without TLS, by prior knowledge, and what TLS libraries show of it. */
export const http2: Protocol = {
  name: "http2",
  asks: (bytes, start, end, total) =>
    isPreface(bytes, start, end) ? 100 : looksLikeFrames(bytes, start, end, total, true),
  answers: (bytes, start, end, total) => looksLikeFrames(bytes, start, end, total, false),
  open: openHttp2,
};

/**
 * looksLikeFrames weighs a write without the preface. Only headers say which direction it is: requests begin with :method or
 * its like, answers with :status.
 */
function looksLikeFrames(
  bytes: Uint8Array,
  start: number,
  end: number,
  total: number,
  fromClient: boolean,
): number {
  if (end - start < frameHeader || !framesFit({ lengthOf: frameLength }, bytes, start, end, total)) return 0;
  let at = start;
  let confidence = 0;
  for (let frames = 0; at + frameHeader <= end && frames < 16; frames++) {
    const type = bytes[at + 3];
    const length = frameLength(bytes, at, end);
    // Peers may allow longer frames, but hardly use them; and small little-endian lengths look like such.
    if (length < frameHeader || length > longestBlock) return 0;
    // Empty DATA is all zeroes but one and could be anything.
    if (type !== FrameType.data || length >= 16) confidence = 40;
    if (type === FrameType.headers) {
      const direction = directionOf(bytes, at, end);
      if (direction !== "") return (direction === "request") === fromClient ? 90 : 0;
    }
    at += length;
  }
  return confidence;
}

/** directionOf tells a request's header block from an answer's by its first field. */
function directionOf(bytes: Uint8Array, start: number, end: number): "request" | "answer" | "" {
  const flags = bytes[start + 4];
  const padding = (flags & FrameFlag.padded) !== 0 ? 1 : 0;
  let at = start + frameHeader + padding + ((flags & FrameFlag.priority) !== 0 ? 5 : 0);
  // A change of the table's size comes first.
  while (at < end && bytes[at] >= 0x20 && bytes[at] < 0x40) at += (bytes[at] & 0x1f) === 0x1f ? 3 : 1;
  if (at >= end) return "";
  const first = bytes[at];
  const index = first >= 0x80 ? first & 0x7f : first >= 0x40 ? first & 0x3f : first & 0x0f;
  if (index >= 8 && index <= 14) return "answer";
  return index >= 1 && index <= 7 ? "request" : "";
}

function openHttp2(options: ParserOptions): Parser {
  const streams = new Map<number, Stream>();

  const finish = (stream: Stream, ns: number, error: string): void => {
    if (streams.get(stream.id) !== stream) return;
    streams.delete(stream.id);
    if (error !== "") stream.exchange.error = error;
    stream.exchange.endNs = ns;
    options.emit(finishStream(stream));
  };

  const newSide = (client: boolean): Side => {
    const format: FrameFormat = {
      keep: longestBlock,
      lengthOf: (bytes, start, end) =>
        client && end - start >= 4 && isPreface(bytes, start, end)
          ? preface.length
          : frameLength(bytes, start, end),
      wanted: (bytes, start) => (bytes[start + 3] === FrameType.data ? wantedData : longestBlock),
      frame: (bytes, start, end, total, firstNs) => frame(side, bytes, start, end, total, firstNs),
      ended(ns) {
        const stream = side.ending;
        if (stream === undefined) return;
        side.ending = undefined;
        finish(stream, ns, side.endingError);
      },
      lost() {
        side.table.forget();
        side.blockStream = 0;
        side.ending = undefined;
        for (const stream of streams.values()) {
          stream.exchange.doubt = "cut";
          (client ? stream.sent : stream.received).blind = true;
        }
      },
    };
    const side: Side = {
      client,
      lane: newLane(format, options.late),
      table: newHeaderTable(options.late),
      block: new Uint8Array(0),
      blockLength: 0,
      blockStream: 0,
      blockFlags: 0,
      blockCut: false,
      blockBytes: 0,
      blockNs: 0,
      ending: undefined,
      endingError: "",
    };
    return side;
  };

  /** headers takes a whole header block. */
  const headers = (side: Side, bytes: Uint8Array, start: number, end: number, cut: boolean): void => {
    const id = side.blockStream;
    side.blockStream = 0;
    let stream = streams.get(id);
    if (side.client && stream === undefined) {
      stream = newStream(id, side.blockNs);
      const opened = stream;
      side.table.decode(bytes, start, end, cut, (name, value) => requestField(opened, name, value));
      if (cut) stream.hiddenInRequest++;
      // Late, the first that is seen of a request may be its trailers.
      if (stream.method === "" && stream.path === "" && stream.hiddenInRequest === 0) return;
      if (streams.size >= streamLimit) {
        const oldest = streams.values().next().value;
        if (oldest !== undefined) {
          oldest.exchange.doubt = "cut";
          finish(oldest, oldest.exchange.endNs, "");
        }
      }
      for (const old of streams.values()) {
        // Of what was cut, the end may have gone by unseen.
        if (old.exchange.doubt === "" || side.blockNs - old.exchange.startNs < staleNs) break;
        finish(old, Math.max(old.exchange.startNs, old.exchange.firstByteNs), "");
      }
      streams.set(id, stream);
      stream.exchange.requestBytes += side.blockBytes;
      stream.exchange.isSent = (side.blockFlags & FrameFlag.endStream) !== 0;
      options.asked?.(stream.exchange);
    } else if (side.client) {
      side.table.decode(bytes, start, end, cut, () => {});
      if (stream === undefined) return;
      stream.exchange.requestBytes += side.blockBytes;
      // Trailers.
      stream.exchange.isSent ||= (side.blockFlags & FrameFlag.endStream) !== 0;
    } else {
      const asked = stream;
      side.table.decode(bytes, start, end, cut, (name, value) => {
        if (asked !== undefined) responseField(asked, name, value);
      });
      if (asked === undefined) return;
      if (cut) asked.hiddenInResponse++;
      // An interim answer (RFC 9113 section 8.1): whoever serves it is still at work.
      if (asked.status >= 100 && asked.status < 200 && (side.blockFlags & FrameFlag.endStream) === 0) {
        asked.status = 0;
        asked.exchange.responseBytes += side.blockBytes;
        return;
      }
      answered(asked, side.blockNs, side.blockBytes);
      if ((side.blockFlags & FrameFlag.endStream) !== 0) endAfter(side, asked, "");
    }
  };

  const answered = (stream: Stream, ns: number, bytes: number): void => {
    if (stream.exchange.firstByteNs === 0) stream.exchange.firstByteNs = ns;
    stream.exchange.responseBytes += bytes;
  };

  const endAfter = (side: Side, stream: Stream, error: string): void => {
    side.ending = stream;
    side.endingError = error;
  };

  const frame = (
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    firstNs: number,
  ): void => {
    const type = bytes[start + 3];
    if (side.client && isPreface(bytes, start, end)) return;
    const flags = bytes[start + 4];
    const id = u32(bytes, start + 5);
    if (type === FrameType.continuation) {
      if (id !== side.blockStream) {
        side.table.forget();
        return;
      }
      side.blockBytes += total;
      append(side, bytes, start + frameHeader, end, end - start < total);
      if ((flags & FrameFlag.endHeaders) !== 0) headers(side, side.block, 0, side.blockLength, side.blockCut);
      return;
    }
    if (side.blockStream !== 0) {
      // Nothing may come between a block's frames: what is missing was not seen.
      side.blockStream = 0;
      side.table.forget();
    }
    switch (type) {
      case FrameType.headers:
      case FrameType.pushPromise: {
        let at = start + frameHeader;
        let stop = start + total;
        if ((flags & FrameFlag.padded) !== 0) stop -= at < end ? bytes[at++] : 0;
        if ((flags & FrameFlag.priority) !== 0 && type === FrameType.headers) at += 5;
        if (type === FrameType.pushPromise) at += 4;
        if (at > stop) {
          side.table.forget();
          return;
        }
        const have = Math.min(end, stop);
        side.blockStream = id;
        side.blockFlags = flags;
        side.blockNs = firstNs;
        side.blockBytes = total;
        if (type === FrameType.pushPromise) {
          // What the server promises is counted with what was asked for; its block still changes the table.
          side.blockStream = 0;
          if ((flags & FrameFlag.endHeaders) === 0) {
            side.table.forget();
            return;
          }
          side.table.decode(bytes, Math.min(at, have), have, have < stop, () => {});
        } else if ((flags & FrameFlag.endHeaders) !== 0) {
          headers(side, bytes, Math.min(at, have), have, have < stop);
        } else {
          side.blockLength = 0;
          side.blockCut = false;
          append(side, bytes, Math.min(at, have), have, have < stop);
        }
        return;
      }
      case FrameType.data: {
        const stream = streams.get(id);
        if (stream === undefined) return;
        let at = start + frameHeader;
        let size = total - frameHeader;
        if ((flags & FrameFlag.padded) !== 0 && size > 0) {
          const padding = at < end ? bytes[at] : 0;
          at++;
          size = Math.max(0, size - 1 - padding);
        }
        const body = side.client ? stream.sent : stream.received;
        const from = Math.min(at, end);
        addData(body, bytes, from, Math.min(end, from + size), size);
        if (side.client) {
          stream.exchange.requestBytes += total;
          stream.exchange.isSent ||= (flags & FrameFlag.endStream) !== 0;
          return;
        }
        answered(stream, firstNs, total);
        if ((flags & FrameFlag.endStream) !== 0) endAfter(side, stream, "");
        return;
      }
      case FrameType.reset: {
        const stream = streams.get(id);
        if (stream === undefined || end - start < frameHeader + 4) return;
        if (!side.client) answered(stream, firstNs, total);
        endAfter(side, stream, errorName(u32(bytes, start + frameHeader), stream));
        return;
      }
      case FrameType.goAway: {
        if (side.client || end - start < frameHeader + 8) return;
        const last = i32(bytes, start + frameHeader) & 0x7fffffff;
        for (const stream of [...streams.values()])
          if (stream.id > last) finish(stream, firstNs, "REFUSED_STREAM");
        return;
      }
      default:
    }
  };

  const client = newSide(true);
  const server = newSide(false);
  return {
    request: client.lane.push,
    response: server.lane.push,
    close(ns) {
      for (const stream of [...streams.values()])
        finish(stream, ns, stream.exchange.doubt === "" ? "connection_closed" : "");
    },
    state: () => (client.lane.isLost() || server.lane.isLost() ? "lost" : "open"),
    losses: () => client.lane.losses() + server.lane.losses(),
  };
}

/** A stream that is reset without an error after its answer is no failure (RFC 9113 section 8.1). */
function errorName(code: number, stream: Stream): string {
  if (code === 0 && stream.status > 0) return "";
  return errorNames[code] ?? `0x${code.toString(16)}`;
}

function append(side: Side, bytes: Uint8Array, start: number, end: number, cut: boolean): void {
  if (cut) side.blockCut = true;
  const size = side.blockLength + Math.max(0, end - start);
  if (side.blockCut || size > longestBlock) {
    side.blockCut = true;
    return;
  }
  if (side.block.length < size) {
    const larger = new Uint8Array(Math.max(size, 1024));
    larger.set(side.block.subarray(0, side.blockLength));
    side.block = larger;
  }
  side.block.set(bytes.subarray(start, end), side.blockLength);
  side.blockLength = size;
}
