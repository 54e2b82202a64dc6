import { Buffer } from "node:buffer";
import { encodeProtobuf, KeyValue, type SpanWriter } from "@go3s/telemetry";
import { addressSize } from "../events/layout.js";
import type { MessageContext, WireExchange } from "../protocols/wire.js";
import { hexText, idLayout, readTraceparent } from "../spans/ids.js";
import { batchKey, batchOf, type MessageBatches } from "./message-batches.js";
import type { MessageOrigins } from "./message-origins.js";
import type { Wire } from "./wire.js";
import { addressText } from "./wire-span.js";

/** MessageLinks leads from the span of an exchange with messages to the spans that they came from. */
export interface MessageLinks {
  /** wrote notes who wrote the batches of a request, before it is answered. */
  wrote(exchange: WireExchange, ids: Uint8Array): void;
  /** sent notes where the messages of a client's exchange came to stand; `ids` (idLayout) are those of the span that sent them. */
  sent(exchange: WireExchange, wire: Wire, ids: Uint8Array): void;
  /** isKnown says whether nothing is missing that the answer to a producer may still tell. */
  isKnown(exchange: WireExchange, wire: Wire): boolean;
  /** write adds the links to the span that was begun, and the names of batches whose other end may be on another machine. */
  write(exchange: WireExchange, wire: Wire, writer: SpanWriter): void;
}

// OpenTelemetry's default for a span (OTEL_SPAN_LINK_COUNT_LIMIT).
const linkLimit = 128;
// Partitions that a request has batches of, and batches of an answer that nobody here has sent.
const batchLimit = 32;
// W3C's sampled, and OTLP's: it is known that the other span is of another process.
const flags = { sampled: 1, remote: 0x300 } as const;

/** newMessageLinks makes one. */
export function newMessageLinks(
  origins: MessageOrigins,
  batches?: Pick<MessageBatches, "fetched">,
): MessageLinks {
  const ids = new Uint8Array(idLayout.size);
  const seen = new Set<string>();
  let more = 0;

  /** link adds one, once; the span's id is at `span` of ids. */
  const link = (writer: SpanWriter, span: number, flag: number, state: string): void => {
    const key = hexText(ids, idLayout.trace, 16) + hexText(ids, span, 8);
    if (seen.has(key)) return;
    seen.add(key);
    if (seen.size > linkLimit) more++;
    else writer.link(ids, idLayout.trace, span, flag, state);
  };

  const named = new Set<string>();
  const name = (print: string): void => {
    if (print !== "" && named.size < batchLimit) named.add(batchOf(print));
  };
  const writeNamed = (writer: SpanWriter): void => {
    if (named.size === 0) return;
    const values = [...named].map((stringValue) => ({ stringValue }));
    writer.encodedAttribute(encodeProtobuf(KeyValue, { key: batchKey, value: { arrayValue: { values } } }));
  };

  const carried = (writer: SpanWriter, { traceparent, tracestate }: MessageContext): boolean => {
    const text = Buffer.from(traceparent, "latin1");
    if (!readTraceparent(text, { start: 0, end: text.length }, ids)) return false;
    link(writer, idLayout.parent, flags.remote | Number.parseInt(traceparent.slice(53, 55), 16), tracestate);
    return true;
  };

  return {
    wrote({ messages = [] }, from) {
      for (const { print } of messages) origins.wrote(print, from);
    },
    sent({ messages = [] }, wire, from) {
      const server = serverOf(wire);
      for (const { topic, partition, first, count, print } of messages) {
        if (first < 0) origins.wrote(print, from);
        else if (topic !== "") origins.sent(server, topic, partition, first, count, from);
      }
    },
    isKnown({ messages = [] }, wire) {
      const server = serverOf(wire);
      let known = true;
      for (const { topic, partition, first, count, contexts, print } of messages) {
        if (topic === "") continue;
        origins.fetched(server, topic, partition, first, count, print);
        if (contexts.length >= count || origins.of(server, topic, partition, first) !== undefined) continue;
        known = false;
        batches?.fetched(server, topic, partition, first, count, print);
      }
      return known;
    },
    write(exchange, wire, writer) {
      const { messages = [], attributes } = exchange;
      const isPoll = attributes["messaging.operation.type"] === "receive";
      const server = isPoll ? serverOf(wire) : "";
      seen.clear();
      named.clear();
      more = 0;
      for (const { topic, partition, first, count, contexts, print } of messages) {
        let own = 0;
        if (!isPoll) name(print);
        for (const context of contexts) if (carried(writer, context)) own++;
        if (!isPoll || own >= count || topic === "") continue;
        // A batch is what one request has sent.
        origins.fetched(server, topic, partition, first, count, print);
        const from = origins.of(server, topic, partition, first);
        if (from === undefined) {
          name(print);
          continue;
        }
        ids.set(from);
        link(writer, idLayout.span, flags.remote | flags.sampled, "");
      }
      if (more > 0) writer.droppedLinks(more);
      writeNamed(writer);
    },
  };
}

/** serverOf is the server of a client's socket as MessageOrigins has it, "" when it has no address. */
export function serverOf(wire: Wire): string {
  if (wire.peerPort === 0) return "";
  wire.peerText ??= addressText(wire, addressSize);
  return `${wire.peerText}:${wire.peerPort}`;
}
