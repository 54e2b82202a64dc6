import { attributeKey, type SpanWriter } from "@go3s/telemetry";
import { type GoTypes, shownType } from "../go/type-names.js";
import { thresholdText } from "../sampling/threshold.js";
import type { Call } from "./calls.js";
import type { Nanos, WallClock } from "./clock.js";
import { failureText } from "./http-span.js";
import { idLayout, keptThreshold } from "./ids.js";
import { messagingOperation } from "./messaging.js";
import { topicOf } from "./sent-messages.js";

// OpenTelemetry's messaging conventions (https://opentelemetry.io/docs/specs/semconv/messaging/kafka/).
const key = {
  destination: attributeKey("messaging.destination.name"),
  partition: attributeKey("messaging.destination.partition.id"),
  offset: attributeKey("messaging.kafka.offset"),
  messageKey: attributeKey("messaging.kafka.message.key"),
  count: attributeKey("messaging.batch.message_count"),
  serverAddress: attributeKey("server.address"),
  serverPort: attributeKey("server.port"),
  errorType: attributeKey("error.type"),
  goroutine: attributeKey("go3s.goroutine.id"),
} as const;

const constant = messagingOperation("send");

const spanKind = { client: 3, producer: 4 } as const;
const statusError = 2;
// W3C's sampled, and: it is known that the parent is not remote.
const spanFlags = 0x101;

/** SendSpanWriter writes calls of Kafka's producers as spans. */
export interface SendSpanWriter {
  write(call: Call, failure: string, writer: SpanWriter): void;
}

/** newSendSpanWriter makes a writer with its own scratch values: one per agent. */
export function newSendSpanWriter(clock: WallClock, types: GoTypes): SendSpanWriter {
  const time: Nanos = { lo: 0, hi: 0 };
  return {
    write(call, failure, writer) {
      const { process } = call;
      writer.beginSpan();
      writer.traceId(call.ids, idLayout.trace);
      writer.spanId(call.ids, idLayout.span);
      if (call.hasParent) writer.parentSpanId(call.ids, idLayout.parent);
      writer.flags(spanFlags);
      clock.toUnix(call.startNs, time);
      writer.startTime(time.lo, time.hi);
      clock.toUnix(Math.max(call.startNs, call.endNs), time);
      writer.endTime(time.lo, time.hi);
      const threshold = call.hasParent ? keptThreshold(call.ids) : 0;
      if (threshold > 0) writer.traceState(thresholdText(threshold));
      const topic = topicOf(call);
      writer.name(topic === "" ? "send" : `send ${topic}`);
      // Its messages are the children of what sends each part of them (OpenTelemetry's messaging conventions, span kind).
      writer.kind(call.sent.isParted ? spanKind.client : spanKind.producer);
      for (const attribute of constant) writer.encodedAttribute(attribute);
      const { partition, partitionVaries, key: messageKey, offset } = call.sent;
      if (topic !== "") writer.stringAttribute(key.destination, topic);
      if (partition !== "" && !partitionVaries) writer.stringAttribute(key.partition, partition);
      if (messageKey !== "") writer.stringAttribute(key.messageKey, messageKey);
      if (offset >= 0) writer.intAttribute(key.offset, offset);
      // The conventions want it of batches alone. A send has their number for a type.
      if (call.type > 1) writer.intAttribute(key.count, call.type);
      if (call.peerAddress !== "") writer.stringAttribute(key.serverAddress, call.peerAddress);
      if (call.peerPort !== 0) writer.intAttribute(key.serverPort, call.peerPort);
      writer.intAttribute(key.goroutine, call.goid);
      if (call.errorType !== 0 || failure !== "") {
        // The broker's word says more than the type of the library's error.
        const type = failure || call.code || shownType(types.of(process.tgid, call.errorType));
        writer.stringAttribute(key.errorType, type === "" ? "_OTHER" : type);
        writer.status(statusError, failureText[failure] ?? "");
      }
      writer.endSpan();
      process.spans++;
    },
  };
}
