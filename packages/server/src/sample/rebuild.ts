import { FUSED, WIRE, WireReader } from "@go3s/telemetry";
import { COLUMN, COLUMNS, NONE, type Ranges, type ScannedRequest, type ScannedScope } from "./scan.js";
import { type Threshold, withThreshold } from "./threshold.js";

/** TAKE says what becomes of a span: it goes on as it is, with a threshold in its trace state, or not. */
export const TAKE = { NO: 0, AS_IT_IS: 1, WITH_THRESHOLD: 2 } as const;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80);
  bytes.push(left);
  return Buffer.from(bytes);
}

/** field makes a length-delimited field of pieces. */
export function field(number: number, pieces: readonly Uint8Array[]): Buffer {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return Buffer.concat([varint(number * 8 + 2), varint(length), ...pieces]);
}

function pieces(bytes: Uint8Array, ranges: Ranges): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let i = 0; i < ranges.length; i += 2) found.push(bytes.subarray(ranges[i], ranges[i + 1]));
  return found;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return start === end
    ? ""
    : Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

/** stateOf gives a span's trace state. */
export function stateOf({ bytes, spans }: ScannedRequest, index: number): string {
  const at = index * COLUMNS;
  return textOf(bytes, spans[at + COLUMN.STATE_START] ?? 0, spans[at + COLUMN.STATE_END] ?? 0);
}

/** marked adds a trace state to a span's fields: of a field that comes twice the last one counts. */
function marked(content: Uint8Array, state: string, threshold: Threshold): Uint8Array[] {
  const next = withThreshold(state, threshold);
  return next === state ? [content] : [content, field(3, [Buffer.from(next, "latin1")])];
}

/**
 * keptOf gives the request without the spans that are not taken, or undefined when none is. `take` has TAKE for each span. The
 * very same bytes come back when all are taken as they are.
 */
export function keptOf(
  request: ScannedRequest,
  take: Uint8Array,
  threshold: Threshold,
): Uint8Array | undefined {
  const { bytes, rest, scopes, spans, count } = request;
  let kept = 0;
  let plain = 0;
  for (let i = 0; i < count; i++) {
    if (take[i] !== TAKE.NO) kept++;
    if (take[i] === TAKE.AS_IT_IS) plain++;
  }
  if (plain === count) return bytes;
  if (kept === 0 && rest.length === 0) return undefined;
  const resources = pieces(bytes, rest);
  let first = 0;
  for (const [number, scope] of scopes.entries()) {
    let end = first;
    while (end < count && spans[end * COLUMNS + COLUMN.SCOPE] === number) end++;
    const items = itemsOf(request, scope, take, threshold, first, end);
    if (items.length > 0) {
      const whole = field(2, [...pieces(bytes, scope.rest), ...items]);
      resources.push(field(1, [...pieces(bytes, scope.resource), whole]));
    }
    first = end;
  }
  return Buffer.concat(resources);
}

function itemsOf(
  { bytes, spans }: ScannedRequest,
  scope: ScannedScope,
  take: Uint8Array,
  threshold: Threshold,
  first: number,
  end: number,
): Uint8Array[] {
  const items: Uint8Array[] = [];
  const rows: Buffer[] = [];
  const parts = scope.shared.length / 2;
  for (let i = first; i < end; i++) {
    if (take[i] === TAKE.NO) continue;
    const at = i * COLUMNS;
    const content = bytes.subarray(spans[at + COLUMN.START], spans[at + COLUMN.END]);
    const shared = spans[at + COLUMN.SHARED] ?? NONE;
    if (shared !== NONE) {
      const row = Buffer.from(content);
      // Behind the parts as they are stand the same with the threshold.
      row.writeUInt32LE(take[i] === TAKE.WITH_THRESHOLD ? parts + shared : shared, FUSED.ROW.SHARED);
      rows.push(row);
    } else if (take[i] === TAKE.WITH_THRESHOLD) {
      const state = textOf(bytes, spans[at + COLUMN.STATE_START] ?? 0, spans[at + COLUMN.STATE_END] ?? 0);
      items.push(field(2, marked(content, state, threshold)));
    } else items.push(field(2, [content]));
  }
  if (rows.length === 0) return items;
  const contents = pieces(bytes, scope.shared);
  for (const content of contents) items.push(field(FUSED.SHARED, [content]));
  for (const [i, content] of contents.entries()) {
    const state = textOf(bytes, scope.state[2 * i] ?? 0, scope.state[2 * i + 1] ?? 0);
    items.push(field(FUSED.SHARED, marked(content, state, threshold)));
  }
  items.push(field(FUSED.ROWS, rows));
  return items;
}

const NOTHING = new Uint8Array(0);

/**
 * waitingOf gives the request with the spans only for which `take` has TAKE.NO, as they are, or undefined for none: of a fused one
 * its dictionary too, but neither logs nor metrics. `before` stands before it, in memory that `lend` gives. Runs of spans are copied at once: it costs a tenth of what keptOf does.
 */
export function waitingOf(
  request: ScannedRequest,
  take: Uint8Array,
  before: Uint8Array = NOTHING,
  lend: (size: number) => Buffer = Buffer.allocUnsafe,
): Buffer | undefined {
  const { bytes, fused, rest, scopes, spans, count } = request;
  const parts: Uint8Array[] = [before, ...(fused ? dictionaryOf(bytes, rest) : [])];
  const none = parts.length;
  let first = 0;
  for (const [number, scope] of scopes.entries()) {
    let end = first;
    while (end < count && spans[end * COLUMNS + COLUMN.SCOPE] === number) end++;
    const items = waitingItems(request, scope, take, first, end);
    first = end;
    if (items.length === 0) continue;
    const inner = [...pieces(bytes, scope.rest), ...items];
    const scopeHead = head(2, lengthOf(inner));
    const resource = pieces(bytes, scope.resource);
    const length = lengthOf(resource) + scopeHead.length + lengthOf(inner);
    parts.push(head(1, length), ...resource, scopeHead, ...inner);
  }
  if (parts.length === none) return undefined;
  const length = lengthOf(parts);
  const all = lend(length).subarray(0, length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function waitingItems(
  { bytes, spans }: ScannedRequest,
  scope: ScannedScope,
  take: Uint8Array,
  first: number,
  end: number,
): Uint8Array[] {
  const items: Uint8Array[] = [];
  const rows: Uint8Array[] = [];
  let runStart = -1;
  let runEnd = -1;
  for (let i = first; i < end; i++) {
    if (take[i] !== TAKE.NO) continue;
    const at = i * COLUMNS;
    const start = spans[at + COLUMN.START] ?? 0;
    const stop = spans[at + COLUMN.END] ?? 0;
    if ((spans[at + COLUMN.SHARED] ?? NONE) !== NONE) {
      rows.push(bytes.subarray(start, stop));
      continue;
    }
    const tag = tagBefore(bytes, start, stop - start);
    if (tag === runEnd) {
      runEnd = stop;
      continue;
    }
    if (runStart >= 0) items.push(bytes.subarray(runStart, runEnd));
    runStart = runEnd = -1;
    if (tag < 0) items.push(field(2, [bytes.subarray(start, stop)]));
    else [runStart, runEnd] = [tag, stop];
  }
  if (runStart >= 0) items.push(bytes.subarray(runStart, runEnd));
  if (rows.length === 0) return items;
  const shared = pieces(bytes, scope.shared).map((content) => field(FUSED.SHARED, [content]));
  return [...items, ...shared, field(FUSED.ROWS, rows)];
}

const SPAN_TAG = (2 << 3) | WIRE.BYTES;

/** tagBefore gives where the field of a span begins, or -1 when its tag and length are not written in the shortest way. */
function tagBefore(bytes: Uint8Array, start: number, length: number): number {
  let at = start;
  let left = length;
  const digits =
    length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : length < 0x1000_0000 ? 4 : 5;
  at -= digits;
  for (let i = 0; i < digits; i++) {
    const digit = (left % 128) | (i < digits - 1 ? 0x80 : 0);
    if (bytes[at + i] !== digit) return -1;
    left = Math.floor(left / 128);
  }
  return at > 0 && bytes[at - 1] === SPAN_TAG ? at - 1 : -1;
}

function head(number: number, length: number): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(length)]);
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** dictionaryOf gives those of the fields beside spans that are the dictionary's. */
function dictionaryOf(bytes: Uint8Array, rest: Ranges): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const part of pieces(bytes, rest)) {
    const reader = new WireReader(part);
    if (reader.next() === FUSED.DICTIONARY) found.push(part);
  }
  return found;
}
