import { FUSED, malformed, WIRE, WireReader } from "@go3s/telemetry";
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

/** Fields of Span and of Resource that hold their attributes. */
const SPAN_ATTRIBUTES = 9;
const RESOURCE_ATTRIBUTES = 1;

/** resolved puts the attributes that a message names by number into it: alone it is without the dictionary. */
function resolved({ bytes, entries }: ScannedRequest, message: Uint8Array, attributes: number): Uint8Array {
  if (entries.length === 0) return message;
  const reader = new WireReader(message);
  const parts: Uint8Array[] = [];
  for (let at = 0, number = reader.next(); number !== 0; at = reader.pos, number = reader.next()) {
    if (number !== FUSED.REFS || reader.wireType !== WIRE.BYTES) {
      reader.skip();
      parts.push(message.subarray(at, reader.pos));
      continue;
    }
    const outer = reader.enter();
    while (reader.pos < reader.end) {
      const place = reader.pos;
      const entry = 2 * reader.uint32();
      if (entry >= entries.length)
        throw malformed(place, `there is no attribute ${entry / 2} in the dictionary`);
      parts.push(field(attributes, [bytes.subarray(entries[entry], entries[entry + 1])]));
    }
    reader.leave(outer);
  }
  return Buffer.concat(parts);
}

/** resolvedResource does the same for the Resource among the fields of a ResourceSpans. */
function resolvedResource(request: ScannedRequest, fields: Uint8Array): Uint8Array {
  if (request.entries.length === 0) return fields;
  const reader = new WireReader(fields);
  const parts: Uint8Array[] = [];
  for (let at = 0, number = reader.next(); number !== 0; at = reader.pos, number = reader.next()) {
    if (number === 1 && reader.wireType === WIRE.BYTES)
      parts.push(field(1, [resolved(request, reader.range(), RESOURCE_ATTRIBUTES)]));
    else {
      reader.skip();
      parts.push(fields.subarray(at, reader.pos));
    }
  }
  return Buffer.concat(parts);
}

/** aloneOf copies one span into a request of its own (a ResourceSpans), which outlives the bytes it came in. */
export function aloneOf(request: ScannedRequest, index: number): Buffer {
  const { bytes, scopes, spans } = request;
  const at = index * COLUMNS;
  const scope = scopes[spans[at + COLUMN.SCOPE] ?? 0];
  if (scope === undefined) return Buffer.alloc(0);
  const own = bytes.subarray(spans[at + COLUMN.START], spans[at + COLUMN.END]);
  const shared = spans[at + COLUMN.SHARED] ?? NONE;
  const content = shared === NONE ? resolved(request, own, SPAN_ATTRIBUTES) : own;
  let items = [field(2, [content])];
  if (shared !== NONE) {
    const row = Buffer.from(content);
    row.writeUInt32LE(0, FUSED.ROW.SHARED);
    const part = resolved(
      request,
      bytes.subarray(scope.shared[2 * shared], scope.shared[2 * shared + 1]),
      SPAN_ATTRIBUTES,
    );
    items = [field(FUSED.SHARED, [part]), field(FUSED.ROWS, [row])];
  }
  const resource = Buffer.concat(pieces(bytes, scope.resource));
  return field(1, [resolvedResource(request, resource), field(2, [...pieces(bytes, scope.rest), ...items])]);
}
