// The global Buffer is a getter, which showed in profiles of the hot path; the imported one is not.
import { Buffer } from "node:buffer";
import { Role } from "../events/layout.js";
import type { StreamEndEvent, StreamEvent, StreamSink } from "../events/stream.js";
import { StreamText } from "../events/stream-layout.js";
import { StreamKind } from "../go/stream-site.js";
import type { MadeSpans } from "../made/made-spans.js";
import { readThreshold } from "../sampling/threshold.js";
import type { MessageBatches } from "../wires/message-batches.js";
import type { MessageOrigins } from "../wires/message-origins.js";
import { untoldExchange } from "./calls.js";
import { joinHolder, newHandedOn, release } from "./handed-on.js";
import { fillRandom, idLayout, keepThreshold, keptThreshold, readTraceparent } from "./ids.js";
import { newLateMessages } from "./late-messages.js";
import type { ProcessSpans } from "./process-spans.js";
import { newStream, type Stream } from "./stream.js";
import { joinedThreshold, leftOut, type StreamConns } from "./stream-conns.js";
import { newTexts } from "./texts.js";

/** StreamsOptions are what the streams' assembler needs from around it. */
export interface StreamsOptions {
  readonly processOf: (tgid: number) => ProcessSpans | undefined;
  /** adopt puts the ids of an open server exchange into those of a call; false when it is not open. */
  readonly adopt: (exchange: number, tgid: number, ids: Uint8Array) => boolean;
  /** enclosing: see MadeSpans. */
  readonly enclosing?: MadeSpans["enclosing"];
  readonly conns: StreamConns;
  /** origins know who sent a message that says nothing of it. */
  readonly origins?: Pick<MessageOrigins, "of">;
  /** messageBatches know what messages came in whose sender is not known. */
  readonly messageBatches?: Pick<MessageBatches, "of">;
  /** emit takes a finished stream, valid during the call; `failure` is "" or an error.type of ours. */
  readonly emit: (stream: Stream, failure: string) => void;
}

/** Streams joins the records of a stream to one finished stream with its place in a trace. */
export interface Streams extends StreamSink {
  /** adopt puts trace id and span id of an open served stream, as its parent's, into a span's ids; false when it is not open. */
  adopt(exchange: number, tgid: number, ids: Uint8Array): boolean;
  /** isUntold: see Assembler; of an open served stream. */
  isUntold(exchange: number, tgid: number): boolean;
  /** hostOf gives the host that an open served stream named, else "". */
  hostOf(exchange: number, tgid: number): string;
  /** processExited finishes what a process left open. */
  processExited(tgid: number, ns: number): void;
  /** sweep tells messages that have waited for their senders long enough; `nowNs` is CLOCK_MONOTONIC. */
  sweep(nowNs: number): void;
  /** serving lists the goroutines that serve a stream now, as "tgid:goid". */
  serving(): string[];
  counts(): { readonly open: number; readonly dropped: Readonly<Record<string, number>> };
}

interface Open {
  /** By the lower 30 bits of the goroutine's number, which is what an exchange's number has of it. */
  readonly servers: Map<number, Stream>;
  readonly clients: Map<number, Stream>;
}

// Streams of one process that are open at once: long ones stay so for days. More are ends that got lost.
const openLimit = 100_000;
const idleLimit = 4096;
// Ends that came before their beginnings: somebody who asks for a stream tells it while its own goroutine ends it, and may be
// interrupted between finding it and telling it.
const earlyLimit = 64;

const numberBits = 0x3fffffff;

/** newStreams makes one with nothing open. */
export function newStreams(options: StreamsOptions): Streams {
  const processes = new Map<number, Open>();
  const idle: Stream[] = [];
  const early: StreamEndEvent[] = [];
  const dropped: Record<string, number> = {};
  const texts = newTexts();
  const handedOn = newHandedOn();

  const openOf = (tgid: number): Open => {
    let open = processes.get(tgid);
    if (open === undefined) {
      open = { servers: new Map(), clients: new Map() };
      processes.set(tgid, open);
    }
    return open;
  };

  /** senderOf gives the ids of who sent a message, if that is known. */
  const senderOf = ({ protocol, path, streamId, offset }: Stream): Uint8Array | undefined =>
    protocol === StreamKind.message ? options.origins?.of("", path, streamId, offset) : undefined;

  /** joinsSender makes a message the child of who sent it. */
  const joinsSender = (stream: Stream): boolean => {
    const from = stream.named ? undefined : senderOf(stream);
    if (from === undefined) return false;
    stream.ids.set(from.subarray(idLayout.trace, idLayout.trace + 16), idLayout.trace);
    stream.ids.set(from.subarray(idLayout.span, idLayout.span + 8), idLayout.parent);
    stream.hasParent = true;
    stream.remoteParent = true;
    return true;
  };

  /** identify gives a served stream its trace, its span id and its parent, once. */
  const identify = (stream: Stream): void => {
    if (stream.identified) return;
    stream.identified = true;
    fillRandom(stream.ids, idLayout.span, 8);
    if (stream.before !== undefined) {
      if (stream.before.stream !== undefined) identify(stream.before.stream);
      joinHolder(stream, stream.before);
    }
    if (stream.hasParent || joinsSender(stream)) return;
    const flow = stream.conn?.flow;
    if (flow?.clientSeen === true) {
      const joint = flow.meet(
        "server",
        stream.streamId,
        stream.named ? traceOf(stream) : undefined,
        undefined,
      );
      if (joint === leftOut) stream.untold = true;
      else {
        stream.ids.set(joint.subarray(0, 16), idLayout.trace);
        stream.ids.set(joint.subarray(16, 24), idLayout.parent);
        stream.hasParent = true;
        stream.remoteParent = true;
        stream.threshold = Math.max(stream.threshold, keptThreshold(joint, joinedThreshold));
        return;
      }
    }
    // The bits that reached the threshold are the trace id's last 7 bytes already.
    if (!stream.named) fillRandom(stream.ids, idLayout.trace, stream.threshold > 0 ? 9 : 16);
  };

  const begin = (event: StreamEvent, process: ProcessSpans): Stream => {
    if (event.role === 0) process.requests++;
    const stream = idle.pop() ?? newStream(process);
    stream.role = event.role === 1 ? Role.client : Role.server;
    stream.protocol = event.protocol;
    stream.flags = event.flags;
    stream.process = process;
    stream.tgid = event.tgid;
    stream.goid = event.goid;
    stream.startNs = event.ns;
    const isMessage = event.protocol === StreamKind.message;
    if (isMessage) process.messages = (process.messages ?? 0) + 1;
    stream.conn = isMessage ? undefined : options.conns.of(event.tgid, event.connection);
    stream.offset = isMessage ? event.connection : 0;
    stream.object = isMessage ? event.parent : 0;
    stream.streamId = event.streamId;
    stream.identified = false;
    stream.hasParent = false;
    stream.remoteParent = false;
    stream.untold = event.role === 1 && event.parent === untoldExchange;
    stream.named = false;
    stream.threshold = event.threshold;
    if (event.threshold > 0) {
      for (let i = 0; i < 7; i++)
        stream.ids[idLayout.trace + 15 - i] = event.memory[event.randomness + i] ?? 0;
    }
    const { memory, lengths } = event;
    let at = event.text;
    const next = (which: number): string => {
      const length = lengths[which] ?? 0;
      if (length === 0) return "";
      at += length;
      return texts.of(memory, at - length, length);
    };
    stream.method = next(StreamText.method);
    stream.path = next(StreamText.path);
    stream.host = next(StreamText.host);
    stream.query = next(StreamText.query);
    stream.agent = next(StreamText.agent);
    const traceparent = lengths[StreamText.traceparent] ?? 0;
    if (traceparent > 0) {
      if (traceparent === nameLength.client || traceparent === nameLength.server) {
        stream.named = true;
        for (let i = 0; i < traceparent; i++) stream.ids[idLayout.trace + i] = memory[at + i] ?? 0;
      } else if (readTraceparent(memory, { start: at, end: at + traceparent }, stream.ids)) {
        stream.hasParent = true;
        stream.remoteParent = true;
      }
      at += traceparent;
    }
    stream.tracestate = next(StreamText.tracestate);
    stream.baggage = next(StreamText.baggage);
    stream.held = stream.before = undefined;
    if (stream.object !== 0) handedOn.take(stream);
    if (stream.remoteParent && stream.tracestate !== "") {
      const state = Buffer.from(stream.tracestate, "latin1");
      stream.threshold = Math.max(stream.threshold, readThreshold(state, { start: 0, end: state.length }));
    }
    return stream;
  };

  const end = (stream: Stream, event: StreamEndEvent): void => {
    stream.endNs = event.ns;
    stream.endFlags = event.flags;
    stream.status = event.status;
    stream.errorType = event.errorType;
    stream.requestBytes = event.requestBytes;
    stream.responseBytes = event.responseBytes;
    stream.text = event.textLength === 0 ? "" : texts.of(event.memory, event.text, event.textLength);
  };

  /** isWaiting: somebody sent it whose broker's answer may be on its way. */
  const isWaiting = (stream: Stream): boolean =>
    stream.protocol === StreamKind.message &&
    !stream.hasParent &&
    options.messageBatches !== undefined &&
    options.messageBatches.of(stream.path, stream.streamId, stream.offset) !== "" &&
    senderOf(stream) === undefined;

  const late = newLateMessages({ isWaiting, tell: (stream) => tell(stream, "") });

  const finish = (stream: Stream, failure: string): void => {
    if (failure !== "" || !late.hold(stream)) tell(stream, failure);
  };

  const tell = (stream: Stream, failure: string): void => {
    identify(stream);
    if (stream.held !== undefined) release(stream, stream.held);
    stream.sender = stream.hasParent ? undefined : senderOf(stream);
    stream.batch =
      stream.protocol !== StreamKind.message || stream.hasParent || stream.sender !== undefined
        ? ""
        : (options.messageBatches?.of(stream.path, stream.streamId, stream.offset) ?? "");
    if (!stream.untold) options.emit(stream, failure);
    else if (stream.role === Role.server) stream.process.untold = (stream.process.untold ?? 0) + 1;
    if (idle.length < idleLimit) idle.push(stream);
  };

  const keepEarly = (event: StreamEndEvent): void => {
    if (early.length >= earlyLimit) early.shift();
    const memory = event.memory.slice(event.text, event.text + event.textLength);
    early.push({ ...event, memory, text: 0 });
  };

  /** takeEarly gives the end of a stream that begins, if it is over. */
  const takeEarly = ({ tgid, key, ns }: StreamEvent): StreamEndEvent | undefined => {
    const at = early.findIndex((each) => each.tgid === tgid && each.key === key && each.ns >= ns);
    return at < 0 ? undefined : early.splice(at, 1)[0];
  };

  /** keep makes room for one more. */
  const keep = (open: Map<number, Stream>, key: number, stream: Stream): void => {
    if (open.size >= openLimit) {
      dropped["streams-open"] = (dropped["streams-open"] ?? 0) + open.size;
      open.clear();
    }
    open.set(key, stream);
  };

  return {
    stream(event) {
      const process = options.processOf(event.tgid);
      if (process === undefined) return;
      const open = openOf(event.tgid);
      if (event.role === 0) {
        const stream = begin(event, process);
        const ended = early.length === 0 ? undefined : takeEarly(event);
        if (ended === undefined) {
          keep(open.servers, event.key & numberBits, stream);
          return;
        }
        end(stream, ended);
        finish(stream, "");
        return;
      }
      const stream = begin(event, process);
      process.calls++;
      // Now, since the request may be over when the call is.
      if (stream.named) chosen.set(stream.ids.subarray(0, nameLength.client));
      const isServed = event.parent !== 0 && options.adopt(event.parent, event.tgid, stream.ids);
      if (isServed) stream.threshold = keptThreshold(stream.ids);
      stream.hasParent =
        options.enclosing?.(event.tgid, event.goid, stream.ids, isServed) === true || isServed;
      if (stream.named) {
        // A parent that is in another trace than was said on the wire is none.
        if (stream.hasParent && traceOf(stream).some((byte, i) => byte !== chosen[i]))
          stream.hasParent = false;
        stream.ids.set(chosen);
      }
      if (stream.hasParent && event.hops >= (process.deepFrom ?? 2)) process.deep = (process.deep ?? 0) + 1;
      if (!stream.hasParent) {
        process.orphans++;
        if (!stream.named) fillRandom(stream.ids, idLayout.trace, stream.threshold > 0 ? 9 : 16);
      }
      if (!stream.named) fillRandom(stream.ids, idLayout.span, 8);
      stream.identified = true;
      keep(open.clients, event.key, stream);
    },
    streamSent(event) {
      const stream = processes.get(event.tgid)?.clients.get(event.key);
      if (stream === undefined) return;
      stream.streamId = event.streamId;
      stream.conn = options.conns.of(event.tgid, event.connection);
      const flow = stream.conn?.flow;
      if (flow === undefined) return;
      flow.clientSeen = true;
      if (stream.untold) {
        flow.leaveOut(event.streamId);
        return;
      }
      const isBound = stream.hasParent || stream.threshold > 0;
      const trace = isBound || stream.named ? traceOf(stream) : undefined;
      const span = stream.named ? stream.ids.subarray(idLayout.span, idLayout.span + 8) : undefined;
      // Whose server has asked already has sent no header that it could know of.
      const joint = flow.meet("client", event.streamId, trace, span, stream.threshold);
      if (!isBound) stream.ids.set(joint.subarray(0, 16), idLayout.trace);
      stream.ids.set(joint.subarray(16, 24), idLayout.span);
    },
    streamEnd(event) {
      const open = processes.get(event.tgid);
      const isClient = event.role === 1;
      const key = isClient ? event.key : event.key & numberBits;
      const list = isClient ? open?.clients : open?.servers;
      const stream = list?.get(key);
      if (stream === undefined) {
        if (!isClient) keepEarly(event);
        return;
      }
      list?.delete(key);
      end(stream, event);
      finish(stream, "");
    },
    streamWhole(event, ending) {
      const process = options.processOf(event.tgid);
      if (process === undefined) return;
      const stream = begin(event, process);
      end(stream, ending);
      finish(stream, "");
    },
    streamConn(event) {
      if (options.processOf(event.tgid) !== undefined) options.conns.conn(event);
    },
    adopt(exchange, tgid, ids) {
      const parent = processes.get(tgid)?.servers.get(exchange & numberBits);
      if (parent === undefined) return false;
      identify(parent);
      if (parent.untold) return false;
      for (let i = 0; i < 16; i++) ids[idLayout.trace + i] = parent.ids[idLayout.trace + i] ?? 0;
      for (let i = 0; i < 8; i++) ids[idLayout.parent + i] = parent.ids[idLayout.span + i] ?? 0;
      keepThreshold(ids, parent.threshold);
      return true;
    },
    isUntold(exchange, tgid) {
      const stream = processes.get(tgid)?.servers.get(exchange & numberBits);
      if (stream !== undefined) identify(stream);
      return stream?.untold === true;
    },
    hostOf: (exchange, tgid) => processes.get(tgid)?.servers.get(exchange & numberBits)?.host ?? "",
    processExited(tgid, ns) {
      const open = processes.get(tgid);
      options.conns.processExited(tgid);
      if (open === undefined) return;
      processes.delete(tgid);
      for (const stream of [...open.servers.values(), ...open.clients.values()]) {
        stream.endNs = ns;
        stream.endFlags = 0;
        stream.status = -1;
        stream.errorType = 0;
        stream.requestBytes = -1;
        stream.responseBytes = -1;
        stream.text = "";
        finish(stream, "process_exited");
      }
    },
    sweep: late.sweep,
    serving() {
      const routines: string[] = [];
      for (const [tgid, open] of processes)
        for (const { goid } of open.servers.values()) routines.push(`${tgid}:${goid}`);
      return routines;
    },
    counts() {
      let open = 0;
      for (const { servers, clients } of processes.values()) open += servers.size + clients.size;
      return { open, dropped: { ...dropped } };
    },
  };
}

/** nameLength is what the probes tell in a traceparent's place: the trace and span of a call, the trace of a served stream. */
const nameLength = { client: 24, server: 16 } as const;
const chosen = new Uint8Array(nameLength.client);

const traceOf = ({ ids }: Stream): Uint8Array => ids.subarray(idLayout.trace, idLayout.trace + 16);
