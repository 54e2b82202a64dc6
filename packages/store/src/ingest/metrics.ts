import { WIRE, type WireReader } from "@go3s/telemetry";
import { UInt8Column } from "../columns/fixed.js";
import { WordColumn } from "../columns/word.js";
import { typeOf } from "../schema/column-type.js";
import { POINT, PointColumns, type PointKind } from "./point-columns.js";
import { type IngestOptions, SignalIngest } from "./signal-ingest.js";

const MAX_TEMPORALITY = 2;
/** KINDS[field of Metric] is the kind of its points (metrics.proto). */
const KINDS: readonly (PointKind | undefined)[] = [
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  POINT.GAUGE,
  undefined,
  POINT.SUM,
  undefined,
  POINT.HISTOGRAM,
  POINT.EXPONENTIAL,
  POINT.SUMMARY,
];

/** MetricsIngest decodes ExportMetricsServiceRequest: a row per data point. A metric without points makes no row. */
export class MetricsIngest extends SignalIngest {
  private readonly points = new PointColumns();
  private readonly names = new WordColumn();
  private readonly descriptions = new WordColumn();
  private readonly units = new WordColumn();
  private readonly types = new UInt8Column(typeOf("metrics", "type"));
  private readonly monotonic = new UInt8Column();
  private readonly temporalities = new UInt8Column(typeOf("metrics", "temporality"));

  constructor(options: IngestOptions = {}) {
    super("metrics", options);
    this.own([
      { name: "name", column: this.names },
      { name: "description", column: this.descriptions },
      { name: "unit", column: this.units },
      { name: "type", column: this.types },
      { name: "is_monotonic", column: this.monotonic },
      { name: "temporality", column: this.temporalities },
      ...this.points.named,
    ]);
  }

  protected item(reader: WireReader): void {
    const texts = [0, 0, 0, 0];
    const columns = [this.names, this.names, this.descriptions, this.units];
    let data = -1;
    let kind: PointKind | undefined;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      const points = KINDS[field];
      if (field > 3 && points === undefined) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const at = reader.pos;
      const length = reader.length();
      if (points !== undefined) {
        data = at;
        kind = points;
      } else {
        const { bytes, view, pos } = reader;
        texts[field] = columns[field].dictionary.numberOf(bytes, view, pos, pos + length);
      }
      reader.pos += length;
    }
    if (kind === undefined) return;
    const after = reader.pos;
    reader.pos = data;
    const outer = reader.enter();
    const rows = this.readPoints(reader, kind);
    reader.leave(outer);
    reader.pos = after;
    this.names.fill(texts[1], rows);
    this.descriptions.fill(texts[2], rows);
    this.units.fill(texts[3], rows);
    this.types.fill(kind, rows);
  }

  /** readPoints reads Gauge, Sum, Histogram, ExponentialHistogram or Summary: points are field 1 in each. */
  private readPoints(reader: WireReader, kind: PointKind): number {
    let temporality = 0;
    let monotonic = 0;
    let rows = 0;
    const aggregated = kind === POINT.SUM || kind === POINT.HISTOGRAM || kind === POINT.EXPONENTIAL;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) {
        reader.expect(WIRE.BYTES, field);
        const outer = reader.enter();
        this.points.pushPoint(reader, kind, this.fused ? this.refs : undefined);
        reader.leave(outer);
        this.rowDone();
        rows++;
      } else if (field === 2 && aggregated) {
        reader.expect(WIRE.VARINT, field);
        temporality = reader.uint32();
      } else if (field === 3 && kind === POINT.SUM) {
        reader.expect(WIRE.VARINT, field);
        monotonic = reader.uint32() === 0 ? 0 : 1;
      } else reader.skip();
    }
    this.temporalities.fill(temporality <= MAX_TEMPORALITY ? temporality : 0, rows);
    this.monotonic.fill(monotonic, rows);
    return rows;
  }
}
