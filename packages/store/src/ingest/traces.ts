import { FUSED, malformed, WIRE, type WireReader } from "@go3s/telemetry";
import { Int64Column, UInt8Column, UInt32Column } from "../columns/fixed.js";
import { IdColumn, OptionalIdColumn } from "../columns/id.js";
import { MARK } from "../columns/native-column.js";
import { StringColumn } from "../columns/string.js";
import { WordColumn } from "../columns/word.js";
import { typeOf } from "../schema/column-type.js";
import { isZero, pushOptionalId, pushTime } from "./id-check.js";
import { INGEST_LIMITS, requireBelow } from "./limits.js";
import { PackedAttributes } from "./packed-attributes.js";
import { enterRows, readSharedSpan, readStatus, type SharedSpan, type SpanStatus } from "./shared-span.js";
import { type IngestOptions, SignalIngest } from "./signal-ingest.js";
import { EventsColumn, LinksColumn } from "./span-lists.js";

/** Tags of Span's fields (trace.proto): field number and wire type. */
const TRACE_ID = (1 << 3) | 2;
const SPAN_ID = (2 << 3) | 2;
const TRACE_STATE = (3 << 3) | 2;
const PARENT_ID = (4 << 3) | 2;
const NAME = (5 << 3) | 2;
const KIND = (6 << 3) | 0;
const START = (7 << 3) | 1;
const END = (8 << 3) | 1;
const ATTRIBUTE = (9 << 3) | 2;
const DROPPED_ATTRIBUTES = (10 << 3) | 0;
const EVENT = (11 << 3) | 2;
const DROPPED_EVENTS = (12 << 3) | 0;
const LINK = (13 << 3) | 2;
const DROPPED_LINKS = (14 << 3) | 0;
const STATUS = (15 << 3) | 2;
const FLAGS = (16 << 3) | 5;
/** WIRE_TYPES[field] is the wire type of each of them. */
const WIRE_TYPES = [0, 2, 2, 2, 2, 2, 0, 1, 1, 2, 0, 2, 0, 2, 0, 2, 5];

const MAX_KIND = 5;

/**
 * TracesIngest decodes ExportTraceServiceRequest. Spans without valid trace id and span id, or with a parent id of a
 * wrong length, are rejected and the rest of the request is kept, as OTLP's partial success has it.
 */
export class TracesIngest extends SignalIngest {
  private readonly traceIds = new IdColumn(16);
  private readonly spanIds = new IdColumn(8);
  private readonly parentIds = new OptionalIdColumn(8);
  private readonly states = new StringColumn();
  private readonly flags = new UInt32Column();
  private readonly operations = new WordColumn();
  private readonly kinds = new UInt8Column(typeOf("traces", "kind"));
  private readonly statusCodes = new UInt8Column(typeOf("traces", "status_code"));
  private readonly statusMessages = new StringColumn();
  private readonly times = new Int64Column("Int64");
  private readonly durations = new Int64Column("UInt64");
  private readonly attributes = new PackedAttributes();
  private readonly events = new EventsColumn();
  private readonly links = new LinksColumn();
  private readonly droppedAttributes = new UInt32Column();
  private readonly droppedEvents = new UInt32Column();
  private readonly droppedLinks = new UInt32Column();
  private readonly status: SpanStatus = { statusCode: 0, statusStart: 0, statusEnd: 0 };
  private readonly shared: SharedSpan[] = [];
  private sharedBytes = 0;

  constructor(options: IngestOptions = {}) {
    super("traces", options);
    this.own([
      { name: "trace", column: this.traceIds },
      { name: "span", column: this.spanIds },
      { name: "parent", column: this.parentIds },
      { name: "trace_state", column: this.states },
      { name: "flags", column: this.flags },
      { name: "operation", column: this.operations },
      { name: "kind", column: this.kinds },
      { name: "status_code", column: this.statusCodes },
      { name: "status_message", column: this.statusMessages },
      { name: "timestamp_ns", column: this.times },
      { name: "duration_ns", column: this.durations },
      ...this.attributes.named,
      { name: "events", column: this.events },
      { name: "links", column: this.links },
      { name: "dropped_attributes_count", column: this.droppedAttributes },
      { name: "dropped_events_count", column: this.droppedEvents },
      { name: "dropped_links_count", column: this.droppedLinks },
    ]);
  }

  protected item(reader: WireReader): void {
    const { bytes } = reader;
    let trace = -1;
    let traceLength = 0;
    let span = -1;
    let spanLength = 0;
    let parent = -1;
    let parentLength = 0;
    let stateStart = 0;
    let stateEnd = 0;
    let nameStart = 0;
    let nameEnd = 0;
    let flags = 0;
    let kind = 0;
    let startLo = 0;
    let startHi = 0;
    let endLo = 0;
    let endHi = 0;
    let droppedAttributes = 0;
    let droppedEvents = 0;
    let droppedLinks = 0;
    let lists = false;
    const { status } = this;
    status.statusCode = 0;
    status.statusStart = 0;
    status.statusEnd = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      switch ((field << 3) | reader.wireType) {
        case ATTRIBUTE:
          this.attributes.pushAttributes(reader, ATTRIBUTE);
          break;
        case TRACE_ID:
          traceLength = reader.length();
          trace = reader.pos;
          reader.pos = trace + traceLength;
          break;
        case SPAN_ID:
          spanLength = reader.length();
          span = reader.pos;
          reader.pos = span + spanLength;
          break;
        case TRACE_STATE:
          stateEnd = reader.length();
          stateStart = reader.pos;
          reader.pos = stateEnd += stateStart;
          break;
        case PARENT_ID:
          parentLength = reader.length();
          parent = reader.pos;
          reader.pos = parent + parentLength;
          break;
        case NAME:
          nameEnd = reader.length();
          nameStart = reader.pos;
          reader.pos = nameEnd += nameStart;
          break;
        case KIND:
          kind = reader.uint32();
          break;
        case START:
          reader.fixed64();
          startLo = reader.lo;
          startHi = reader.hi;
          break;
        case END:
          reader.fixed64();
          endLo = reader.lo;
          endHi = reader.hi;
          break;
        case DROPPED_ATTRIBUTES:
          droppedAttributes = reader.uint32();
          break;
        case EVENT: {
          lists = true;
          const outer = reader.enter();
          this.events.pushEvent(reader);
          reader.leave(outer);
          break;
        }
        case DROPPED_EVENTS:
          droppedEvents = reader.uint32();
          break;
        case LINK: {
          lists = true;
          const outer = reader.enter();
          this.links.pushLink(reader);
          reader.leave(outer);
          break;
        }
        case DROPPED_LINKS:
          droppedLinks = reader.uint32();
          break;
        case STATUS:
          readStatus(reader, status);
          break;
        case FLAGS:
          flags = reader.fixed32();
          break;
        default:
          if (field === FUSED.REFS && this.fused) {
            this.refs.push(reader, this.attributes);
            break;
          }
          // Here comes what is unknown, and what is known with a wrong wire type.
          if (field < WIRE_TYPES.length) reader.expect(WIRE_TYPES[field], field);
          reader.skip();
      }
    }
    const wrong =
      trace < 0 || traceLength !== 16 || isZero(bytes, trace, 16)
        ? "invalid-trace-id"
        : span < 0 || spanLength !== 8 || isZero(bytes, span, 8)
          ? "invalid-span-id"
          : parentLength !== 0 && parentLength !== 8
            ? "invalid-parent-span-id"
            : "";
    if (wrong !== "") {
      this.attributes.rollback(MARK.ROW);
      this.events.rollback(MARK.ROW);
      this.links.rollback(MARK.ROW);
      this.reject(wrong);
      return;
    }
    this.traceIds.push(bytes, trace);
    this.spanIds.push(bytes, span);
    pushOptionalId(this.parentIds, bytes, parent, parentLength, 8);
    this.states.push(bytes, reader.view, stateStart, stateEnd);
    this.flags.push(flags);
    this.operations.pushBytes(bytes, reader.view, nameStart, nameEnd);
    this.kinds.push(kind <= MAX_KIND ? kind : 0);
    this.statusCodes.push(status.statusCode);
    this.statusMessages.push(bytes, reader.view, status.statusStart, status.statusEnd);
    this.pushTimes(startLo, startHi, endLo, endHi);
    this.endRow(lists, droppedAttributes, droppedEvents, droppedLinks);
  }

  protected override beginFused(): void {
    this.shared.length = 0;
    this.sharedBytes = 0;
  }

  protected override fusedField(field: number, reader: WireReader): boolean {
    if (field === FUSED.SHARED) {
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      this.shared.push(readSharedSpan(reader, this.operations, this.attributes, this.refs));
      reader.leave(outer);
      return true;
    }
    if (field !== FUSED.ROWS) return false;
    const end = enterRows(reader);
    for (let at = reader.pos; at < end; at += FUSED.ROW_BYTES) this.row(reader, at);
    reader.pos = end;
    return true;
  }

  /** row appends the span of one row. */
  private row({ bytes, view }: WireReader, at: number): void {
    const { ROW } = FUSED;
    const number = view.getUint32(at + ROW.SHARED, true);
    const shared = this.shared[number];
    if (shared === undefined)
      throw malformed(at, `a row names shared part ${number} of ${this.shared.length} before it`);
    const trace = at + ROW.TRACE_ID;
    const span = at + ROW.SPAN_ID;
    const wrong = isZero(bytes, trace, 16)
      ? "invalid-trace-id"
      : isZero(bytes, span, 8)
        ? "invalid-span-id"
        : "";
    if (wrong !== "") {
      this.reject(wrong);
      return;
    }
    // A few bytes of a row must not become megabytes of columns before anybody looks.
    this.sharedBytes += shared.attributes.values.length + shared.stateEnd - shared.stateStart;
    this.sharedBytes += shared.messageEnd - shared.messageStart;
    requireBelow("bytes of shared parts times rows", this.sharedBytes, INGEST_LIMITS.blockBytes);
    this.traceIds.push(bytes, trace);
    this.spanIds.push(bytes, span);
    pushOptionalId(this.parentIds, bytes, at + ROW.PARENT_ID, 8, 8);
    this.states.push(bytes, view, shared.stateStart, shared.stateEnd);
    this.flags.push(view.getUint32(at + ROW.FLAGS, true));
    this.operations.push(shared.operation);
    this.kinds.push(shared.kind);
    this.statusCodes.push(shared.statusCode);
    this.statusMessages.push(bytes, view, shared.messageStart, shared.messageEnd);
    this.pushTimes(
      view.getUint32(at + ROW.START, true),
      view.getUint32(at + ROW.START + 4, true),
      view.getUint32(at + ROW.END, true),
      view.getUint32(at + ROW.END + 4, true),
    );
    this.attributes.pushRun(shared.attributes);
    this.endRow(false, shared.droppedAttributes, 0, 0);
  }

  private pushTimes(startLo: number, startHi: number, endLo: number, endHi: number): void {
    pushTime(this.times, startLo, startHi);
    // A span that ends before it starts lasted 0: clocks jump, and a negative duration has no place in UInt64.
    const borrow = endLo < startLo ? 1 : 0;
    const high = endHi - startHi - borrow;
    if (high < 0) this.durations.push(0, 0);
    else this.durations.push((endLo - startLo) >>> 0, high);
  }

  /** endRow closes the lists of a row; `lists` says whether it has events or links. */
  private endRow(lists: boolean, attributes: number, events: number, links: number): void {
    this.attributes.endRow();
    this.attributes.mark(MARK.ROW);
    this.events.endRow();
    this.links.endRow();
    // Without an item only the lists' ends moved, and a rollback must put those back too.
    if (lists) {
      this.events.mark(MARK.ROW);
      this.links.mark(MARK.ROW);
    } else {
      this.events.markEnds(MARK.ROW);
      this.links.markEnds(MARK.ROW);
    }
    this.droppedAttributes.push(attributes);
    this.droppedEvents.push(events);
    this.droppedLinks.push(links);
    this.rowDone();
  }
}
