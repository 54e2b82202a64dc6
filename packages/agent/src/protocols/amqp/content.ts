// Short strings and message properties of AMQP 0-9-1.

import { u16, u32, utf8 } from "../text.js";
import type { WireExchange } from "../wire.js";

/** Text is a short string that was read: `next` is behind it, -1 when it is cut. */
export interface Text {
  text: string;
  next: number;
}

/** shortText reads a string of at most 255 bytes. */
export function shortText(bytes: Uint8Array, at: number, end: number): Text {
  if (at < 0 || at >= end) return { text: "", next: -1 };
  const next = at + 1 + bytes[at];
  if (next > end) return { text: "", next: -1 };
  return { text: utf8(bytes, at + 1, next), next };
}

const Flag = { contentType: 0x8000, contentEncoding: 0x4000, headers: 0x2000 } as const;
const headerLimit = 64;

/** bodySize reads a content header's body size, its high half as good as always zero. */
export function bodySize(bytes: Uint8Array, at: number): number {
  return u32(bytes, at + 4) * 2 ** 32 + u32(bytes, at + 8);
}

/** readProperties takes the trace context from a content header that begins at `start`. */
export function readProperties(exchange: WireExchange, bytes: Uint8Array, start: number, end: number): void {
  if (start + 14 > end) return;
  const flags = u16(bytes, start + 12);
  let at = start + 14;
  if ((flags & Flag.contentType) !== 0) at = shortText(bytes, at, end).next;
  if ((flags & Flag.contentEncoding) !== 0) at = shortText(bytes, at, end).next;
  if ((flags & Flag.headers) === 0 || at < 0 || at + 4 > end) return;
  const stop = Math.min(end, at + 4 + u32(bytes, at));
  at += 4;
  for (let headers = 0; at >= 0 && at < stop && headers < headerLimit; headers++) {
    const name = shortText(bytes, at, stop);
    if (name.next < 0 || name.next >= stop) return;
    const size = valueSize(bytes, name.next, stop);
    if (size < 0) return;
    const isText = bytes[name.next] === 0x53;
    if (isText && name.text === "traceparent")
      exchange.traceparent = utf8(bytes, name.next + 5, name.next + size);
    else if (isText && name.text === "tracestate")
      exchange.tracestate = utf8(bytes, name.next + 5, name.next + size);
    else if (isText && name.text === "baggage")
      exchange.baggage = utf8(bytes, name.next + 5, name.next + size);
    at = name.next + size;
  }
}

// RabbitMQ's table values (https://www.rabbitmq.com/amqp-0-9-1-errata#section_3); strings, tables and arrays say their length.
const sizes: Readonly<Record<string, number>> = {
  t: 1,
  b: 1,
  B: 1,
  s: 2,
  u: 2,
  I: 4,
  i: 4,
  l: 8,
  f: 4,
  d: 8,
  D: 5,
  T: 8,
  V: 0,
};

/** valueSize gives how long a value is with its type, -1 when it is cut or unknown. */
function valueSize(bytes: Uint8Array, at: number, end: number): number {
  const type = String.fromCharCode(bytes[at]);
  const fixed = sizes[type];
  if (fixed !== undefined) return at + 1 + fixed <= end ? 1 + fixed : -1;
  if (!"SAFx".includes(type) || at + 5 > end) return -1;
  const length = u32(bytes, at + 1);
  return at + 5 + length <= end ? 5 + length : -1;
}
