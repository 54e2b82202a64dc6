// AMQP 0-9-1's methods (https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf), as far as they are read.

import { u16, u32 } from "../text.js";

export const FrameType = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;
export const frameHeader = 7;
export const frameEnd = 0xce;
export const protocolHeader = "AMQP\0\0\x09\x01";

// RabbitMQ's default frame_max is 128 KiB; clients may ask for more.
const longestFrame = 1 << 26;

/** methodKey makes one number of class and method. */
export const methodKey = (classId: number, method: number): number => classId * 1000 + method;

/** Method numbers those that are more than a request with its answer. */
export const Method = {
  connectionClose: 10050,
  channelClose: 20040,
  queueDeclare: 50010,
  consume: 60020,
  publish: 60040,
  returned: 60050,
  deliver: 60060,
  get: 60070,
  getOk: 60071,
  getEmpty: 60072,
  ack: 60080,
  reject: 60090,
  nack: 60120,
  confirmSelect: 85010,
} as const;

/** requests are the client's methods that are answered: by the method of the next number, but for one. */
export const requests: ReadonlyMap<number, string> = new Map([
  [20010, "channel.open"],
  [20020, "channel.flow"],
  [20040, "channel.close"],
  [40010, "exchange.declare"],
  [40020, "exchange.delete"],
  [40030, "exchange.bind"],
  [40040, "exchange.unbind"],
  [50010, "queue.declare"],
  [50020, "queue.bind"],
  [50030, "queue.purge"],
  [50040, "queue.delete"],
  [50050, "queue.unbind"],
  [60010, "basic.qos"],
  [60020, "basic.consume"],
  [60030, "basic.cancel"],
  [60070, "basic.get"],
  [60110, "basic.recover"],
  [85010, "confirm.select"],
  [90010, "tx.select"],
  [90020, "tx.commit"],
  [90030, "tx.rollback"],
]);
const otherClient = new Set([
  10011, 10021, 10031, 10040, 10050, 10051, 20041, 60040, 60080, 60090, 60100, 60120,
]);
const otherServer = new Set([
  10010, 10020, 10030, 10041, 10050, 10051, 20020, 20040, 60050, 60060, 60071, 60072, 60080, 60120,
]);

/** answerOf gives the method that answers a request. */
export const answerOf = (method: number): number => (method === 40040 ? 40051 : method + 1);
const answers = new Set([...requests.keys()].map(answerOf));

/** frameLength gives a frame's length, 0 when more bytes are needed, -1 when it is none. */
export function frameLength(bytes: Uint8Array, start: number, end: number): number {
  const type = bytes[start];
  if (type !== 1 && type !== 2 && type !== 3 && type !== 8) return -1;
  if (end - start < frameHeader) return 0;
  const size = u32(bytes, start + 3);
  if (size > longestFrame || (type === FrameType.heartbeat && size !== 0)) return -1;
  const length = frameHeader + size + 1;
  if (start + length <= end && bytes[start + length - 1] !== frameEnd) return -1;
  return length;
}

/** looksLikeFrame says from 0 to 100 whether a direction's write begins so. */
export function looksLikeFrame(
  bytes: Uint8Array,
  start: number,
  end: number,
  total: number,
  fromClient: boolean,
): number {
  const length = frameLength(bytes, start, end);
  if (length <= 0 || length > total) return 0;
  const type = bytes[start];
  if (type === FrameType.heartbeat) return length === 8 && end - start >= 8 ? 40 : 0;
  if (type !== FrameType.method || end - start < frameHeader + 4) return 0;
  const method = methodKey(u16(bytes, start + 7), u16(bytes, start + 9));
  const known = fromClient
    ? requests.has(method) || otherClient.has(method)
    : answers.has(method) || otherServer.has(method);
  return known ? 85 : 0;
}
