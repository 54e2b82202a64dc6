// DNS messages (RFC 1035 section 4), read as far as they were captured.

import { latin1, u16 } from "../text.js";

/** Message is what is told of a query or an answer. */
export interface Message {
  id: number;
  isResponse: boolean;
  code: number;
  name: string;
  type: string;
  answers: string[];
}

const headerSize = 12;
// RFC 1035 section 2.3.4; each pointer may lead to another.
const longestName = 255;
const longestPointers = 16;
const answersTold = 16;
const typeNames: Readonly<Record<number, string>> = {
  1: "A",
  2: "NS",
  5: "CNAME",
  6: "SOA",
  12: "PTR",
  15: "MX",
  16: "TXT",
  28: "AAAA",
  33: "SRV",
  35: "NAPTR",
  41: "OPT",
  43: "DS",
  48: "DNSKEY",
  52: "TLSA",
  64: "SVCB",
  65: "HTTPS",
  99: "SPF",
  252: "AXFR",
  255: "ANY",
  257: "CAA",
};

/** codeNames are RFC 1035's and RFC 2136's response codes. */
export const codeNames: readonly string[] = [
  "NOERROR",
  "FORMERR",
  "SERVFAIL",
  "NXDOMAIN",
  "NOTIMP",
  "REFUSED",
  "YXDOMAIN",
  "YXRRSET",
  "NXRRSET",
  "NOTAUTH",
  "NOTZONE",
];

/** looksLikeDns says from 0 to 100 whether bytes are a message of this direction. */
export function looksLikeDns(bytes: Uint8Array, start: number, end: number, isResponse: boolean): number {
  if (end - start < headerSize + 5) return 0;
  const flags = u16(bytes, start + 2);
  if (flags >= 0x8000 !== isResponse) return 0;
  // The reserved bit is zero (RFC 2535 took its neighbours); operations are queries, status, notify, update.
  if ((flags & 0x40) !== 0 || ((flags >> 11) & 15) > 5) return 0;
  if (u16(bytes, start + 4) !== 1) return 0;
  if (!isResponse && (u16(bytes, start + 6) !== 0 || u16(bytes, start + 8) !== 0 || (flags & 15) !== 0))
    return 0;
  if (u16(bytes, start + 10) > 32) return 0;
  const nameEnd = skipName(bytes, start + headerSize, end);
  if (nameEnd < 0 || nameEnd + 4 > end) return nameEnd === -2 ? 40 : 0;
  const kind = u16(bytes, nameEnd + 2) & 0x7fff;
  if (kind !== 1 && kind !== 255 && kind !== 3) return 0;
  return typeNames[u16(bytes, nameEnd)] === undefined ? 50 : 95;
}

/** skipName gives where a name ends; -1 when it is none, -2 when it goes on beyond `end`. */
function skipName(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const size = bytes[at];
    if (size === 0) return at + 1;
    if (size >= 0xc0) return at + 2;
    if (size > 63 || at + size - start > longestName) return -1;
    at += 1 + size;
  }
  return -2;
}

/** nameAt reads a name, following its pointers backwards only; "" when it is none. */
function nameAt(bytes: Uint8Array, message: number, start: number, end: number): string {
  let at = start;
  let name = "";
  for (let jumps = 0; at < end; ) {
    const size = bytes[at];
    if (size === 0) return name === "" ? "." : name;
    if (size >= 0xc0) {
      if (at + 1 >= end || ++jumps > longestPointers) return "";
      const target = message + (u16(bytes, at) & 0x3fff);
      if (target >= at) return "";
      at = target;
      continue;
    }
    if (size > 63 || at + 1 + size > end || name.length + size > longestName) return "";
    const label = latin1(bytes, at + 1, at + 1 + size);
    name += name === "" ? label : `.${label}`;
    at += 1 + size;
  }
  return "";
}

/** readMessage fills `message` from bytes[start, end); false when not even its question is there. */
export function readMessage(bytes: Uint8Array, start: number, end: number, message: Message): boolean {
  message.answers = [];
  message.name = "";
  message.type = "";
  if (end - start < headerSize) return false;
  message.id = u16(bytes, start);
  const flags = u16(bytes, start + 2);
  message.isResponse = flags >= 0x8000;
  message.code = flags & 15;
  const questions = u16(bytes, start + 4);
  const answers = u16(bytes, start + 6);
  let at = start + headerSize;
  for (let i = 0; i < questions; i++) {
    const nameEnd = skipName(bytes, at, end);
    if (nameEnd < 0 || nameEnd + 4 > end) return message.name !== "";
    if (i === 0) {
      message.name = nameAt(bytes, start, at, end);
      message.type = typeNames[u16(bytes, nameEnd)] ?? `TYPE${u16(bytes, nameEnd)}`;
    }
    at = nameEnd + 4;
  }
  for (let i = 0; i < answers && message.answers.length < answersTold; i++) {
    const nameEnd = skipName(bytes, at, end);
    if (nameEnd < 0 || nameEnd + 10 > end) break;
    const type = u16(bytes, nameEnd);
    const size = u16(bytes, nameEnd + 8);
    const data = nameEnd + 10;
    if (data + size > end) break;
    const text = dataText(bytes, start, data, data + size, type);
    if (text !== "") message.answers.push(text);
    at = data + size;
  }
  return true;
}

function dataText(bytes: Uint8Array, message: number, start: number, end: number, type: number): string {
  if (type === 1 && end - start === 4) return bytes.subarray(start, end).join(".");
  if (type === 28 && end - start === 16) return ipv6(bytes, start);
  if (type === 2 || type === 5 || type === 12) return nameAt(bytes, message, start, end);
  if (type === 15 && end - start > 2) return nameAt(bytes, message, start + 2, end);
  if (type === 33 && end - start > 6) return nameAt(bytes, message, start + 6, end);
  return "";
}

/** ipv6 writes an address as RFC 5952 has it. */
function ipv6(bytes: Uint8Array, start: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => u16(bytes, start + 2 * i));
  let best = -1;
  let longest = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > longest) {
      best = i;
      longest = run;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (best < 0) return hex.join(":");
  return `${hex.slice(0, best).join(":")}::${hex.slice(best + longest).join(":")}`;
}
