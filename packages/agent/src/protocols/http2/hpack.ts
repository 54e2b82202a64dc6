// Header compression for HTTP/2 (RFC 7541), read by somebody who may have come late: what the dynamic table hides is
// told as unknown. Entries are numbered from the newest, so that what came since is known whatever was before.

import { latin1 } from "../text.js";
import { decodeHuffman } from "./huffman.js";

/** Field takes a header field; undefined is what the table hides. */
export type Field = (name: string | undefined, value: string | undefined) => void;

/** HeaderTable decodes the header blocks of one direction. */
export interface HeaderTable {
  /** decode reads one block; false when it is wrong or cut, after which older entries are unknown. */
  decode(bytes: Uint8Array, start: number, end: number, cut: boolean, field: Field): boolean;
  /** forget drops the entries: a block was missed. */
  forget(): void;
  /** size is what the entries count for (RFC 7541 section 4.1). */
  size(): number;
}

interface Entry {
  readonly name: string | undefined;
  readonly value: string | undefined;
}

// RFC 7541 appendix A, "name" or "name=value".
const staticTable: readonly Entry[] = [
  ":authority",
  ":method=GET",
  ":method=POST",
  ":path=/",
  ":path=/index.html",
  ":scheme=http",
  ":scheme=https",
  ":status=200",
  ":status=204",
  ":status=206",
  ":status=304",
  ":status=400",
  ":status=404",
  ":status=500",
  "accept-charset",
  "accept-encoding=gzip, deflate",
  "accept-language",
  "accept-ranges",
  "accept",
  "access-control-allow-origin",
  "age",
  "allow",
  "authorization",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-range",
  "content-type",
  "cookie",
  "date",
  "etag",
  "expect",
  "expires",
  "from",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "link",
  "location",
  "max-forwards",
  "proxy-authenticate",
  "proxy-authorization",
  "range",
  "referer",
  "refresh",
  "retry-after",
  "server",
  "set-cookie",
  "strict-transport-security",
  "transfer-encoding",
  "user-agent",
  "vary",
  "via",
  "www-authenticate",
].map((row) => {
  const at = row.indexOf("=");
  return at < 0 ? { name: row, value: "" } : { name: row.slice(0, at), value: row.slice(at + 1) };
});

const firstDynamic = staticTable.length + 1;
const initialLimit = 4096;
// What is held of a table whose size nobody told us, or that is larger than any client's or server's default.
const largestLimit = 65536;
const entryOverhead = 32;

/** newHeaderTable makes a decoder; a late one has not seen the entries that are there. */
export function newHeaderTable(late: boolean): HeaderTable {
  let entries: Entry[] = [];
  let size = 0;
  let limit = late ? largestLimit : initialLimit;
  let at = 0;
  let stop = 0;
  let failed = false;

  const evict = (): void => {
    let gone = 0;
    while (size > limit && gone < entries.length) size -= sizeOf(entries[gone++]);
    if (gone > 0) entries = entries.slice(gone);
  };

  const add = (name: string | undefined, value: string | undefined): void => {
    const entry = { name, value };
    entries.push(entry);
    size += sizeOf(entry);
    if (size > limit) evict();
  };

  const forget = (): void => {
    entries = [];
    size = 0;
    limit = Math.max(limit, largestLimit);
  };

  /** integer reads a number whose prefix has `bits` bits (section 5.1); -1 and failed when it ends too early. */
  const integer = (bytes: Uint8Array, bits: number): number => {
    const mask = (1 << bits) - 1;
    let value = bytes[at++] & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (at >= stop) break;
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    failed = true;
    return -1;
  };

  const string = (bytes: Uint8Array): string | undefined => {
    if (at >= stop) {
      failed = true;
      return undefined;
    }
    const coded = bytes[at] >= 0x80;
    const length = integer(bytes, 7);
    if (failed || length > stop - at) {
      failed = true;
      return undefined;
    }
    const start = at;
    at += length;
    if (!coded) return latin1(bytes, start, at);
    const text = decodeHuffman(bytes, start, at);
    if (text === undefined) failed = true;
    return text;
  };

  const entryAt = (index: number): Entry | undefined =>
    index < firstDynamic ? staticTable[index - 1] : entries[entries.length - 1 - (index - firstDynamic)];

  return {
    decode(bytes, start, end, cut, field) {
      at = start;
      stop = end;
      failed = false;
      while (at < stop && !failed) {
        const first = bytes[at];
        if (first >= 0x80) {
          const index = integer(bytes, 7);
          if (failed || index === 0) {
            failed = true;
            break;
          }
          const entry = entryAt(index);
          field(entry?.name, entry?.value);
        } else if (first >= 0x20 && first < 0x40) {
          const wanted = integer(bytes, 5);
          if (failed) break;
          limit = Math.min(wanted, largestLimit);
          evict();
        } else {
          const indexed = first >= 0x40;
          const index = integer(bytes, indexed ? 6 : 4);
          if (failed) break;
          const name = index === 0 ? string(bytes) : entryAt(index)?.name;
          if (failed) break;
          const value = string(bytes);
          if (failed) break;
          field(name, value);
          if (indexed) add(name, value);
        }
      }
      if (failed || cut) forget();
      return !failed && !cut;
    },
    forget,
    size: () => size,
  };
}

function sizeOf(entry: Entry): number {
  return (entry.name?.length ?? 0) + (entry.value?.length ?? 0) + entryOverhead;
}
