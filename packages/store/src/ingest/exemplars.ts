import { WIRE, type WireReader } from "@go3s/telemetry";
import { Float64Column, Int64Column } from "../columns/fixed.js";
import { HexColumn } from "../columns/hex.js";
import { NestedColumn } from "../columns/nested.js";
import { AttributesColumn } from "./attributes.js";
import { pushOptionalId, pushTime } from "./id-check.js";

const TYPE =
  "Array(Tuple(timestamp_ns Int64, value Float64, trace_id FixedString(32), span_id FixedString(16), " +
  "attributes Map(LowCardinality(String), String)))";

/** int64Number gives a signed 64-bit integer as the nearest double. */
export function int64Number(lo: number, hi: number): number {
  return (hi | 0) * 2 ** 32 + lo;
}

/** ExemplarsColumn is the points' exemplars. */
export class ExemplarsColumn extends NestedColumn<
  readonly [Int64Column, Float64Column, HexColumn, HexColumn, AttributesColumn]
> {
  constructor() {
    super(TYPE, [
      new Int64Column("Int64"),
      new Float64Column(),
      new HexColumn(16),
      new HexColumn(8),
      new AttributesColumn(),
    ]);
  }

  /** pushExemplar appends the Exemplar message that the reader's next length announces. */
  pushExemplar(reader: WireReader): void {
    const [times, values, traceIds, spanIds, attributes] = this.items;
    const outer = reader.enter();
    let lo = 0;
    let hi = 0;
    let value = 0;
    let trace = -1;
    let traceLength = 0;
    let span = -1;
    let spanLength = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 2 || field === 6) {
        reader.expect(WIRE.FIXED64, field);
        reader.fixed64();
        if (field === 6) value = int64Number(reader.lo, reader.hi);
        else {
          lo = reader.lo;
          hi = reader.hi;
        }
      } else if (field === 3) {
        reader.expect(WIRE.FIXED64, field);
        value = reader.double();
      } else if (field === 4 || field === 5) {
        reader.expect(WIRE.BYTES, field);
        const length = reader.length();
        if (field === 4) {
          span = reader.pos;
          spanLength = length;
        } else {
          trace = reader.pos;
          traceLength = length;
        }
        reader.pos += length;
      } else if (field === 7) {
        reader.expect(WIRE.BYTES, field);
        attributes.pushAttribute(reader);
      } else reader.skip();
    }
    reader.leave(outer);
    pushTime(times, lo, hi);
    values.push(value);
    pushOptionalId(traceIds, reader.bytes, trace, traceLength, 16);
    pushOptionalId(spanIds, reader.bytes, span, spanLength, 8);
    attributes.endRow();
  }
}
