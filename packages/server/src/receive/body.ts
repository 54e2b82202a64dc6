import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, gunzipSync, inflate, inflateSync, type ZlibOptions } from "node:zlib";
import { ServerError, textOf } from "../errors.js";
import type { BufferPool } from "./pool.js";
import { unzstd, ZstdError } from "./zstd.js";

/** BodyLimits bound what one request and all requests together may hold in memory. */
export interface BodyLimits {
  /** Bytes of one body, both as sent and after decompression. */
  readonly bodyBytes: number;
  /** Bytes of all bodies being received at once; more is refused with 429. */
  readonly inflightBytes: number;
}

/** BodyReader reads request bodies; `inflight` is what they hold now. */
export interface BodyReader {
  readonly limits: BodyLimits;
  readonly pool: BufferPool;
  inflight: number;
}

/** Body is a request's bytes; they are valid until release() is called, once. */
export interface Body {
  readonly bytes: Buffer;
  /** Bytes as they came over the wire, before decompression. */
  readonly wireBytes: number;
  release(): void;
}

const nothing = () => {};

/** tooLarge refuses a body by its size. */
export function tooLarge(limit: number, what: string): ServerError {
  return new ServerError("too-large", `the body is larger than ${limit} bytes ${what}`, {
    hint: "send smaller batches",
  });
}

/** declaredLength is the Content-Length, or undefined for a chunked body. */
export function declaredLength(request: IncomingMessage): number | undefined {
  const text = request.headers["content-length"];
  return text === undefined ? undefined : Number(text);
}

/**
 * readBody collects a request's body, copying each chunk of the socket once into a lent buffer (a body of one chunk is not copied).
 * Rejects with "too-large" as soon as the limit is passed, "too-many" when all bodies together hold too much, "request-timeout"
 * when the client goes away. The rest of a refused body is left unread.
 */
export function readBody(request: IncomingMessage, reader: BodyReader): Promise<Body> {
  const { limits, pool } = reader;
  const declared = declaredLength(request);
  if (declared !== undefined && declared > limits.bodyBytes)
    return Promise.reject(tooLarge(limits.bodyBytes, "as sent"));
  return new Promise((resolve, reject) => {
    let single: Buffer | undefined;
    let buffer: Buffer | undefined;
    let length = 0;
    const onData = (chunk: Buffer) => {
      const next = length + chunk.length;
      if (next > limits.bodyBytes) return fail(tooLarge(limits.bodyBytes, "as sent"));
      if (reader.inflight + chunk.length > limits.inflightBytes) return fail(tooMany(limits.inflightBytes));
      reader.inflight += chunk.length;
      if (length === 0 && chunk.length === declared) single = chunk;
      else {
        buffer = roomFor(buffer, length, Math.max(next, declared ?? 0), pool);
        buffer.set(chunk, length);
      }
      length = next;
    };
    const release = () => {
      reader.inflight -= length;
      length = 0;
      if (buffer) pool.giveBack(buffer);
      buffer = undefined;
    };
    const stop = () => {
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
    };
    const fail = (error: Error) => {
      stop();
      request.on("error", nothing);
      request.pause();
      release();
      reject(error);
    };
    const onGone = () =>
      fail(new ServerError("request-timeout", "the connection ended before the whole body was here"));
    const onEnd = () => {
      stop();
      request.on("error", nothing);
      const bytes = single ?? (buffer ? buffer.subarray(0, length) : Buffer.alloc(0));
      resolve({ bytes, wireBytes: length, release });
    };
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}

/** tooMany refuses a body because of all others. */
export function tooMany(limit: number): ServerError {
  return new ServerError("too-many", `requests being received hold more than ${limit} bytes`, {
    hint: "send again after the time given",
    retryAfterSeconds: 1,
  });
}

/** roomFor gives a lent buffer of at least `wanted` bytes that begins with the `used` ones of `buffer`, which it gives back. */
export function roomFor(buffer: Buffer | undefined, used: number, wanted: number, pool: BufferPool): Buffer {
  if (buffer && buffer.length >= wanted) return buffer;
  const larger = pool.lend(wanted);
  if (buffer) {
    buffer.copy(larger, 0, 0, used);
    pool.giveBack(buffer);
  }
  return larger;
}

// Above this a decompression goes to the thread pool, so that it does not hold up the other connections for more than about 10 ms;
// below, the hop costs more than it gives.
const syncBytes = 256 << 10;
// zlib writes into buffers of this size: 280 instead of 390 ns a span against the default of 16 KiB, when one holds everything.
// What gzip says of its length chooses within these bounds only, since it may lie.
const leastChunk = 16 << 10;
const mostChunk = 1 << 20;
const unknownChunk = 512 << 10;

const decoders = {
  gzip: { sync: gunzipSync, later: promisify<Buffer, ZlibOptions, Buffer>(gunzip) },
  deflate: { sync: inflateSync, later: promisify<Buffer, ZlibOptions, Buffer>(inflate) },
} as const;

/** gzipChunk reads how long the content is (RFC 1952 section 2.3.1, ISIZE): with room behind it zlib is done in one step. */
function gzipChunk(bytes: Buffer): number {
  const length = bytes.length < 4 ? 0 : bytes.readUInt32LE(bytes.length - 4);
  return Math.min(mostChunk, Math.max(leastChunk, length + 64));
}

/** Encoding is a Content-Encoding that we take. */
export type Encoding = "identity" | "gzip" | "deflate" | "zstd";

/** contentEncoding reads the header; throws "unsupported-type" for what we do not take. */
export function contentEncoding(request: IncomingMessage): Encoding {
  const name = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (name === "identity" || name === "" || name === "gzip" || name === "deflate" || name === "zstd")
    return name || "identity";
  if (name === "x-gzip") return "gzip";
  throw new ServerError("unsupported-type", `Content-Encoding ${JSON.stringify(name)} is not taken`, {
    hint: "use gzip, zstd, deflate or identity",
  });
}

/** decompress replaces a body by its decompressed bytes; throws "too-large" or "bad-encoding". */
export async function decompress(body: Body, encoding: Encoding, limits: BodyLimits): Promise<Body> {
  if (encoding === "identity") return body;
  if (encoding === "zstd") return unpackZstd(body, limits);
  const chunkSize = encoding === "gzip" ? gzipChunk(body.bytes) : unknownChunk;
  const options = { maxOutputLength: limits.bodyBytes, chunkSize };
  try {
    const { sync, later } = decoders[encoding];
    const bytes =
      body.bytes.length <= syncBytes ? sync(body.bytes, options) : await later(body.bytes, options);
    return { bytes, wireBytes: body.wireBytes, release: body.release };
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limits.bodyBytes, "after decompression");
    throw new ServerError(
      "bad-encoding",
      `the body cannot be decompressed as ${encoding}: ${textOf(error)}`,
      {
        hint: "check Content-Encoding against what is sent",
        cause: error,
      },
    );
  }
}

function unpackZstd(body: Body, limits: BodyLimits): Body {
  try {
    return { bytes: unzstd(body.bytes, limits.bodyBytes), wireBytes: body.wireBytes, release: body.release };
  } catch (error) {
    if (error instanceof ZstdError && error.tooLarge) throw tooLarge(limits.bodyBytes, "after decompression");
    throw new ServerError("bad-encoding", `the body cannot be decompressed as zstd: ${textOf(error)}`, {
      hint: "check Content-Encoding against what is sent",
      cause: error,
    });
  }
}
