import type { Exchange } from "./exchange.js";

/** responseIsDone says whether a response is whole by its own counting; the stream's last 8 bytes are at `tail`. */
export function responseIsDone(exchange: Exchange, memory: Uint8Array, tail: number): boolean {
  const { responseHeadLength, responseContentLength } = exchange;
  if (responseHeadLength < 0) return false;
  if (hasNoBody(exchange)) return true;
  if (exchange.responseChunked) return endsChunks(memory, tail);
  if (responseContentLength < 0) return false;
  return exchange.responseBytes >= responseHeadLength + responseContentLength;
}

/**
 * hasNoBody says whether a response ends with its head, whatever that says of a length (RFC 9112 section 6.3): an answer to
 * HEAD, 204, 304, and 101, behind which the connection speaks something else.
 */
export function hasNoBody({ status, head }: Pick<Exchange, "status" | "head">): boolean {
  return status === 101 || status === 204 || status === 304 || head[0] === 0x48;
}

const lastChunk = [0x30, 0x0d, 0x0a, 0x0d, 0x0a];

/** endsChunks says whether the last 8 bytes end with the last chunk, "0\r\n\r\n" (RFC 9112 section 7.1, no trailers). */
function endsChunks(memory: Uint8Array, tail: number): boolean {
  return lastChunk.every((byte, i) => memory[tail + 3 + i] === byte);
}
