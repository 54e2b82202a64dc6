import { ServerError } from "../../errors.js";
import { type Body, type BodyReader, roomFor, tooLarge, tooMany } from "../body.js";

// gRPC over HTTP/2, "Length-Prefixed-Message": one byte of flags, four of length.
const prefixBytes = 5;
// A length is only believed so far before its bytes are here: it costs a hostile sender nothing.
const trustedBytes = 1 << 20;

/** Message is a call's one message, as sent. */
export interface Message extends Body {
  readonly isCompressed: boolean;
}

/** Inbox collects the one message of a unary call. */
export interface Inbox {
  /** push takes what a DATA frame brought; throws "too-large", "too-many" or "not-otlp". */
  push(chunk: Buffer): void;
  /** end gives the message; throws "not-otlp" when it is not whole. */
  end(): Message;
  /** release gives its memory back; once is enough, more does no harm. */
  release(): void;
}

/** newInbox copies each chunk once into a lent buffer; a message of one chunk is not copied. */
export function newInbox(reader: BodyReader): Inbox {
  const { limits, pool } = reader;
  const prefix = Buffer.alloc(prefixBytes);
  let prefixed = 0;
  let size = 0;
  let single: Buffer | undefined;
  let buffer: Buffer | undefined;
  let length = 0;
  const release = () => {
    reader.inflight -= length;
    length = 0;
    single = undefined;
    if (buffer) pool.giveBack(buffer);
    buffer = undefined;
  };
  const readPrefix = (chunk: Buffer): number => {
    const taken = Math.min(prefixBytes - prefixed, chunk.length);
    chunk.copy(prefix, prefixed, 0, taken);
    prefixed += taken;
    if (prefixed < prefixBytes) return taken;
    size = prefix.readUInt32BE(1);
    const flags = prefix[0] ?? 0;
    if (flags > 1)
      throw new ServerError("not-otlp", `the message begins with flags ${flags}, which has no meaning`);
    if (size > limits.bodyBytes) throw tooLarge(limits.bodyBytes, "as sent");
    return taken;
  };
  return {
    push(chunk) {
      const at = prefixed < prefixBytes ? readPrefix(chunk) : 0;
      const more = chunk.length - at;
      if (more === 0) return;
      const next = length + more;
      if (next > size)
        throw new ServerError("not-otlp", `something follows the message of ${size} bytes`, {
          hint: "a unary call has one message",
        });
      if (reader.inflight + more > limits.inflightBytes) throw tooMany(limits.inflightBytes);
      reader.inflight += more;
      if (length === 0 && more === size) single = chunk.subarray(at);
      else {
        const wanted = Math.max(next, Math.min(size, Math.max(trustedBytes, 2 * length)));
        buffer = roomFor(buffer, length, wanted, pool);
        buffer.set(at === 0 ? chunk : chunk.subarray(at), length);
      }
      length = next;
    },
    end() {
      if (prefixed < prefixBytes || length < size)
        throw new ServerError("not-otlp", `the message ends after ${length} of ${size} bytes`);
      const bytes = single ?? (buffer ? buffer.subarray(0, length) : Buffer.alloc(0));
      return { bytes, wireBytes: length, isCompressed: prefix[0] === 1, release };
    },
    release,
  };
}

/** framed is a message with its prefix. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(prefixBytes + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixBytes);
  return frame;
}
