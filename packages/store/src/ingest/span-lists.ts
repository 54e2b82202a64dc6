import { WIRE, type WireReader } from "@go3s/telemetry";
import { Int64Column } from "../columns/fixed.js";
import { HexColumn } from "../columns/hex.js";
import { NestedColumn } from "../columns/nested.js";
import { StringColumn } from "../columns/string.js";
import { WordColumn } from "../columns/word.js";
import { AttributesColumn } from "./attributes.js";
import { pushOptionalId, pushTime } from "./id-check.js";

const MAP = "Map(LowCardinality(String), String)";

/** EventsColumn is the spans' events. */
export class EventsColumn extends NestedColumn<readonly [Int64Column, WordColumn, AttributesColumn]> {
  constructor() {
    super(`Array(Tuple(timestamp_ns Int64, name LowCardinality(String), attributes ${MAP}))`, [
      new Int64Column("Int64"),
      new WordColumn(),
      new AttributesColumn(),
    ]);
  }

  /** pushEvent appends the Span.Event message that the reader has entered. */
  pushEvent(reader: WireReader): void {
    const [times, names, attributes] = this.items;
    let lo = 0;
    let hi = 0;
    let nameStart = 0;
    let nameEnd = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) {
        reader.expect(WIRE.FIXED64, field);
        reader.fixed64();
        lo = reader.lo;
        hi = reader.hi;
      } else if (field === 2) {
        reader.expect(WIRE.BYTES, field);
        const length = reader.length();
        nameStart = reader.pos;
        nameEnd = reader.pos = nameStart + length;
      } else if (field === 3) {
        reader.expect(WIRE.BYTES, field);
        attributes.pushAttribute(reader);
      } else reader.skip();
    }
    pushTime(times, lo, hi);
    names.pushBytes(reader.bytes, reader.view, nameStart, nameEnd);
    attributes.endRow();
  }
}

/** LinksColumn is the spans' links. */
export class LinksColumn extends NestedColumn<
  readonly [HexColumn, HexColumn, StringColumn, AttributesColumn]
> {
  constructor() {
    super(
      `Array(Tuple(trace_id FixedString(32), span_id FixedString(16), trace_state String, attributes ${MAP}))`,
      [new HexColumn(16), new HexColumn(8), new StringColumn(), new AttributesColumn()],
    );
  }

  /** pushLink appends the Span.Link message that the reader has entered. */
  pushLink(reader: WireReader): void {
    const [traceIds, spanIds, states, attributes] = this.items;
    let trace = -1;
    let traceLength = 0;
    let span = -1;
    let spanLength = 0;
    let stateStart = 0;
    let stateEnd = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field > 4) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      if (field === 4) {
        attributes.pushAttribute(reader);
        continue;
      }
      const length = reader.length();
      const at = reader.pos;
      reader.pos += length;
      if (field === 1) {
        trace = at;
        traceLength = length;
      } else if (field === 2) {
        span = at;
        spanLength = length;
      } else {
        stateStart = at;
        stateEnd = reader.pos;
      }
    }
    pushOptionalId(traceIds, reader.bytes, trace, traceLength, 16);
    pushOptionalId(spanIds, reader.bytes, span, spanLength, 8);
    states.push(reader.bytes, reader.view, stateStart, stateEnd);
    attributes.endRow();
  }
}
