import { addressSize } from "../events/layout.js";
import type { WireExchange } from "../protocols/wire.js";
import type { Wire } from "./wire.js";
import { addressText } from "./wire-span.js";

/** Broker is where a process gets messages from. */
export interface Broker {
  readonly address: string;
  readonly port: number;
}

/** MessageBrokers knows which broker a process was last given messages of a partition by. */
export interface MessageBrokers {
  gave(exchange: WireExchange, wire: Wire): void;
  of(tgid: number, topic: string, partition: number): Broker | undefined;
}

// Partitions of all processes.
const limit = 4096;

/** newMessageBrokers makes one that knows none. */
export function newMessageBrokers(): MessageBrokers {
  const brokers = new Map<string, Broker>();
  const keyOf = (tgid: number, topic: string, partition: number): string => `${tgid} ${partition} ${topic}`;
  return {
    gave({ attributes, messages = [] }, wire) {
      if (attributes["messaging.operation.type"] !== "receive" || wire.client !== 0 || wire.peerPort === 0)
        return;
      for (const { topic, partition } of messages) {
        wire.peerText ??= addressText(wire, addressSize);
        const key = keyOf(wire.process.tgid, topic, partition);
        const known = brokers.get(key);
        if (known?.address === wire.peerText && known.port === wire.peerPort) continue;
        const [oldest] = brokers.keys();
        if (brokers.size >= limit && oldest !== undefined) brokers.delete(oldest);
        brokers.set(key, { address: wire.peerText, port: wire.peerPort });
      }
    },
    of: (tgid, topic, partition) => brokers.get(keyOf(tgid, topic, partition)),
  };
}
