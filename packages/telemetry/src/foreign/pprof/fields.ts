import { WireReader } from "../../wire/reader.js";
import { WIRE } from "../../wire/types.js";

/** PPROF names the fields of pprof's Profile message (google/pprof, proto/profile.proto). */
export const PPROF = {
  SAMPLE_TYPE: 1,
  SAMPLE: 2,
  MAPPING: 3,
  LOCATION: 4,
  FUNCTION: 5,
  STRING: 6,
  TIME: 9,
  DURATION: 10,
  PERIOD_TYPE: 11,
  PERIOD: 12,
  /** HIGH times the high half plus the low one is an id as a number; two of them differ if they are below 2^53. */
  HIGH: 2 ** 32,
} as const;

type Halves = readonly [lo: number, hi: number];
type Pair = readonly [type: number, unit: number];

/** PprofFields finds what a pprof profile consists of: lists of ranges (start, end, start, end, …), and ids by position. */
export class PprofFields {
  readonly bytes: Uint8Array;
  readonly types: Pair[] = [];
  readonly strings: number[] = [];
  readonly samples: number[] = [];
  readonly mappings: number[] = [];
  readonly locations: number[] = [];
  readonly functions: number[] = [];
  readonly mappingIds = new Map<number, number>();
  readonly locationIds = new Map<number, number>();
  readonly functionIds = new Map<number, number>();
  time: Halves = [0, 0];
  duration: Halves = [0, 0];
  periodType: Pair = [0, 0];
  period: Halves = [0, 0];
  private readonly reader: WireReader;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    const reader = new WireReader(bytes);
    this.reader = new WireReader(bytes);
    for (let field = reader.next(); field !== 0; field = reader.next()) this.field(reader, field);
  }

  /** text gives a string; an index outside of the table is "". */
  text(index: number): string {
    const { buffer, byteOffset, byteLength } = this.bytes;
    const start = this.strings[2 * index];
    if (start === undefined) return "";
    return Buffer.from(buffer, byteOffset, byteLength).toString("utf8", start, this.strings[2 * index + 1]);
  }

  /** each calls with a reader in front of each message of a list of ranges. */
  each(ranges: readonly number[], read: (reader: WireReader) => void): void {
    for (let i = 0; i < ranges.length; i += 2) {
      this.reader.pos = ranges[i] ?? 0;
      this.reader.end = ranges[i + 1] ?? 0;
      read(this.reader);
    }
  }

  private field(reader: WireReader, field: number): void {
    switch (field) {
      case PPROF.SAMPLE_TYPE:
        reader.expect(WIRE.BYTES, field);
        this.types.push(pairOf(reader));
        return;
      case PPROF.PERIOD_TYPE:
        reader.expect(WIRE.BYTES, field);
        this.periodType = pairOf(reader);
        return;
      case PPROF.TIME:
      case PPROF.DURATION:
      case PPROF.PERIOD: {
        reader.expect(WIRE.VARINT, field);
        reader.varint64();
        const halves: Halves = [reader.lo, reader.hi];
        if (field === PPROF.TIME) this.time = halves;
        else if (field === PPROF.DURATION) this.duration = halves;
        else this.period = halves;
        return;
      }
      case PPROF.STRING:
        this.range(reader, field, this.strings);
        return;
      case PPROF.SAMPLE:
        this.range(reader, field, this.samples);
        return;
      case PPROF.MAPPING:
        this.range(reader, field, this.mappings, this.mappingIds);
        return;
      case PPROF.LOCATION:
        this.range(reader, field, this.locations, this.locationIds);
        return;
      case PPROF.FUNCTION:
        this.range(reader, field, this.functions, this.functionIds);
        return;
      default:
        reader.skip();
    }
  }

  private range(reader: WireReader, field: number, into: number[], ids?: Map<number, number>): void {
    reader.expect(WIRE.BYTES, field);
    const length = reader.length();
    const start = reader.pos;
    reader.pos += length;
    into.push(start, reader.pos);
    if (ids === undefined) return;
    const own = this.reader;
    own.pos = start;
    own.end = reader.pos;
    for (let inner = own.next(); inner !== 0; inner = own.next()) {
      if (inner !== 1) {
        own.skip();
        continue;
      }
      own.expect(WIRE.VARINT, inner);
      own.varint64();
      ids.set(own.hi * PPROF.HIGH + own.lo, into.length / 2 - 1);
    }
  }
}

/** pairOf reads a ValueType whose length comes next. */
function pairOf(reader: WireReader): Pair {
  const outer = reader.enter();
  let type = 0;
  let unit = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field > 2) {
      reader.skip();
      continue;
    }
    reader.expect(WIRE.VARINT, field);
    if (field === 1) type = reader.uint32();
    else unit = reader.uint32();
  }
  reader.leave(outer);
  return [type, unit];
}

/** isId tells whether a label's text is an id in hexadecimal. */
export function isId(text: string, digits: number): boolean {
  return text.length === digits && /^[0-9a-f]+$/i.test(text);
}
