import { encodeProtobuf, KeyValue } from "@go3s/telemetry";

/** messagingOperation gives what every span of an operation on Kafka's messages has, encoded: system, and the operation's name and type. */
export const messagingOperation = (operation: string): readonly Uint8Array[] =>
  Object.entries({
    "messaging.system": "kafka",
    "messaging.operation.name": operation,
    "messaging.operation.type": operation,
  }).map(([key, stringValue]) => encodeProtobuf(KeyValue, { key, value: { stringValue } }));
