import { Buffer } from "node:buffer";
import type { RequestHead } from "./head.js";

/** RequestUrl is a request's whole URL, valid until the next one is made. */
export interface RequestUrl {
  readonly bytes: Buffer;
  readonly length: number;
}

// The longest: a head as long as what is kept of one (exchange.ts), with scheme and address.
const url = { bytes: Buffer.allocUnsafeSlow(8192 + 128), length: 0 };

/**
 * requestUrl puts a client's URL together (`url.full`) as it went over the wire: without user and fragment, which are not sent. `peer` is
 * asked for where the head has no Host.
 */
export function requestUrl(
  head: Buffer,
  parsed: RequestHead,
  scheme: string,
  peer: () => string,
): RequestUrl {
  url.length = 0;
  const { path, query, host } = parsed;
  if (path.start < 0) return url;
  // CONNECT has an authority there, OPTIONS may have an asterisk (RFC 9112, section 3.2).
  if (head[path.start] === slash || path.start === path.end) {
    put(scheme);
    put("://");
    if (host.start < 0) put(peer());
    else copy(head, host.start, host.end);
  }
  copy(head, path.start, path.end);
  if (query.start >= 0 && query.end > query.start) {
    put("?");
    copy(head, query.start, query.end);
  }
  return url;
}

/** httpVersion gives "1.0" or "1.1" as the request line says, which ends with it; "" where it was cut off. */
export function httpVersion(head: Uint8Array, headLength: number, { path, query }: RequestHead): string {
  const at = Math.max(path.end, query.end) + versionAt;
  if (path.start < 0 || at >= headLength) return "";
  return head[at] === digit1 ? "1.1" : head[at] === digit0 ? "1.0" : "";
}

const slash = 0x2f;
const digit0 = 0x30;
const digit1 = 0x31;
// From the blank behind the target to the last digit of " HTTP/1.1".
const versionAt = 8;

function put(text: string): void {
  url.length += url.bytes.write(text, url.length, "latin1");
}

function copy(from: Buffer, start: number, end: number): void {
  url.length += from.copy(url.bytes, url.length, start, end);
}
