import { BinaryError, type GoBinary, type GoOffsets } from "@go3s/binary";
import { type CallArguments, type CallSite, callCookie, Operation } from "./call-site.js";

/** kafkaStructs are what kafkaCalls needs to know of the modules' structs. */
export const kafkaStructs = {
  "github.com/segmentio/kafka-go.Writer": ["Topic"],
} as const;

interface Row extends CallArguments {
  readonly in: string;
  /** failed is the word of the result that is the error. */
  readonly failed: number;
}

// Since kafka-go 0.4 the writer's address, an interface, stands in front of the topic.
const topicOfWriter = 16;

/**
 * producers are the functions that send messages and wait until they are sent; what writes to the broker is another
 * goroutine, for many of them. A message begins with its topic; a writer of kafka-go without one has it in its messages, the
 * argument that is given as type (probes/calls.go3s).
 */
const producers = (topic: number): readonly Row[] => [
  { in: "github.com/segmentio/kafka-go.(*Writer).WriteMessages", text: 0, textAt: topic, type: 3, failed: 0 },
  { in: "github.com/IBM/sarama.(*syncProducer).SendMessage", text: 1, textAt: 0, failed: 2 },
  { in: "github.com/IBM/sarama.(*syncProducer).SendMessages", failed: 0 },
  { in: "github.com/Shopify/sarama.(*syncProducer).SendMessage", text: 1, textAt: 0, failed: 2 },
  { in: "github.com/Shopify/sarama.(*syncProducer).SendMessages", failed: 0 },
];

/** KafkaCalls are the places in a program that tell what it sends, and what cannot be told. */
export interface KafkaCalls {
  readonly sites: readonly CallSite[];
  readonly lost: readonly string[];
}

/**
 * kafkaCalls finds the sites in a program that sends to Kafka; none in one that does not. Nothing but the functions' RETs
 * says that they are over: those are single-stepped (11-16 us), which a send of milliseconds bears.
 */
export function kafkaCalls(binary: GoBinary, offsets: GoOffsets, goid: number | undefined): KafkaCalls {
  const sites: CallSite[] = [];
  const lost: string[] = [];
  const topic = offsets.of("github.com/segmentio/kafka-go.Writer", "Topic") ?? topicOfWriter;
  for (const row of producers(topic)) {
    const found = binary.functions.find(row.in);
    if (found === undefined) continue;
    if (goid === undefined) {
      lost.push(`${row.in}: its goroutines and arguments cannot be read in this Go`);
      continue;
    }
    try {
      const { fileOffset } = binary.probeAddress(found);
      const ends = binary.returnAddresses(found).map((address) => binary.fileOffset(address));
      sites.push({
        program: "begin",
        fileOffset,
        cookie: callCookie({ ...row, operation: Operation.send }, goid),
      });
      for (const end of ends)
        sites.push({ program: "end", fileOffset: end, cookie: callCookie({ error: row.failed }, goid) });
    } catch (error) {
      if (!(error instanceof BinaryError)) throw error;
      lost.push(`${row.in}: ${error.message}`);
    }
  }
  return { sites, lost };
}
