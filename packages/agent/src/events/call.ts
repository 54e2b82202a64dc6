import { callEndLayout, callHeardLayout, callLayout } from "./layout.js";

/** CallEvent is a call into a library that begins; it is valid during the sink's call. See probes/calls.go3s. */
export interface CallEvent {
  memory: Uint8Array;
  /** One of Operation (go/call-site.ts). */
  operation: number;
  tgid: number;
  ns: number;
  goid: number;
  /** The type word of an interface: an address in the process. Of what is sent: how many messages, 0 where that is unknown. */
  type: number;
  /** Exchange number of the server request it is made for; 0 when there is none. */
  parent: number;
  /** hops says how many goroutines up that was found. */
  hops: number;
  /** ofFirst: the text is the first message's of what is sent, or nobody's: the others' may be other ones. */
  ofFirst: boolean;
  text: number;
  /** Bytes of text in the record. */
  textLength: number;
  /** Bytes of the whole text. */
  textBytes: number;
}

/** CallEndEvent is the end of the call that the goroutine was in. */
export interface CallEndEvent {
  tgid: number;
  ns: number;
  goid: number;
  /** The type word of the error, 0 when it went well. */
  errorType: number;
  /** The socket whose bytes are told by calls, when its statement went through one; 0 else. */
  connection: number;
  memory: Uint8Array;
  /** The last bytes of the server's answer, as the last read brought them, and what an earlier one ended with when that was short. */
  last: number;
  lastLength: number;
  earlier: number;
  earlierLength: number;
  /** The first bytes of the server's error. */
  failure: number;
  failureLength: number;
}

/** CallSink receives calls in the order in which the kernel wrote them. */
export interface CallSink {
  call(event: CallEvent): void;
  callEnd(event: CallEndEvent): void;
}

/** CallDecoder gives one record to the sink; false when it is shorter than its kind. */
export interface CallDecoder {
  call(bytes: Uint8Array, view: DataView, at: number, length: number): boolean;
  callEnd(bytes: Uint8Array, view: DataView, at: number, length: number): boolean;
}

/** createCallDecoder keeps one object per kind, as createDecoder does. */
export function createCallDecoder(sink: CallSink): CallDecoder {
  const call: CallEvent = {
    memory: new Uint8Array(0),
    operation: 0,
    tgid: 0,
    ns: 0,
    goid: 0,
    type: 0,
    parent: 0,
    hops: 0,
    ofFirst: false,
    text: 0,
    textLength: 0,
    textBytes: 0,
  };
  const end = blankCallEnd();
  const u64 = (view: DataView, at: number) =>
    view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296;

  return {
    call(bytes, view, at, length) {
      const l = callLayout;
      if (length < l.text) return false;
      call.memory = bytes;
      call.operation = view.getUint8(at + l.operation);
      call.hops = view.getUint8(at + l.hops);
      call.ofFirst = view.getUint8(at + l.ofFirst) !== 0;
      call.tgid = view.getUint32(at + l.tgid, true);
      call.ns = u64(view, at + l.ns);
      call.goid = u64(view, at + l.goid);
      call.type = u64(view, at + l.type);
      call.parent = view.getUint32(at + l.parent, true);
      call.textBytes = view.getUint32(at + l.textLength, true);
      call.text = at + l.text;
      // Records are padded to 8 bytes; what lies behind the text is not it.
      call.textLength = Math.min(call.textBytes, length - l.text);
      sink.call(call);
      return true;
    },
    callEnd(bytes, view, at, length) {
      const l = callEndLayout;
      const h = callHeardLayout;
      if (length < l.size) return false;
      end.connection = view.getUint32(at + l.connection, true);
      end.failureLength = length < h.size ? 0 : Math.min(bytes[at + l.failed], h.size - h.failure);
      end.lastLength = length < h.failure ? 0 : Math.min(bytes[at + l.heard], h.failure - h.last);
      end.earlierLength = length < h.failure ? 0 : Math.min(bytes[at + l.before], h.last - h.earlier);
      end.memory = bytes;
      end.last = at + h.last;
      end.earlier = at + h.earlier;
      end.failure = at + h.failure;
      end.tgid = view.getUint32(at + l.tgid, true);
      end.ns = u64(view, at + l.ns);
      end.goid = u64(view, at + l.goid);
      end.errorType = u64(view, at + l.errorType);
      sink.callEnd(end);
      return true;
    },
  };
}

/** blankCallEnd is an end that says nothing. */
export function blankCallEnd(): CallEndEvent {
  return {
    tgid: 0,
    ns: 0,
    goid: 0,
    errorType: 0,
    connection: 0,
    memory: new Uint8Array(0),
    last: 0,
    lastLength: 0,
    earlier: 0,
    earlierLength: 0,
    failure: 0,
    failureLength: 0,
  };
}
