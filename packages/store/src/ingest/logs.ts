import { FUSED, WIRE, type WireReader } from "@go3s/telemetry";
import { Int64Column, UInt8Column, UInt32Column } from "../columns/fixed.js";
import { OptionalIdColumn } from "../columns/id.js";
import { StringColumn } from "../columns/string.js";
import { WordColumn } from "../columns/word.js";
import { MAX_HIGH, pushOptionalId, pushTime } from "./id-check.js";
import { PackedAttributes } from "./packed-attributes.js";
import { type IngestOptions, SignalIngest } from "./signal-ingest.js";
import { pushValue } from "./value-text.js";

const MAX_SEVERITY = 24;
/** LEVELS[(severity_number - 1) / 4] names the range that a severity number lies in (OpenTelemetry logs data model). */
const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/**
 * LogsIngest decodes ExportLogsServiceRequest. No record is rejected: ids that are invalid become "" (the record then
 * belongs to no span, as OTLP says), a record without time gets its observed time, without both the time it came in.
 */
export class LogsIngest extends SignalIngest {
  private readonly times = new Int64Column("Int64");
  private readonly observedAfter = new Int64Column("Int64");
  private readonly traceIds = new OptionalIdColumn(16);
  private readonly spanIds = new OptionalIdColumn(8);
  private readonly flags = new UInt32Column();
  private readonly severityNumbers = new UInt8Column();
  private readonly severityTexts = new WordColumn();
  private readonly levels = new WordColumn();
  private readonly eventNames = new WordColumn();
  private readonly bodies = new StringColumn();
  private readonly attributes = new PackedAttributes();
  private readonly droppedAttributes = new UInt32Column();

  constructor(options: IngestOptions = {}) {
    super("logs", options);
    this.own([
      { name: "timestamp_ns", column: this.times },
      { name: "observed_after_ns", column: this.observedAfter },
      { name: "trace", column: this.traceIds },
      { name: "span", column: this.spanIds },
      { name: "flags", column: this.flags },
      { name: "severity_number", column: this.severityNumbers },
      { name: "severity_text", column: this.severityTexts },
      { name: "level", column: this.levels },
      { name: "event_name", column: this.eventNames },
      { name: "body", column: this.bodies },
      ...this.attributes.named,
      { name: "dropped_attributes_count", column: this.droppedAttributes },
    ]);
  }

  protected item(reader: WireReader): void {
    const { bytes, view } = reader;
    let timeLo = 0;
    let timeHi = 0;
    let observedLo = 0;
    let observedHi = 0;
    let severity = 0;
    let textStart = 0;
    let textEnd = 0;
    let eventStart = 0;
    let eventEnd = 0;
    let body = -1;
    let dropped = 0;
    let flags = 0;
    let trace = -1;
    let traceLength = 0;
    let span = -1;
    let spanLength = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      switch (field) {
        case 6:
          reader.expect(WIRE.BYTES, field);
          this.attributes.pushAttributes(reader, (6 << 3) | WIRE.BYTES);
          break;
        case 1:
          reader.expect(WIRE.FIXED64, field);
          reader.fixed64();
          timeLo = reader.lo;
          timeHi = reader.hi;
          break;
        case 2:
          reader.expect(WIRE.VARINT, field);
          severity = reader.uint32();
          break;
        case 3:
          reader.expect(WIRE.BYTES, field);
          textEnd = reader.length();
          textStart = reader.pos;
          reader.pos = textEnd += textStart;
          break;
        case 5:
          reader.expect(WIRE.BYTES, field);
          body = reader.pos;
          reader.skip();
          break;
        case 7:
          reader.expect(WIRE.VARINT, field);
          dropped = reader.uint32();
          break;
        case 8:
          reader.expect(WIRE.FIXED32, field);
          flags = reader.fixed32();
          break;
        case 9:
          reader.expect(WIRE.BYTES, field);
          traceLength = reader.length();
          trace = reader.pos;
          reader.pos = trace + traceLength;
          break;
        case 10:
          reader.expect(WIRE.BYTES, field);
          spanLength = reader.length();
          span = reader.pos;
          reader.pos = span + spanLength;
          break;
        case 11:
          reader.expect(WIRE.FIXED64, field);
          reader.fixed64();
          observedLo = reader.lo;
          observedHi = reader.hi;
          break;
        case 12:
          reader.expect(WIRE.BYTES, field);
          eventEnd = reader.length();
          eventStart = reader.pos;
          reader.pos = eventEnd += eventStart;
          break;
        default:
          if (field === FUSED.REFS && this.fused) this.refs.push(reader, this.attributes);
          else reader.skip();
      }
    }
    if (observedLo === 0 && observedHi === 0) {
      observedLo = this.receivedLo;
      observedHi = this.receivedHi;
    }
    if (timeLo === 0 && timeHi === 0) {
      timeLo = observedLo;
      timeHi = observedHi;
    }
    pushTime(this.times, timeLo, timeHi);
    this.pushObserved(observedLo, observedHi, timeLo, timeHi);
    pushOptionalId(this.traceIds, bytes, trace, traceLength, 16);
    pushOptionalId(this.spanIds, bytes, span, spanLength, 8);
    this.flags.push(flags);
    const known = severity <= MAX_SEVERITY ? severity : 0;
    this.severityNumbers.push(known);
    this.severityTexts.pushBytes(bytes, view, textStart, textEnd);
    this.pushLevel(known, bytes, textStart, textEnd);
    this.eventNames.pushBytes(bytes, view, eventStart, eventEnd);
    if (body < 0) this.bodies.pushEmpty();
    else {
      const after = reader.pos;
      reader.pos = body;
      const outer = reader.enter();
      pushValue(reader, this.bodies);
      reader.leave(outer);
      reader.pos = after;
    }
    this.attributes.endRow();
    this.droppedAttributes.push(dropped);
    this.rowDone();
  }

  /** pushObserved appends how long after its time a record was observed; what wraps around is put right by the sum. */
  private pushObserved(observedLo: number, observedHi: number, timeLo: number, timeHi: number): void {
    const observedTop = observedHi > MAX_HIGH;
    const timeTop = timeHi > MAX_HIGH;
    const lo = (observedTop ? 0xffffffff : observedLo) - (timeTop ? 0xffffffff : timeLo);
    const high = Math.min(observedHi, MAX_HIGH) - Math.min(timeHi, MAX_HIGH) - (lo < 0 ? 1 : 0);
    this.observedAfter.push(lo >>> 0, high >>> 0);
  }

  private pushLevel(severity: number, bytes: Uint8Array, start: number, end: number): void {
    let level = LEVELS[(severity - 1) >> 2] ?? "";
    if (severity === 0) {
      level = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        .toString("utf8", start, end)
        .toUpperCase();
    }
    this.levels.push(this.levels.numberOfText(level));
  }
}
