import {
  againLayout,
  endLayout,
  headLayout,
  moreLayout,
  processLayout,
  RecordKind,
  requestLayout,
  responseLayout,
  routeSlot,
  tcpLayout,
  wireNameLayout,
} from "./layout.js";

/** Records as the kernel writes them, made by hand: for tests of whatever consumes events. */

type Fields<L> = { readonly [K in keyof L]?: number };

function fill<L extends Readonly<Record<string, number>>>(
  record: Uint8Array,
  layout: L,
  widths: Readonly<Record<string, 1 | 2 | 4 | 8>>,
  fields: Fields<L>,
): void {
  const view = new DataView(record.buffer);
  for (const [name, value] of Object.entries(fields)) {
    const at = layout[name];
    if (at === undefined || typeof value !== "number") continue;
    const width = widths[name] ?? 4;
    if (width === 1) view.setUint8(at, value);
    else if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
  }
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** requestRecord builds a request record with the head; `pending` is how many of its bytes came with an earlier read. */
export function requestRecord(head: string, fields: Fields<typeof requestLayout>, pending = 0): Uint8Array {
  const text = bytesOf(head);
  const l = requestLayout;
  const record = new Uint8Array(l.head + text.length - pending);
  const widths = {
    role: 1,
    pendingLength: 1,
    flags: 1,
    ns: 8,
    goid: 8,
    parentGoid: 8,
    headLength: 2,
    family: 1,
    hops: 1,
    localPort: 2,
    peerPort: 2,
    randomness: 8,
  } as const;
  record[l.kind] = RecordKind.request;
  fill(record, l, widths, {
    headLength: text.length - pending,
    pendingLength: pending,
    bytes: text.length,
    family: 2,
    ...fields,
  });
  record.set(text, l.head - pending);
  return record;
}

/** headRecord builds a further piece of a request's head. */
export function headRecord(text: string, fields: Fields<typeof headLayout>): Uint8Array {
  const bytes = bytesOf(text);
  const record = new Uint8Array(headLayout.text + bytes.length);
  record[headLayout.kind] = RecordKind.head;
  fill(record, headLayout, { role: 1, length: 2, ns: 8 }, { length: bytes.length, ...fields });
  record.set(bytes, headLayout.text);
  return record;
}

/** responseRecord builds a response record; its tail is that of the text. */
export function responseRecord(head: string, fields: Fields<typeof responseLayout>, route = ""): Uint8Array {
  const text = bytesOf(head);
  const l = responseLayout;
  const pattern = bytesOf(route).subarray(0, routeSlot);
  const kept = text.subarray(0, l.route - l.head);
  const record = new Uint8Array(pattern.length > 0 ? l.route + routeSlot : l.head + kept.length);
  record[l.kind] = RecordKind.response;
  fill(
    record,
    l,
    { role: 1, flags: 2, ns: 8, handlerEndNs: 8, requestBytes: 8, headLength: 2, routeLength: 2 },
    { headLength: kept.length, routeLength: pattern.length, bytes: text.length, ...fields },
  );
  record.set(kept, l.head);
  if (pattern.length > 0) record.set(pattern, l.route);
  const tail = text.subarray(-8);
  record.set(tail, l.tail + 8 - tail.length);
  return record;
}

/** againRecord builds a request that repeats another, with its answer when there is an endNs. */
export function againRecord(fields: Fields<typeof againLayout>): Uint8Array {
  const record = new Uint8Array(againLayout.size);
  record[againLayout.kind] = RecordKind.again;
  fill(record, againLayout, { role: 1, ns: 8, endNs: 8 }, fields);
  return record;
}

/** moreRecord builds a further piece of a response with the stream's last bytes. */
export function moreRecord(tail: string, fields: Fields<typeof moreLayout>): Uint8Array {
  const record = new Uint8Array(moreLayout.size);
  record[moreLayout.kind] = RecordKind.more;
  fill(record, moreLayout, { role: 1, flags: 2, ns: 8, responseBytes: 8, requestBytes: 8 }, fields);
  const bytes = bytesOf(tail).subarray(-8);
  record.set(bytes, moreLayout.tail + 8 - bytes.length);
  return record;
}

/** endRecord builds the end of an exchange. */
export function endRecord(fields: Fields<typeof endLayout>, route = ""): Uint8Array {
  const pattern = bytesOf(route).subarray(0, routeSlot);
  const record = new Uint8Array(endLayout.route + (pattern.length > 0 ? routeSlot : 0));
  record[endLayout.kind] = RecordKind.end;
  const widths = { role: 1, reason: 1, ns: 8, responseBytes: 8, requestBytes: 8, routeLength: 2 } as const;
  fill(record, endLayout, widths, { routeLength: pattern.length, ...fields });
  record.set(pattern, endLayout.route);
  return record;
}

/** tcpRecord builds an established, failed or closed connection; addresses are raw bytes (4 or 16). */
export function tcpRecord(
  kind: "tcpOpen" | "tcpClose",
  fields: Fields<typeof tcpLayout>,
  local: readonly number[],
  peer: readonly number[],
  comm = "",
): Uint8Array {
  const record = new Uint8Array(tcpLayout.size);
  record[tcpLayout.kind] = RecordKind[kind];
  const widths = {
    role: 1,
    family: 1,
    state: 1,
    ns: 8,
    startNs: 8,
    connectNs: 8,
    bytesSent: 8,
    bytesReceived: 8,
    localPort: 2,
    peerPort: 2,
  } as const;
  fill(record, tcpLayout, widths, { family: local.length === 4 ? 2 : 10, ...fields });
  record.set(local, tcpLayout.localAddress);
  record.set(peer, tcpLayout.peerAddress);
  record.set(bytesOf(comm).subarray(0, 15), tcpLayout.comm);
  return record;
}

/** processRecord builds the start or the exit of a process. */
export function processRecord(
  kind: "processStart" | "processExit",
  fields: Fields<typeof processLayout>,
  comm = "",
): Uint8Array {
  const record = new Uint8Array(processLayout.size);
  record[processLayout.kind] = RecordKind[kind];
  fill(record, processLayout, { isForked: 1, ns: 8 }, fields);
  record.set(bytesOf(comm).subarray(0, 15), processLayout.comm);
  return record;
}

/** wireNameRecord builds what a request by HTTP/2 is called; `ids` are trace id and span id. */
export function wireNameRecord(fields: Fields<typeof wireNameLayout>, ids: Uint8Array): Uint8Array {
  const record = new Uint8Array(wireNameLayout.size);
  record[wireNameLayout.kind] = RecordKind.wireName;
  fill(record, wireNameLayout, { ns: 8 }, fields);
  record.set(ids, wireNameLayout.trace);
  return record;
}
