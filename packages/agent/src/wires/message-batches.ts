import { createHash } from "node:crypto";
import { type MessageOrigins, newMessageOrigins } from "./message-origins.js";

/**
 * MessageBatches names batches of messages by what their producer wrote and brokers leave as it is, so that who sends one and who takes its
 * messages say the same of it, on two machines, too.
 */
export interface MessageBatches {
  /** fetched notes at which offsets a batch came to stand that nobody here has sent. */
  readonly fetched: MessageOrigins["fetched"];
  /** of gives the batch that a message came in, "" when that is not known. */
  of(topic: string, partition: number, offset: number): string;
}

/** batchKey is the attribute that batches are told by. */
export const batchKey = "go3s.kafka.batch";

// Between their consumer's answer and the end of what is done with their messages.
const limit = 4096;
const idBytes = 8;

/** batchOf is the name of a batch, by its print (protocols/wire.ts, Messages); "" where that is not known. */
export function batchOf(print: string): string {
  if (print === "") return "";
  return createHash("sha256")
    .update(print, "latin1")
    .digest("hex")
    .slice(0, 2 * idBytes);
}

/** newMessageBatches makes one that knows none. */
export function newMessageBatches(): MessageBatches {
  const known = newMessageOrigins(limit);
  const ids = new Uint8Array(24);
  return {
    fetched(server, topic, partition, first, count, print) {
      const batch = batchOf(print);
      if (batch === "") return;
      Buffer.from(batch, "hex").copy(ids);
      known.sent(server, topic, partition, first, count, ids);
    },
    of(topic, partition, offset) {
      const found = known.of("", topic, partition, offset);
      return found === undefined ? "" : Buffer.from(found.subarray(0, idBytes)).toString("hex");
    },
  };
}
