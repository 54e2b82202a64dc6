// HTTP/1 heads read in place (RFC 9112 sections 3 to 5): offsets into the bytes, one reused value, no string made.

/** Piece is a range of the bytes that were parsed; start -1 means absent. */
export interface Piece {
  start: number;
  end: number;
}

/** RequestHead is a parsed request head; one is made once and filled again and again. */
export interface RequestHead {
  readonly method: Piece;
  readonly path: Piece;
  readonly query: Piece;
  readonly host: Piece;
  readonly userAgent: Piece;
  readonly traceparent: Piece;
  readonly tracestate: Piece;
  readonly baggage: Piece;
  /** repeated says that one of the two came in several lines, of which the piece is the last: listOf has them all. */
  repeated: boolean;
  /** contentLength is -1 when there was none. */
  contentLength: number;
  chunked: boolean;
  /** complete is false when the bytes end before the empty line: later headers are unknown, not absent. */
  complete: boolean;
  /** length counts the head's bytes with its empty line, 0 when it is not complete. */
  length: number;
}

/** ResponseHead is a parsed response head. */
export interface ResponseHead {
  status: number;
  contentLength: number;
  chunked: boolean;
  /** close says that the connection's end is the body's end. */
  close: boolean;
  complete: boolean;
  length: number;
}

const piece = (): Piece => ({ start: -1, end: -1 });

/** newRequestHead makes an empty value to fill. */
export function newRequestHead(): RequestHead {
  return {
    method: piece(),
    path: piece(),
    query: piece(),
    host: piece(),
    userAgent: piece(),
    traceparent: piece(),
    tracestate: piece(),
    baggage: piece(),
    repeated: false,
    contentLength: -1,
    chunked: false,
    complete: false,
    length: 0,
  };
}

/** newResponseHead makes an empty value to fill. */
export function newResponseHead(): ResponseHead {
  return { status: 0, contentLength: -1, chunked: false, close: false, complete: false, length: 0 };
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
const QUESTION = 63;

function clear(target: Piece): void {
  target.start = -1;
  target.end = -1;
}

/**
 * parseRequestHead fills `head` from bytes[start, end) and says whether they begin with an HTTP/1 request line.
 * Bytes may be cut anywhere; what is beyond the cut is left absent.
 */
export function parseRequestHead(bytes: Uint8Array, start: number, end: number, head: RequestHead): boolean {
  clear(head.host);
  clear(head.userAgent);
  clear(head.traceparent);
  clear(head.tracestate);
  clear(head.baggage);
  head.repeated = false;
  clear(head.query);
  head.contentLength = -1;
  head.chunked = false;
  head.complete = false;
  head.length = 0;

  let at = start;
  while (at < end && isTokenByte(bytes[at])) at++;
  if (at === start || at >= end || bytes[at] !== SPACE) return false;
  head.method.start = start;
  head.method.end = at++;
  const target = at;
  while (at < end && bytes[at] > SPACE) at++;
  if (at === target) return false;
  splitTarget(bytes, target, at, head);
  const line = lineEnd(bytes, at, end);
  // A target longer than what was captured is cut there: a request line all the same.
  if (line < 0) return true;
  if (at + 8 > line || bytes[at + 1] !== 0x48 || bytes[at + 2] !== 0x54) return false;
  readHeaders(bytes, line + 1, end, head, requestHeader);
  if (head.complete) head.length -= start;
  return true;
}

/** splitTarget takes path and query from the request target: origin form, or absolute form as sent to a proxy. */
function splitTarget(bytes: Uint8Array, start: number, end: number, head: RequestHead): void {
  let path = start;
  if (bytes[start] !== 0x2f) {
    const scheme = indexOfByte(bytes, COLON, start, end);
    if (scheme > 0 && bytes[scheme + 1] === 0x2f && bytes[scheme + 2] === 0x2f) {
      const slash = indexOfByte(bytes, 0x2f, scheme + 3, end);
      head.host.start = scheme + 3;
      head.host.end = slash < 0 ? end : slash;
      path = slash < 0 ? end : slash;
    }
  }
  const query = indexOfByte(bytes, QUESTION, path, end);
  head.path.start = path;
  head.path.end = query < 0 ? end : query;
  if (query < 0) return;
  head.query.start = query + 1;
  head.query.end = end;
}

/** parseResponseHead fills `head` from bytes[start, end) and says whether they begin with an HTTP/1 status line. */
export function parseResponseHead(
  bytes: Uint8Array,
  start: number,
  end: number,
  head: ResponseHead,
): boolean {
  head.status = 0;
  head.contentLength = -1;
  head.chunked = false;
  head.close = false;
  head.complete = false;
  head.length = 0;
  // "HTTP/1.1 200": eight bytes of version, a space, three digits.
  if (start + 12 > end || bytes[start] !== 0x48 || bytes[start + 4] !== 0x2f || bytes[start + 5] !== 0x31)
    return false;
  for (let i = start + 9; i < start + 12; i++) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) return false;
    head.status = head.status * 10 + digit;
  }
  // HTTP/1.0 closes unless it says keep-alive, which only matters for a body without a length.
  head.close = bytes[start + 7] === 0x30;
  const line = lineEnd(bytes, start, end);
  if (line < 0) return true;
  readHeaders(bytes, line + 1, end, head, responseHeader);
  if (head.complete) head.length -= start;
  return true;
}

type HeaderReader<T> = (
  bytes: Uint8Array,
  name: number,
  nameEnd: number,
  value: number,
  valueEnd: number,
  head: T,
) => void;

function readHeaders<T extends { complete: boolean; length: number }>(
  bytes: Uint8Array,
  start: number,
  end: number,
  head: T,
  read: HeaderReader<T>,
): void {
  let at = start;
  while (at < end) {
    const newline = lineEnd(bytes, at, end);
    if (newline < 0) return;
    const stop = newline > at && bytes[newline - 1] === CR ? newline - 1 : newline;
    if (stop === at) {
      head.complete = true;
      head.length = newline + 1;
      return;
    }
    const colon = indexOfByte(bytes, COLON, at, stop);
    if (colon > 0) {
      let value = colon + 1;
      let valueEnd = stop;
      while (value < valueEnd && bytes[value] <= SPACE) value++;
      while (valueEnd > value && bytes[valueEnd - 1] <= SPACE) valueEnd--;
      read(bytes, at, colon, value, valueEnd, head);
    }
    at = newline + 1;
  }
}

const names = {
  host: ascii("host"),
  traceparent: ascii("traceparent"),
  tracestate: ascii("tracestate"),
  baggage: ascii("baggage"),
  userAgent: ascii("user-agent"),
  contentLength: ascii("content-length"),
  transferEncoding: ascii("transfer-encoding"),
  connection: ascii("connection"),
} as const;

/** listOf gives a list that a head has in one line or several, joined as RFC 9110 (section 5.3) has it; "" when there is none. */
export function listOf(
  bytes: Buffer,
  length: number,
  head: RequestHead,
  name: "tracestate" | "baggage",
): string {
  const { start, end } = head[name];
  if (!head.repeated || start < 0) return start < 0 ? "" : bytes.toString("latin1", start, end);
  const lines = bytes.toString("latin1", 0, length).split("\n").slice(1);
  const values = lines
    .filter((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`)
    .map((line) => line.slice(name.length + 1).trim());
  return values.join(",");
}

/** add notes a line of a list; the last one stays. */
function add(head: RequestHead, target: Piece, value: number, valueEnd: number): void {
  if (target.start >= 0) head.repeated = true;
  set(target, value, valueEnd);
}

function requestHeader(
  b: Uint8Array,
  name: number,
  nameEnd: number,
  value: number,
  valueEnd: number,
  head: RequestHead,
): void {
  // The length tells nearly all headers apart before a byte is compared.
  switch (nameEnd - name) {
    case 4:
      if (head.host.start < 0 && equalsFolded(b, name, names.host)) set(head.host, value, valueEnd);
      return;
    case 7:
      if (equalsFolded(b, name, names.baggage)) add(head, head.baggage, value, valueEnd);
      return;
    case 10:
      if (equalsFolded(b, name, names.userAgent)) set(head.userAgent, value, valueEnd);
      else if (equalsFolded(b, name, names.tracestate)) add(head, head.tracestate, value, valueEnd);
      return;
    case 11:
      if (equalsFolded(b, name, names.traceparent)) set(head.traceparent, value, valueEnd);
      return;
    case 14:
      if (equalsFolded(b, name, names.contentLength)) head.contentLength = decimal(b, value, valueEnd);
      return;
    case 17:
      if (equalsFolded(b, name, names.transferEncoding)) head.chunked = endsWithChunked(b, value, valueEnd);
      return;
    default:
  }
}

function responseHeader(
  b: Uint8Array,
  name: number,
  nameEnd: number,
  value: number,
  valueEnd: number,
  head: ResponseHead,
): void {
  switch (nameEnd - name) {
    case 10:
      if (equalsFolded(b, name, names.connection)) head.close = ((b[value] | 0x20) & 0xff) === 0x63;
      return;
    case 14:
      if (equalsFolded(b, name, names.contentLength)) head.contentLength = decimal(b, value, valueEnd);
      return;
    case 17:
      if (equalsFolded(b, name, names.transferEncoding)) head.chunked = endsWithChunked(b, value, valueEnd);
      return;
    default:
  }
}

function set(target: Piece, start: number, end: number): void {
  target.start = start;
  target.end = end;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** equalsFolded compares with a lower-case name; only letters differ by 0x20 among the bytes that headers use. */
function equalsFolded(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = bytes[at + i];
    if (c !== name[i] && (c | 0x20) !== name[i]) return false;
  }
  return true;
}

const chunkedWord = ascii("chunked");

/** The last coding decides (RFC 9112 section 6.3). */
function endsWithChunked(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= chunkedWord.length && equalsFolded(bytes, end - chunkedWord.length, chunkedWord);
}

/** decimal reads digits; -1 for anything else, or for more than a double holds exactly. */
function decimal(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > 15) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function indexOfByte(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === byte) return i;
  return -1;
}

function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  return indexOfByte(bytes, LF, start, end);
}

/** Token bytes of RFC 9110 section 5.6.2 as far as methods use them: letters and a few signs. */
function isTokenByte(c: number): boolean {
  return (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 45 || c === 95;
}
