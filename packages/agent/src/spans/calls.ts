import type { CallEndEvent, CallEvent, CallSink } from "../events/call.js";
import { Operation } from "../go/call-site.js";
import type { MadeSpans } from "../made/made-spans.js";
import { fillRandom, idLayout, keepThreshold } from "./ids.js";
import { newLateSends } from "./late-sends.js";
import { newOpenCalls } from "./open-calls.js";
import type { ProcessSpans } from "./process-spans.js";
import { newSentMessages, type SentMessages, startSent } from "./sent-messages.js";
import { newTexts } from "./texts.js";

/** Call is a call into a library while it is open. */
export interface Call {
  process: ProcessSpans;
  operation: number;
  goid: number;
  startNs: number;
  endNs: number;
  text: string;
  /** cut: the text goes on behind what was captured. */
  cut: boolean;
  /** type and errorType are type words of interfaces (go/type-names.ts); the first of what is sent is how many messages it has. */
  type: number;
  errorType: number;
  /** Trace id, span id, parent span id; see idLayout. */
  readonly ids: Uint8Array;
  hasParent: boolean;
  /** untold: it sends for a request that sampling leaves out, as what goes over the wire for it is left out. */
  untold: boolean;
  /** peerAddress is where the call's bytes went, "" while that is unknown; peerPort is 0 for what has none. */
  peerAddress: string;
  peerPort: number;
  /** namespace and code are the database's name and the server's own word for an error, as read from the wire; else "". */
  namespace: string;
  code: string;
  /** sent is what is known of where a producer's messages went. */
  readonly sent: SentMessages;
  /** isClaimed: what may be its messages was seen on its way. */
  isClaimed: boolean;
  /** returnedRows and affectedRows are -1 while they are unknown. */
  returnedRows: number;
  affectedRows: number;
}

/** addHeard adds to a call what its exchange on the wire says of it. */
export function addHeard(call: Call, attributes: Readonly<Record<string, unknown>>): void {
  const number = (name: string, before: number): number => {
    const value = attributes[name];
    return typeof value === "number" ? value : before;
  };
  call.namespace = String(attributes["db.namespace"] ?? call.namespace);
  call.code = String(attributes["db.response.status_code"] ?? call.code);
  call.returnedRows = number("db.response.returned_rows", call.returnedRows);
  call.affectedRows = number("go3s.db.affected_rows", call.affectedRows);
}

/**
 * Sender is a call whose messages a request may have, with the time at which it began; isOnly: there was no other then. isPart: the request
 * has some of them, as others of other topics have others, so that it is what sends them.
 */
export interface Sender {
  readonly call: Call;
  readonly startNs: number;
  readonly isOnly: boolean;
  readonly isPart?: boolean;
}

/** CallsOptions are what the calls' assembler needs from around it. */
export interface CallsOptions {
  readonly processOf: (tgid: number) => ProcessSpans | undefined;
  /** adopt puts the ids of an open server exchange into those of a call; false when it is not open. */
  readonly adopt: (exchange: number, tgid: number, ids: Uint8Array) => boolean;
  /** enclosing: see MadeSpans. */
  readonly enclosing?: MadeSpans["enclosing"];
  /** ended hears of a call's end what the kernel side says of its server's answer; see CallEndEvent. */
  readonly ended?: (call: Call, event: CallEndEvent) => void;
  /** emit takes a finished call, valid during this; `failure` is "" or an error.type of ours. */
  readonly emit: (call: Call, failure: string) => void;
}

/** Calls joins beginnings and ends of library calls. */
export interface Calls extends CallSink {
  /**
   * during gives the call that a goroutine is in, undefined when it is in none: what it writes meanwhile is the call's, told
   * by the call already.
   */
  during(tgid: number, goid: number): Call | undefined;
  /**
   * sending gives the oldest open call that sends to a topic ("": any) and began before a time, else one that did not wait (LateSends),
   * for so many messages.
   */
  sending(tgid: number, topic: string, ns: number, messages: number): Sender | undefined;
  /** processExited finishes what a process left open. */
  processExited(tgid: number, ns: number): void;
  /** open counts calls without their end yet. */
  open(): number;
}

const idleLimit = 1024;
/** untoldExchange is the parent of what is done for a request that sampling leaves out (probes/sample.go3s). */
export const untoldExchange = 0xffffffff;

/** newCalls makes one with nothing open. */
export function newCalls(options: CallsOptions): Calls {
  const calls = newOpenCalls();
  const idle: Call[] = [];
  const texts = newTexts();
  const late = newLateSends();

  const give = (call: Call): void => {
    if (idle.length < idleLimit) idle.push(call);
  };

  return {
    open: () => calls.size(),
    call(event: CallEvent) {
      const process = options.processOf(event.tgid);
      if (process === undefined) return;
      // The same goroutine again: the end of the last one was lost, or its stack grew behind the probe (Go before 1.21).
      let call = calls.get(event.tgid, event.goid);
      if (call === undefined) {
        call = idle.pop() ?? newCall(process);
        call.process = process;
        call.goid = event.goid;
        calls.add(call);
        process.calls++;
      }
      call.untold = event.parent === untoldExchange;
      call.operation = event.operation;
      call.startNs = event.ns;
      call.cut = event.textLength < event.textBytes;
      call.text = texts.of(event.memory, event.text, event.textLength);
      call.type = event.type;
      call.errorType = 0;
      call.peerAddress = "";
      call.peerPort = 0;
      call.namespace = "";
      if (event.operation === Operation.send) startSent(call.sent, event.ofFirst && event.type !== 1);
      call.isClaimed = false;
      call.code = "";
      call.returnedRows = -1;
      call.affectedRows = -1;
      fillRandom(call.ids, idLayout.span, 8);
      keepThreshold(call.ids, 0);
      if (call.untold) return;
      // Now, since the request may be over when the call is.
      const isServed = event.parent !== 0 && options.adopt(event.parent, event.tgid, call.ids);
      call.hasParent = options.enclosing?.(event.tgid, event.goid, call.ids, isServed) === true || isServed;
      if (call.hasParent && event.hops >= (process.deepFrom ?? 2)) process.deep = (process.deep ?? 0) + 1;
      if (!call.hasParent) {
        process.orphans++;
        fillRandom(call.ids, idLayout.trace, 16);
      }
    },
    callEnd(event: CallEndEvent) {
      const call = calls.take(event.tgid, event.goid);
      if (call === undefined) return;
      call.endNs = event.ns;
      call.errorType = event.errorType;
      if (event.connection !== 0) options.ended?.(call, event);
      if (!call.untold) options.emit(call, "");
      if (call.operation === Operation.send && !call.isClaimed && call.errorType === 0) late.ended(call);
      give(call);
    },
    during: calls.get,
    sending(tgid, topic, ns, messages) {
      let oldest: Call | undefined;
      let count = 0;
      let handedOut = 0;
      calls.each((call) => {
        if (call.process.tgid !== tgid || call.operation !== Operation.send || call.startNs > ns) return;
        const isSure = !call.sent.mayVary;
        if (isSure && topic !== "" && call.text !== "" && call.text !== topic) return;
        count++;
        handedOut += call.type > 0 ? call.type : Number.POSITIVE_INFINITY;
        // Of all that wait some messages may be in it.
        call.isClaimed = true;
        // Whose messages are of this topic goes before whose may be.
        const isNearer = oldest === undefined || (isSure && oldest.sent.mayVary);
        const isOlder = oldest === undefined || call.startNs < oldest.startNs;
        if (isNearer || (isOlder && isSure === !oldest?.sent.mayVary)) oldest = call;
      });
      if (oldest === undefined) return late.take(tgid, topic, ns, messages);
      // What those have not handed out was there before.
      const before = messages > handedOut ? late.take(tgid, topic, ns, messages - handedOut) : undefined;
      if (before !== undefined) return { ...before, isOnly: false };
      return { call: oldest, startNs: oldest.startNs, isOnly: count === 1 };
    },
    processExited(tgid, ns) {
      late.processExited(tgid);
      calls.each((call) => {
        if (call.process.tgid !== tgid) return;
        calls.take(tgid, call.goid);
        call.endNs = ns;
        if (!call.untold) options.emit(call, "process_exited");
        give(call);
      });
    },
  };
}

/** newCall makes one of which nothing is known. */
export function newCall(process: ProcessSpans): Call {
  return {
    process,
    operation: 0,
    goid: 0,
    startNs: 0,
    endNs: 0,
    text: "",
    cut: false,
    type: 0,
    errorType: 0,
    ids: new Uint8Array(idLayout.size),
    hasParent: false,
    untold: false,
    peerAddress: "",
    peerPort: 0,
    namespace: "",
    code: "",
    sent: newSentMessages(),
    isClaimed: false,
    returnedRows: -1,
    affectedRows: -1,
  };
}
