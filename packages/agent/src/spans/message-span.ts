import { type AttributeKey, attributeKey, encodeProtobuf, KeyValue, type SpanWriter } from "@go3s/telemetry";
import type { RequestDurations } from "../runtime/request-durations.js";
import { batchKey } from "../wires/message-batches.js";
import type { MessageBrokers } from "../wires/message-brokers.js";
import { failureText } from "./http-span.js";
import { idLayout } from "./ids.js";
import { messagingOperation } from "./messaging.js";
import type { Stream } from "./stream.js";

// OpenTelemetry's messaging conventions (https://opentelemetry.io/docs/specs/semconv/messaging/kafka/).
const key = {
  destination: attributeKey("messaging.destination.name"),
  partition: attributeKey("messaging.destination.partition.id"),
  group: attributeKey("messaging.consumer.group.name"),
  offset: attributeKey("messaging.kafka.offset"),
  messageKey: attributeKey("messaging.kafka.message.key"),
  size: attributeKey("messaging.message.body.size"),
  serverAddress: attributeKey("server.address"),
  serverPort: attributeKey("server.port"),
  errorType: attributeKey("error.type"),
} as const satisfies Readonly<Record<string, AttributeKey>>;

const constant = messagingOperation("process");

const spanKindConsumer = 5;
const statusError = 2;
// W3C's sampled, and: it is known that the other span is remote.
const linkFlags = 0x301;

/**
 * writeMessage writes what is a message's own in its span: a goroutine took it, and asked for the next one when it was done with it. A stream has
 * the topic as its path, the group as its host, the key as its query.
 */
export function writeMessage(
  stream: Stream,
  failure: string,
  writer: SpanWriter,
  durations: RequestDurations | undefined,
  brokers: Pick<MessageBrokers, "of"> | undefined,
): void {
  const { path: topic, query: messageKey } = stream;
  // Of sarama's only its end has it.
  const group = stream.host === "" ? stream.text : stream.host;
  writer.name(topic === "" ? "process" : `process ${topic}`);
  writer.kind(spanKindConsumer);
  for (const attribute of constant) writer.encodedAttribute(attribute);
  if (topic !== "") writer.stringAttribute(key.destination, topic);
  writer.stringAttribute(key.partition, String(stream.streamId));
  writer.intAttribute(key.offset, stream.offset);
  if (group !== "") writer.stringAttribute(key.group, group);
  // A key is any bytes; what is no text came out with this in place of what could not be read.
  if (messageKey !== "" && !/[\ufffd\p{Cc}]/u.test(messageKey))
    writer.stringAttribute(key.messageKey, messageKey);
  if (stream.requestBytes >= 0) writer.intAttribute(key.size, stream.requestBytes);
  if (stream.batch !== "") {
    const values = [{ stringValue: stream.batch }];
    writer.encodedAttribute(encodeProtobuf(KeyValue, { key: batchKey, value: { arrayValue: { values } } }));
  }
  if (stream.sender !== undefined) writer.link(stream.sender, idLayout.trace, idLayout.span, linkFlags);
  const broker = brokers?.of(stream.tgid, topic, stream.streamId);
  if (broker !== undefined) {
    writer.stringAttribute(key.serverAddress, broker.address);
    writer.intAttribute(key.serverPort, broker.port);
  }
  if (failure !== "") {
    writer.stringAttribute(key.errorType, failure);
    writer.status(statusError, failureText[failure] ?? "");
  }
  durations?.messages(stream, { topic, group, failure }).add(stream);
}
