import { FUSED, malformed, WIRE, WireReader } from "@go3s/telemetry";

/** FLAG are what is known of a span, as bits. */
export const FLAG = { ERROR: 1, SLOW: 2, CRITICAL: 4, ROOT: 8, NO_ID: 16 } as const;

/** Ranges are starts and ends, one behind the other. */
export type Ranges = number[];

/** ScannedScope is one ScopeSpans of a request: where everything but its spans lies. */
export interface ScannedScope {
  readonly resource: Ranges;
  readonly rest: Ranges;
  /** shared are the shared parts of a fused scope: content without tag and length. */
  readonly shared: Ranges;
  /** state are the trace states of the shared parts. */
  readonly state: Ranges;
}

/** COLUMN are the numbers that a span has in ScannedRequest.spans. */
export const COLUMN = {
  START: 0,
  END: 1,
  TRACE: 2,
  SCOPE: 3,
  SHARED: 4,
  FLAGS: 5,
  STATE_START: 6,
  STATE_END: 7,
} as const;

/** COLUMNS is how many there are. */
export const COLUMNS = 8;

/** ScannedRequest is a request taken apart: numbers for each span, no object. */
export interface ScannedRequest {
  readonly bytes: Uint8Array;
  readonly fused: boolean;
  /** rest is what the request has beside spans: of a fused one its dictionary, logs and metrics. */
  readonly rest: Ranges;
  /** entries are where the dictionary's entries lie, without tag and length. */
  readonly entries: Ranges;
  readonly scopes: readonly ScannedScope[];
  /** spans holds COLUMNS numbers for each span; SHARED is -1 for a span of its own, whose range is the message. */
  readonly spans: Uint32Array;
  readonly count: number;
}

/** ScanOptions say what is slow and what is critical. */
export interface ScanOptions {
  /** slow_ns marks spans that last as long, 0 none. */
  readonly slow_ns: number;
  /** critical is the attribute that marks a span when it is true. */
  readonly critical: string;
}

/** NONE is what SHARED has for a span of its own. */
export const NONE = 0xffff_ffff;

interface Facts {
  flags: number;
  trace: number;
  stateStart: number;
  stateEnd: number;
  startLo: number;
  startHi: number;
  endLo: number;
  endHi: number;
}

/** Scanner reads requests of spans only as far as sampling needs. */
export class Scanner {
  readonly #slow_ns: number;
  readonly #critical: Buffer;
  readonly #facts: Facts = {
    flags: 0,
    trace: 0,
    stateStart: 0,
    stateEnd: 0,
    startLo: 0,
    startHi: 0,
    endLo: 0,
    endHi: 0,
  };
  #spans = new Uint32Array(1024 * COLUMNS);
  #count = 0;
  readonly #criticalEntries = new Set<number>();

  constructor({ slow_ns, critical }: ScanOptions) {
    this.#slow_ns = slow_ns;
    this.#critical = Buffer.from(critical);
  }

  /** scan reads an ExportTraceServiceRequest; throws TelemetryError. What it gives is valid until the next call. */
  scan(bytes: Uint8Array, fused: boolean): ScannedRequest {
    this.#count = 0;
    const scopes: ScannedScope[] = [];
    const reader = new WireReader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const rest: Ranges = [];
    const entries: Ranges = [];
    this.#criticalEntries.clear();
    if (fused) this.#dictionary(reader, entries);
    for (let at = reader.pos, field = reader.next(); field !== 0; at = reader.pos, field = reader.next()) {
      if (field !== 1) {
        reader.skip();
        rest.push(at, reader.pos);
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      this.#resource(reader, fused, scopes);
      reader.leave(outer);
    }
    return { bytes: reader.bytes, fused, rest, entries, scopes, spans: this.#spans, count: this.#count };
  }

  /** dictionary finds the entries and which of them are critical; the reader stays where it is. */
  #dictionary(reader: WireReader, entries: Ranges): void {
    const start = reader.pos;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== FUSED.DICTIONARY) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      entries.push(reader.pos, reader.end);
      if (this.#isCritical(reader)) this.#criticalEntries.add(entries.length / 2 - 1);
      reader.leave(outer);
    }
    reader.pos = start;
  }

  #resource(reader: WireReader, fused: boolean, scopes: ScannedScope[]): void {
    const resource: Ranges = [];
    for (let at = reader.pos, field = reader.next(); field !== 0; at = reader.pos, field = reader.next()) {
      if (field !== 2) {
        reader.skip();
        resource.push(at, reader.pos);
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      const scope: ScannedScope = { resource, rest: [], shared: [], state: [] };
      scopes.push(scope);
      this.#scope(reader, fused, scope, scopes.length - 1);
      reader.leave(outer);
    }
  }

  #scope(reader: WireReader, fused: boolean, scope: ScannedScope, index: number): void {
    const flags: number[] = [];
    for (let at = reader.pos, field = reader.next(); field !== 0; at = reader.pos, field = reader.next()) {
      if (field === 2) {
        reader.expect(WIRE.BYTES, field);
        const outer = reader.enter();
        const start = reader.pos;
        const facts = this.#span(reader);
        this.#add(start, reader.end, index, NONE, facts);
        reader.leave(outer);
      } else if (fused && field === FUSED.SHARED) {
        reader.expect(WIRE.BYTES, field);
        const outer = reader.enter();
        scope.shared.push(reader.pos, reader.end);
        const facts = this.#span(reader);
        scope.state.push(facts.stateStart, facts.stateEnd);
        flags.push(facts.flags & (FLAG.ERROR | FLAG.CRITICAL));
        reader.leave(outer);
      } else if (fused && field === FUSED.ROWS) {
        reader.expect(WIRE.BYTES, field);
        const outer = reader.enter();
        this.#rows(reader, scope, index, flags);
        reader.leave(outer);
      } else {
        reader.skip();
        scope.rest.push(at, reader.pos);
      }
    }
  }

  #rows(reader: WireReader, scope: ScannedScope, index: number, flags: readonly number[]): void {
    const { ROW, ROW_BYTES } = FUSED;
    const { view } = reader;
    const facts = this.#facts;
    if ((reader.end - reader.pos) % ROW_BYTES !== 0)
      throw malformed(
        reader.pos,
        `${reader.end - reader.pos} bytes are no whole number of rows of ${ROW_BYTES} bytes`,
      );
    for (let at = reader.pos; at < reader.end; at += ROW_BYTES) {
      const shared = view.getUint32(at + ROW.SHARED, true);
      const known = flags[shared];
      if (known === undefined)
        throw malformed(at, `a row names shared part ${shared} of ${flags.length} before it`);
      facts.trace = at + ROW.TRACE_ID;
      facts.stateStart = scope.state[2 * shared] ?? 0;
      facts.stateEnd = scope.state[2 * shared + 1] ?? 0;
      facts.flags = known | (isZero(reader.bytes, at + ROW.PARENT_ID, 8) ? FLAG.ROOT : 0);
      facts.startLo = view.getUint32(at + ROW.START, true);
      facts.startHi = view.getUint32(at + ROW.START + 4, true);
      facts.endLo = view.getUint32(at + ROW.END, true);
      facts.endHi = view.getUint32(at + ROW.END + 4, true);
      this.#markSlow(facts);
      this.#add(at, at + ROW_BYTES, index, shared, facts);
    }
    reader.pos = reader.end;
  }

  #add(start: number, end: number, scope: number, shared: number, facts: Facts): void {
    const at = this.#count * COLUMNS;
    if (at === this.#spans.length) {
      const larger = new Uint32Array(2 * at);
      larger.set(this.#spans);
      this.#spans = larger;
    }
    const spans = this.#spans;
    spans[at + COLUMN.START] = start;
    spans[at + COLUMN.END] = end;
    spans[at + COLUMN.TRACE] = facts.trace;
    spans[at + COLUMN.SCOPE] = scope;
    spans[at + COLUMN.SHARED] = shared;
    spans[at + COLUMN.FLAGS] = facts.flags;
    spans[at + COLUMN.STATE_START] = facts.stateStart;
    spans[at + COLUMN.STATE_END] = facts.stateEnd;
    this.#count++;
  }

  /** span reads what sampling needs of a Span that has been entered (trace.proto's field numbers). */
  #span(reader: WireReader): Facts {
    const facts = this.#facts;
    facts.flags = FLAG.ROOT | FLAG.NO_ID;
    facts.stateStart = facts.stateEnd = 0;
    facts.startLo = facts.startHi = facts.endLo = facts.endHi = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1 && reader.wireType === WIRE.BYTES) {
        const length = reader.length();
        facts.trace = reader.pos;
        if (length === 16) facts.flags &= ~FLAG.NO_ID;
        else facts.flags |= FLAG.NO_ID;
        reader.pos += length;
      } else if (field === 3 && reader.wireType === WIRE.BYTES) {
        const length = reader.length();
        facts.stateStart = reader.pos;
        facts.stateEnd = reader.pos += length;
      } else if (field === 4 && reader.wireType === WIRE.BYTES) {
        const length = reader.length();
        if (length > 0 && !isZero(reader.bytes, reader.pos, length)) facts.flags &= ~FLAG.ROOT;
        reader.pos += length;
      } else if (field === 7 && reader.wireType === WIRE.FIXED64) {
        reader.fixed64();
        facts.startLo = reader.lo;
        facts.startHi = reader.hi;
      } else if (field === 8 && reader.wireType === WIRE.FIXED64) {
        reader.fixed64();
        facts.endLo = reader.lo;
        facts.endHi = reader.hi;
      } else if (field === 9 && reader.wireType === WIRE.BYTES) {
        const outer = reader.enter();
        if (this.#isCritical(reader)) facts.flags |= FLAG.CRITICAL;
        reader.leave(outer);
      } else if (field === 15 && reader.wireType === WIRE.BYTES) {
        const outer = reader.enter();
        if (isErrorStatus(reader)) facts.flags |= FLAG.ERROR;
        reader.leave(outer);
      } else if (field === FUSED.REFS && this.#criticalEntries.size > 0 && reader.wireType === WIRE.BYTES) {
        const outer = reader.enter();
        while (reader.pos < reader.end)
          if (this.#criticalEntries.has(reader.uint32())) facts.flags |= FLAG.CRITICAL;
        reader.leave(outer);
      } else reader.skip();
    }
    this.#markSlow(facts);
    return facts;
  }

  #markSlow(facts: Facts): void {
    if (this.#slow_ns === 0) return;
    const lasted_ns = (facts.endHi - facts.startHi) * 2 ** 32 + (facts.endLo - facts.startLo);
    if (lasted_ns >= this.#slow_ns) facts.flags |= FLAG.SLOW;
  }

  /** isCritical tells whether a KeyValue is the attribute, and true. */
  #isCritical(reader: WireReader): boolean {
    // Nearly all keys are of another length: it stands in the second byte of what every encoder writes.
    const { bytes, pos } = reader;
    const length = bytes[pos + 1] ?? 0;
    if (bytes[pos] === KEY_TAG && length < 0x80 && length !== this.#critical.length && pos + 1 < reader.end) {
      reader.pos = reader.end;
      return false;
    }
    let isNamed = false;
    let isTrue = false;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1 && reader.wireType === WIRE.BYTES) {
        const length = reader.length();
        isNamed = length === this.#critical.length && isSame(reader.bytes, reader.pos, this.#critical);
        reader.pos += length;
      } else if (field === 2 && isNamed && reader.wireType === WIRE.BYTES) {
        const outer = reader.enter();
        isTrue = isTrueValue(reader);
        reader.leave(outer);
      } else reader.skip();
    }
    return isNamed && isTrue;
  }
}

/** KEY_TAG is the tag of KeyValue's key. */
const KEY_TAG = (1 << 3) | WIRE.BYTES;
const TRUE = Buffer.from("true");

/** isTrueValue reads an AnyValue: the boolean, or the word, as senders without booleans write it. */
function isTrueValue(reader: WireReader): boolean {
  let isTrue = false;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2 && reader.wireType === WIRE.VARINT) isTrue = reader.uint32() !== 0;
    else if (field === 1 && reader.wireType === WIRE.BYTES) {
      const length = reader.length();
      isTrue = length === TRUE.length && isSame(reader.bytes, reader.pos, TRUE);
      reader.pos += length;
    } else reader.skip();
  }
  return isTrue;
}

function isErrorStatus(reader: WireReader): boolean {
  let code = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 3 && reader.wireType === WIRE.VARINT) code = reader.uint32();
    else reader.skip();
  }
  return code === 2;
}

function isZero(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (bytes[i] !== 0) return false;
  return true;
}

function isSame(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}
