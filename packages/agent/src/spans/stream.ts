import { Role } from "../events/layout.js";
import type { Held } from "./handed-on.js";
import { idLayout } from "./ids.js";
import type { ProcessSpans } from "./process-spans.js";
import type { StreamConn } from "./stream-conns.js";

/** Stream is a request or call by HTTP/2, or a message that is taken from a broker, while it is open. */
export interface Stream {
  role: Role;
  /** See StreamKind (go/stream-site.ts). */
  protocol: number;
  flags: number;
  process: ProcessSpans;
  tgid: number;
  goid: number;
  startNs: number;
  endNs: number;
  /** handlerEnded: the end is the handler's own, always. */
  readonly handlerEnded: true;
  conn: StreamConn | undefined;
  /** streamId is a message's partition. */
  streamId: number;
  /** offset is a message's in its partition; 0 of what is none. */
  offset: number;
  /** object tells a message's object from others of its process, 0 where it has none that is handed on. */
  object: number;
  /** held is what those know of it who take the message after, before what they know of who had it before; see HandedOn. */
  held: Held | undefined;
  before: Held | undefined;
  /** Texts as they were captured; "" for what there is not. */
  method: string;
  path: string;
  host: string;
  query: string;
  agent: string;
  tracestate: string;
  baggage: string;
  /** Trace id, span id, parent span id; see idLayout. Valid once `identified`. */
  readonly ids: Uint8Array;
  identified: boolean;
  hasParent: boolean;
  remoteParent: boolean;
  /** untold: see Exchange. */
  untold: boolean;
  /** sender has the ids of who sent a message whose trace had begun before that was known, or before anybody could ask. */
  sender: Uint8Array | undefined;
  /** batch names what a message came in whose sender is not known, "" where that is not known either. */
  batch: string;
  /** named: its trace, and a call's span, were chosen where it began: they may be on the wire already. */
  named: boolean;
  threshold: number;
  /** What the end told; see StreamEndEvent. */
  endFlags: number;
  status: number;
  errorType: number;
  requestBytes: number;
  responseBytes: number;
  text: string;
}

/** newStream makes one of which nothing is known. */
export function newStream(process: ProcessSpans): Stream {
  return {
    role: Role.server,
    protocol: 0,
    flags: 0,
    process,
    tgid: 0,
    goid: 0,
    startNs: 0,
    endNs: 0,
    handlerEnded: true,
    conn: undefined,
    streamId: 0,
    offset: 0,
    object: 0,
    held: undefined,
    before: undefined,
    method: "",
    path: "",
    host: "",
    query: "",
    agent: "",
    tracestate: "",
    baggage: "",
    ids: new Uint8Array(idLayout.size),
    identified: false,
    hasParent: false,
    remoteParent: false,
    untold: false,
    sender: undefined,
    batch: "",
    named: false,
    threshold: 0,
    endFlags: 0,
    status: -1,
    errorType: 0,
    requestBytes: -1,
    responseBytes: -1,
    text: "",
  };
}
