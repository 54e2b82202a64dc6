import { madePartLayout, madeStartLayout } from "./layout.js";

/** MadeStartEvent is a span that a program begins itself; it is valid during the sink's call. See probes/spans.go3s. */
export interface MadeStartEvent {
  tgid: number;
  ns: number;
  goid: number;
  /** span is its address, which names it until it has ended. */
  span: number;
  /** above is the address of the span that its context has; 0 when there is none. */
  above: number;
  /** Exchange number of the server request that it is made for; 0 when there is none. */
  parent: number;
  /** hops says how many goroutines up that was found. */
  hops: number;
}

/** MadePartEvent is a piece of what such a span says when it has ended. */
export interface MadePartEvent {
  memory: Uint8Array;
  tgid: number;
  ns: number;
  span: number;
  /** at is where the piece begins in the whole of `total` bytes; a total of 0 says that it could not be read. */
  at: number;
  total: number;
  text: number;
  textLength: number;
}

/** MadeSink receives the spans that programs make themselves. */
export interface MadeSink {
  madeStart(event: MadeStartEvent): void;
  madePart(event: MadePartEvent): void;
}

/** MadeDecoder gives one record to the sink; false when it is shorter than its kind. */
export interface MadeDecoder {
  start(view: DataView, at: number, length: number): boolean;
  part(bytes: Uint8Array, view: DataView, at: number, length: number): boolean;
}

/** createMadeDecoder keeps one object per kind, as createDecoder does. */
export function createMadeDecoder(sink: MadeSink): MadeDecoder {
  const begun: MadeStartEvent = { tgid: 0, ns: 0, goid: 0, span: 0, above: 0, parent: 0, hops: 0 };
  const piece: MadePartEvent = {
    memory: new Uint8Array(0),
    tgid: 0,
    ns: 0,
    span: 0,
    at: 0,
    total: 0,
    text: 0,
    textLength: 0,
  };
  const u64 = (view: DataView, at: number) =>
    view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296;

  return {
    start(view, at, length) {
      const l = madeStartLayout;
      if (length < l.size) return false;
      begun.tgid = view.getUint32(at + l.tgid, true);
      begun.ns = u64(view, at + l.ns);
      begun.goid = u64(view, at + l.goid);
      begun.span = u64(view, at + l.span);
      begun.above = u64(view, at + l.above);
      begun.hops = view.getUint8(at + l.hops);
      begun.parent = view.getUint32(at + l.parent, true);
      sink.madeStart(begun);
      return true;
    },
    part(bytes, view, at, length) {
      const l = madePartLayout;
      if (length < l.text) return false;
      piece.memory = bytes;
      piece.tgid = view.getUint32(at + l.tgid, true);
      piece.ns = u64(view, at + l.ns);
      piece.span = u64(view, at + l.span);
      piece.at = view.getUint32(at + l.at, true);
      piece.total = view.getUint32(at + l.total, true);
      piece.text = at + l.text;
      piece.textLength = Math.min(view.getUint16(at + l.length, true), length - l.text);
      sink.madePart(piece);
      return true;
    },
  };
}
