import { FUSED, WIRE, type WireReader } from "@go3s/telemetry";
import type { NamedColumn } from "../columns/block.js";
import { Float64Column, Int32Column, Int64Column, UInt32Column } from "../columns/fixed.js";
import { NestedColumn } from "../columns/nested.js";
import type { AttributeRefs } from "./attribute-refs.js";
import { ExemplarsColumn, int64Number } from "./exemplars.js";
import { pushTime } from "./id-check.js";
import { PackedAttributes } from "./packed-attributes.js";

type Counts = NestedColumn<readonly [Int64Column]>;
type Doubles = NestedColumn<readonly [Float64Column]>;

const counts = (): Counts => new NestedColumn("Array(UInt64)", [new Int64Column("UInt64")]);
const doubles = (): Doubles => new NestedColumn("Array(Float64)", [new Float64Column()]);

/** POINT gives the numbers that the metrics table's `type` has for each kind of point. */
export const POINT = { GAUGE: 1, SUM: 2, HISTOGRAM: 3, EXPONENTIAL: 4, SUMMARY: 5 } as const;

/** PointKind is one of POINT. */
export type PointKind = (typeof POINT)[keyof typeof POINT];

interface PointFields {
  readonly attributes: number;
  readonly exemplars: number;
  readonly flags: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** Where the kinds of points differ in field numbers (metrics.proto); -1: they have no such field. */
const FIELDS: Readonly<Record<PointKind, PointFields>> = {
  1: { attributes: 7, exemplars: 5, flags: 8, sum: -1, min: -1, max: -1 },
  2: { attributes: 7, exemplars: 5, flags: 8, sum: -1, min: -1, max: -1 },
  3: { attributes: 9, exemplars: 8, flags: 10, sum: 5, min: 11, max: 12 },
  4: { attributes: 1, exemplars: 11, flags: 10, sum: 5, min: 12, max: 13 },
  5: { attributes: 7, exemplars: -1, flags: 8, sum: 5, min: -1, max: -1 },
};

/**
 * PointColumns are the columns that each data point fills by itself. What a kind of point does not have is 0 or
 * empty; the optional sum, min and max of a histogram are NaN when absent, which ClickHouse shows as null in JSON.
 */
export class PointColumns {
  private readonly times = new Int64Column("Int64");
  private readonly startTimes = new Int64Column("Int64");
  private readonly values = new Float64Column();
  private readonly flags = new UInt32Column();
  private readonly attributes = new PackedAttributes();
  private readonly counts = new Int64Column("UInt64");
  private readonly sums = new Float64Column();
  private readonly minima = new Float64Column();
  private readonly maxima = new Float64Column();
  private readonly bucketCounts = counts();
  private readonly bounds = doubles();
  private readonly scales = new Int32Column();
  private readonly zeroCounts = new Int64Column("UInt64");
  private readonly zeroThresholds = new Float64Column();
  private readonly positiveOffsets = new Int32Column();
  private readonly positiveCounts = counts();
  private readonly negativeOffsets = new Int32Column();
  private readonly negativeCounts = counts();
  private readonly quantiles = doubles();
  private readonly quantileValues = doubles();
  private readonly exemplars = new ExemplarsColumn();
  private value = 0;
  private countLo = 0;
  private countHi = 0;
  private zeroLo = 0;
  private zeroHi = 0;
  private zeroThreshold = 0;
  private scale = 0;
  private positiveOffset = 0;
  private negativeOffset = 0;

  readonly named: readonly NamedColumn[] = [
    { name: "timestamp_ns", column: this.times },
    { name: "start_timestamp_ns", column: this.startTimes },
    { name: "value", column: this.values },
    { name: "flags", column: this.flags },
    ...this.attributes.named,
    { name: "count", column: this.counts },
    { name: "sum", column: this.sums },
    { name: "min", column: this.minima },
    { name: "max", column: this.maxima },
    { name: "bucket_counts", column: this.bucketCounts },
    { name: "explicit_bounds", column: this.bounds },
    { name: "scale", column: this.scales },
    { name: "zero_count", column: this.zeroCounts },
    { name: "zero_threshold", column: this.zeroThresholds },
    { name: "positive_offset", column: this.positiveOffsets },
    { name: "positive_bucket_counts", column: this.positiveCounts },
    { name: "negative_offset", column: this.negativeOffsets },
    { name: "negative_bucket_counts", column: this.negativeCounts },
    { name: "quantiles", column: this.quantiles },
    { name: "quantile_values", column: this.quantileValues },
    { name: "exemplars", column: this.exemplars },
  ];

  /** pushPoint appends the data point that the reader has entered; `refs` are those of a fused request. */
  pushPoint(reader: WireReader, kind: PointKind, refs: AttributeRefs | undefined): void {
    const fields = FIELDS[kind];
    const absent = kind === POINT.HISTOGRAM || kind === POINT.EXPONENTIAL ? Number.NaN : 0;
    let timeLo = 0;
    let timeHi = 0;
    let startLo = 0;
    let startHi = 0;
    let flags = 0;
    let sum = absent;
    let min = absent;
    let max = absent;
    this.value = this.scale = this.positiveOffset = this.negativeOffset = 0;
    this.countLo = this.countHi = this.zeroLo = this.zeroHi = this.zeroThreshold = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === fields.attributes) {
        reader.expect(WIRE.BYTES, field);
        this.attributes.pushAttribute(reader);
      } else if (field === 2 || field === 3) {
        reader.expect(WIRE.FIXED64, field);
        reader.fixed64();
        if (field === 3) {
          timeLo = reader.lo;
          timeHi = reader.hi;
        } else {
          startLo = reader.lo;
          startHi = reader.hi;
        }
      } else if (field === fields.flags) {
        reader.expect(WIRE.VARINT, field);
        flags = reader.uint32();
      } else if (field === fields.exemplars) {
        reader.expect(WIRE.BYTES, field);
        this.exemplars.pushExemplar(reader);
      } else if (field === fields.sum || field === fields.min || field === fields.max) {
        reader.expect(WIRE.FIXED64, field);
        const number = reader.double();
        if (field === fields.sum) sum = number;
        else if (field === fields.min) min = number;
        else max = number;
      } else if (field === FUSED.REFS && refs !== undefined) refs.push(reader, this.attributes);
      else if (kind <= POINT.SUM) this.readNumber(reader, field);
      else if (field === 4) {
        reader.expect(WIRE.FIXED64, field);
        reader.fixed64();
        this.countLo = reader.lo;
        this.countHi = reader.hi;
      } else if (kind === POINT.HISTOGRAM) this.readHistogram(reader, field);
      else if (kind === POINT.EXPONENTIAL) this.readExponential(reader, field);
      else this.readSummary(reader, field);
    }
    pushTime(this.times, timeLo, timeHi);
    pushTime(this.startTimes, startLo, startHi);
    this.flags.push(flags);
    this.sums.push(sum);
    this.minima.push(min);
    this.maxima.push(max);
    this.endPoint();
  }

  private endPoint(): void {
    this.values.push(this.value);
    this.counts.push(this.countLo, this.countHi);
    this.scales.push(this.scale);
    this.zeroCounts.push(this.zeroLo, this.zeroHi);
    this.zeroThresholds.push(this.zeroThreshold);
    this.positiveOffsets.push(this.positiveOffset);
    this.negativeOffsets.push(this.negativeOffset);
    this.attributes.endRow();
    this.bucketCounts.endRow();
    this.bounds.endRow();
    this.positiveCounts.endRow();
    this.negativeCounts.endRow();
    this.quantiles.endRow();
    this.quantileValues.endRow();
    this.exemplars.endRow();
  }

  private readNumber(reader: WireReader, field: number): void {
    if (field !== 4 && field !== 6) {
      reader.skip();
      return;
    }
    reader.expect(WIRE.FIXED64, field);
    if (field === 4) this.value = reader.double();
    else {
      reader.fixed64();
      this.value = int64Number(reader.lo, reader.hi);
    }
  }

  private readHistogram(reader: WireReader, field: number): void {
    if (field === 6) readCounts(reader, this.bucketCounts, field, WIRE.FIXED64);
    else if (field === 7) readDoubles(reader, this.bounds, field);
    else reader.skip();
  }

  private readExponential(reader: WireReader, field: number): void {
    if (field === 6) {
      reader.expect(WIRE.VARINT, field);
      this.scale = zigzag(reader.uint32());
    } else if (field === 7) {
      reader.expect(WIRE.FIXED64, field);
      reader.fixed64();
      this.zeroLo = reader.lo;
      this.zeroHi = reader.hi;
    } else if (field === 8 || field === 9) {
      reader.expect(WIRE.BYTES, field);
      if (field === 8) this.positiveOffset = readBuckets(reader, this.positiveCounts, this.positiveOffset);
      else this.negativeOffset = readBuckets(reader, this.negativeCounts, this.negativeOffset);
    } else if (field === 14) {
      reader.expect(WIRE.FIXED64, field);
      this.zeroThreshold = reader.double();
    } else reader.skip();
  }

  private readSummary(reader: WireReader, field: number): void {
    if (field !== 6) {
      reader.skip();
      return;
    }
    reader.expect(WIRE.BYTES, field);
    const outer = reader.enter();
    let quantile = 0;
    let value = 0;
    for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
      if (inner > 2) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.FIXED64, inner);
      if (inner === 1) quantile = reader.double();
      else value = reader.double();
    }
    reader.leave(outer);
    this.quantiles.items[0].push(quantile);
    this.quantileValues.items[0].push(value);
  }
}

function zigzag(coded: number): number {
  return (coded >>> 1) ^ -(coded & 1);
}

function readBuckets(reader: WireReader, column: Counts, before: number): number {
  reader.expect(WIRE.BYTES, reader.wireType);
  const outer = reader.enter();
  let offset = before;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) {
      reader.expect(WIRE.VARINT, field);
      offset = zigzag(reader.uint32());
    } else if (field === 2) readCounts(reader, column, field, WIRE.VARINT);
    else reader.skip();
  }
  reader.leave(outer);
  return offset;
}

/** readCounts reads repeated 64-bit counts, packed (a list in one field) or one by one. */
function readCounts(reader: WireReader, column: Counts, field: number, wireType: number): void {
  const [values] = column.items;
  const packed = reader.wireType === WIRE.BYTES;
  if (!packed) reader.expect(wireType, field);
  const outer = packed ? reader.enter() : reader.end;
  do {
    if (packed && reader.pos >= reader.end) break;
    if (wireType === WIRE.VARINT) reader.varint64();
    else reader.fixed64();
    values.push(reader.lo, reader.hi);
  } while (packed);
  if (packed) reader.leave(outer);
}

function readDoubles(reader: WireReader, column: Doubles, field: number): void {
  const [values] = column.items;
  if (reader.wireType !== WIRE.BYTES) {
    reader.expect(WIRE.FIXED64, field);
    values.push(reader.double());
    return;
  }
  const outer = reader.enter();
  while (reader.pos < reader.end) values.push(reader.double());
  reader.leave(outer);
}
