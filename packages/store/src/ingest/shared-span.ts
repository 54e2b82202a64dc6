import { FUSED, malformed, WIRE, type WireReader } from "@go3s/telemetry";
import type { WordColumn } from "../columns/word.js";
import type { AttributeRefs } from "./attribute-refs.js";
import type { AttributeRun, PackedAttributes } from "./packed-attributes.js";

/** SharedSpan is what many spans of a request have in common, as the columns want it; docs/fused-otlp.md. */
export interface SharedSpan {
  readonly operation: number;
  readonly kind: number;
  readonly statusCode: number;
  /** Where trace state and status message lie in the request; empty ranges for none. */
  readonly stateStart: number;
  readonly stateEnd: number;
  readonly messageStart: number;
  readonly messageEnd: number;
  readonly droppedAttributes: number;
  readonly attributes: AttributeRun;
}

/** SpanStatus is where readStatus puts what it reads. */
export interface SpanStatus {
  statusCode: number;
  statusStart: number;
  statusEnd: number;
}

const TRACE_STATE = 3;
const NAME = 5;
const KIND = 6;
const ATTRIBUTE = 9;
const DROPPED_ATTRIBUTES = 10;
const STATUS = 15;

const MAX_KIND = 5;
const MAX_STATUS = 2;

/**
 * readSharedSpan reads a Span that has been entered and has neither ids nor times nor events nor links: those differ
 * from span to span, and one that is here is an error, since it would be lost.
 */
export function readSharedSpan(
  reader: WireReader,
  operations: WordColumn,
  attributes: PackedAttributes,
  refs: AttributeRefs,
): SharedSpan {
  const status: SpanStatus = { statusCode: 0, statusStart: 0, statusEnd: 0 };
  let operation = 0;
  let kind = 0;
  let stateStart = 0;
  let stateEnd = 0;
  let droppedAttributes = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === ATTRIBUTE) {
      reader.expect(WIRE.BYTES, field);
      attributes.pushAttributes(reader, (ATTRIBUTE << 3) | WIRE.BYTES);
    } else if (field === FUSED.REFS) refs.push(reader, attributes);
    else if (field === NAME || field === TRACE_STATE) {
      reader.expect(WIRE.BYTES, field);
      const length = reader.length();
      const start = reader.pos;
      reader.pos = start + length;
      if (field === NAME)
        operation =
          length === 0 ? 0 : operations.dictionary.numberOf(reader.bytes, reader.view, start, reader.pos);
      else {
        stateStart = start;
        stateEnd = reader.pos;
      }
    } else if (field === KIND) {
      reader.expect(WIRE.VARINT, field);
      kind = reader.uint32();
    } else if (field === DROPPED_ATTRIBUTES) {
      reader.expect(WIRE.VARINT, field);
      droppedAttributes = reader.uint32();
    } else if (field === STATUS) {
      reader.expect(WIRE.BYTES, field);
      readStatus(reader, status);
    } else if (field <= 16) {
      throw malformed(reader.pos, `field ${field} of a span stands in a shared part, where it cannot be`);
    } else reader.skip();
  }
  return {
    operation,
    kind: kind <= MAX_KIND ? kind : 0,
    statusCode: status.statusCode,
    stateStart,
    stateEnd,
    messageStart: status.statusStart,
    messageEnd: status.statusEnd,
    droppedAttributes,
    attributes: attributes.takeRow(),
  };
}

/** readStatus reads a span's Status message, whose length comes next. */
export function readStatus(reader: WireReader, into: SpanStatus): void {
  const outer = reader.enter();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) {
      reader.expect(WIRE.BYTES, field);
      const length = reader.length();
      into.statusStart = reader.pos;
      into.statusEnd = reader.pos = into.statusStart + length;
    } else if (field === 3) {
      reader.expect(WIRE.VARINT, field);
      const code = reader.uint32();
      into.statusCode = code <= MAX_STATUS ? code : 0;
    } else reader.skip();
  }
  reader.leave(outer);
}

/** enterRows reads the length of a scope's rows and gives where they end; they are whole rows or an error. */
export function enterRows(reader: WireReader): number {
  reader.expect(WIRE.BYTES, FUSED.ROWS);
  const length = reader.length();
  if (length % FUSED.ROW_BYTES !== 0) {
    throw malformed(reader.pos, `${length} bytes are no whole number of rows of ${FUSED.ROW_BYTES} bytes`);
  }
  return reader.pos + length;
}
