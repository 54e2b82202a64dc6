import type { WireExchange } from "../protocols/wire.js";
import type { Call } from "./calls.js";

/** SentMessages is what is known of where the messages of a producer's call went. */
export interface SentMessages {
  /** mayVary: they may be of several topics; the call's text is the first one's. */
  mayVary: boolean;
  /** topic is what requests on the wire had, "" while none was seen. */
  topic: string;
  topicVaries: boolean;
  /** partition is the same of their partition. */
  partition: string;
  partitionVaries: boolean;
  /** seen is how many messages those requests had. */
  seen: number;
  /** isParted: requests with some of them send them each for itself. */
  isParted: boolean;
  /** key and offset are those of an only message, "" and -1 where they are not known. */
  key: string;
  offset: number;
}

/** newSentMessages makes one of which nothing is known. */
export function newSentMessages(): SentMessages {
  return {
    mayVary: false,
    topic: "",
    topicVaries: false,
    partition: "",
    partitionVaries: false,
    seen: 0,
    isParted: false,
    key: "",
    offset: -1,
  };
}

/** isPartOf says whether a request has not all the messages of a call that may be of several topics. */
export const isPartOf = (
  { sent, type }: Pick<Call, "sent" | "type">,
  { messages = [] }: Pick<WireExchange, "messages">,
): boolean => sent.mayVary && messages.reduce((sum, { count }) => sum + count, 0) < type;

/** startSent begins anew. */
export function startSent(sent: SentMessages, mayVary: boolean): void {
  Object.assign(sent, newSentMessages(), { mayVary });
}

/**
 * addSent adds to a producer's call what a request on the wire says that has its messages, or may have: isOnly says that no other call was
 * sending.
 */
export function addSent(
  { sent, type }: Pick<Call, "sent" | "type">,
  { attributes, messages = [] }: Pick<WireExchange, "attributes" | "messages">,
  isOnly: boolean,
): void {
  const topic = String(attributes["messaging.destination.name"] ?? "");
  const partition = String(attributes["messaging.destination.partition.id"] ?? "");
  const isOther = (known: string, told: string): boolean =>
    !isOnly || told === "" || (known !== "" && known !== told);
  sent.topicVaries ||= isOther(sent.topic, topic);
  sent.partitionVaries ||= isOther(sent.partition, partition);
  sent.topic = topic;
  sent.partition = partition;
  sent.seen += messages.reduce((sum, { count }) => sum + count, 0);
  if (type === 1 && sent.seen === 1 && isOnly)
    sent.key = String(attributes["messaging.kafka.message.key"] ?? "");
}

/** addAnswered adds what the broker's answer to such a request says. */
export function addAnswered(
  call: Pick<Call, "sent" | "type" | "code">,
  { attributes, error }: Pick<WireExchange, "attributes" | "error">,
  isOnly: boolean,
): void {
  const { sent, type } = call;
  const offset = attributes["messaging.kafka.offset"];
  if (type === 1 && sent.seen === 1 && isOnly && typeof offset === "number") sent.offset = offset;
  if (error !== "") call.code = error;
}

/**
 * topicOf is the topic of all the messages of a call, "" where they have several, or may have: a destination is named when it is that of the
 * whole batch (OpenTelemetry's messaging conventions).
 */
export function topicOf({ text, type, sent }: Pick<Call, "text" | "type" | "sent">): string {
  if (!sent.mayVary) return text === "" && !sent.topicVaries ? sent.topic : text;
  const isOther = sent.topicVaries || (text !== "" && text !== sent.topic);
  return isOther || sent.seen < type ? "" : sent.topic;
}
