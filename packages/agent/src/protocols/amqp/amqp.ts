import { type FrameFormat, newLane } from "../frames.js";
import { startsWith, u16, u32 } from "../text.js";
import { newExchange, type Parser, type ParserOptions, type Protocol, type WireExchange } from "../wire.js";
import { bodySize, readProperties, shortText } from "./content.js";
import {
  answerOf,
  FrameType,
  frameHeader,
  frameLength,
  looksLikeFrame,
  Method,
  methodKey,
  protocolHeader,
  requests,
} from "./method.js";

// Of a frame so much is held while it comes in pieces: a method's names, a message's properties.
const keep = 2048;
const wantedOfBody = frameHeader;
const channelLimit = 2048;
const confirmLimit = 4096;
const channelOpen = methodKey(20, 10);

/** amqp reads AMQP 0-9-1, what RabbitMQ speaks; 1.0 is another protocol. */
export const amqp: Protocol = {
  name: "amqp",
  asks(bytes, start, end, total, datagram) {
    if (datagram) return 0;
    if (startsWith(bytes, start, end, protocolHeader)) return 100;
    return looksLikeFrame(bytes, start, end, total, true);
  },
  answers: (bytes, start, end, total, datagram) =>
    datagram ? 0 : looksLikeFrame(bytes, start, end, total, false),
  open: openAmqp,
};

/** Content is a message on its way over a channel. */
interface Content {
  readonly exchange: WireExchange;
  left: number;
  /** told says that it is told when its last byte came. */
  readonly told: boolean;
}

/** Channel is what is open on one. */
interface Channel {
  asked: { readonly exchange: WireExchange; readonly method: number } | undefined;
  sending: Content | undefined;
  receiving: Content | undefined;
  confirms: boolean;
  /** opened says that the channel's beginning was seen; else nobody knows whether its messages are confirmed. */
  opened: boolean;
  published: number;
  readonly unconfirmed: Map<number, WireExchange>;
}

function openAmqp(options: ParserOptions): Parser {
  const channels = new Map<number, Channel>();
  let ready: WireExchange[] = [];

  const channelOf = (id: number): Channel => {
    let channel = channels.get(id);
    if (channel !== undefined) return channel;
    if (channels.size >= channelLimit) channels.clear();
    channel = {
      asked: undefined,
      sending: undefined,
      receiving: undefined,
      confirms: false,
      opened: !options.late,
      published: 0,
      unconfirmed: new Map(),
    };
    channels.set(id, channel);
    return channel;
  };

  const started = (operation: string, type: string, ns: number): WireExchange => {
    const exchange = newExchange("amqp", ns);
    exchange.name = operation;
    exchange.attributes["messaging.system"] = "rabbitmq";
    exchange.attributes["messaging.operation.name"] = operation;
    if (type !== "") exchange.attributes["messaging.operation.type"] = type;
    return exchange;
  };

  /** route writes exchange and routing key as OpenTelemetry names a RabbitMQ destination. */
  const route = (exchange: WireExchange, bytes: Uint8Array, at: number, end: number): void => {
    const name = shortText(bytes, at, end);
    const key = shortText(bytes, name.next, end);
    if (key.next < 0) {
      exchange.attributes["go3s.wire.unknown"] = ["messaging.destination.name"];
      return;
    }
    const both = name.text !== "" && key.text !== "";
    exchange.attributes["messaging.destination.name"] = both
      ? `${name.text}:${key.text}`
      : name.text + key.text;
    if (key.text !== "") exchange.attributes["messaging.rabbitmq.destination.routing_key"] = key.text;
    exchange.name += ` ${name.text === "" ? key.text : name.text}`;
  };

  const answer = (channel: Channel, error: string): void => {
    const { asked } = channel;
    if (asked === undefined) return;
    channel.asked = undefined;
    if (error !== "") asked.exchange.error = error;
    ready.push(asked.exchange);
  };

  const ask = (
    channel: Channel,
    method: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    ns: number,
  ): void => {
    // What was asked before and not answered did not want to be.
    answer(channel, "");
    const operation = requests.get(method) ?? "other";
    const exchange = started(operation, method === Method.get ? "receive" : "", ns);
    exchange.requestBytes = total;
    const classId = Math.floor(method / 1000);
    // Queues, exchanges and what is consumed are named first, behind a reserved number.
    if (
      (classId === 40 || classId === 50 || method === Method.consume || method === Method.get) &&
      method !== 40030 &&
      method !== 40040
    ) {
      const { text, next } = shortText(bytes, start + frameHeader + 6, end);
      if (text !== "") exchange.attributes["messaging.destination.name"] = text;
      if (next < 0) exchange.attributes["go3s.wire.unknown"] = ["messaging.destination.name"];
      else if (text !== "" && method === Method.get) exchange.name = `basic.get ${text}`;
    }
    if (method === channelOpen) {
      channel.opened = true;
      channel.confirms = false;
    }
    if (method === Method.confirmSelect) {
      channel.confirms = true;
      channel.published = 0;
    }
    channel.asked = { exchange, method };
  };

  /** settle takes the server's word on published messages. */
  const settle = (
    channel: Channel,
    bytes: Uint8Array,
    at: number,
    end: number,
    total: number,
    ns: number,
    error: string,
  ): void => {
    if (at + 9 > end) return;
    const tag = u32(bytes, at) * 2 ** 32 + u32(bytes, at + 4);
    const multiple = (bytes[at + 8] & 1) !== 0;
    const confirm = (number: number, exchange: WireExchange): void => {
      channel.unconfirmed.delete(number);
      exchange.firstByteNs = ns;
      exchange.responseBytes = total;
      exchange.error = error;
      ready.push(exchange);
    };
    const only = channel.unconfirmed.get(tag);
    if (!multiple && only !== undefined) confirm(tag, only);
    if (!multiple) return;
    for (const [number, exchange] of channel.unconfirmed) {
      // They are in the order in which they were sent.
      if (number > tag) return;
      confirm(number, exchange);
    }
  };

  const clientMethod = (
    id: number,
    method: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    ns: number,
  ): void => {
    const channel = channelOf(id);
    const at = start + frameHeader + 4;
    if (method === Method.publish) {
      const exchange = started("publish", "send", ns);
      exchange.requestBytes = total;
      route(exchange, bytes, at + 2, end);
      const confirmed = channel.confirms;
      if (!channel.opened) exchange.doubt = "late";
      if (confirmed) {
        if (channel.unconfirmed.size >= confirmLimit) channel.unconfirmed.clear();
        channel.unconfirmed.set(++channel.published, exchange);
      }
      channel.sending = { exchange, left: -1, told: !confirmed };
    } else if (method === Method.ack || method === Method.reject || method === Method.nack) {
      const word = method === Method.ack ? "ack" : method === Method.reject ? "reject" : "nack";
      const exchange = started(word, "settle", ns);
      exchange.requestBytes = total;
      if (at + 8 <= end) exchange.attributes["messaging.rabbitmq.message.delivery_tag"] = u32(bytes, at + 4);
      ready.push(exchange);
    } else if (requests.has(method)) ask(channel, method, bytes, start, end, total, ns);
  };

  const serverMethod = (
    id: number,
    method: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    ns: number,
  ): void => {
    const channel = channelOf(id);
    const at = start + frameHeader + 4;
    const { asked } = channel;
    if (method === Method.deliver || method === Method.returned) {
      const isDelivery = method === Method.deliver;
      const exchange = started(isDelivery ? "deliver" : "return", isDelivery ? "receive" : "", ns);
      exchange.kind = "push";
      exchange.firstByteNs = ns;
      exchange.responseBytes = total;
      if (isDelivery) {
        const tag = shortText(bytes, at, end);
        if (tag.next >= 0 && tag.next + 8 <= end)
          exchange.attributes["messaging.rabbitmq.message.delivery_tag"] = u32(bytes, tag.next + 4);
        route(exchange, bytes, tag.next < 0 ? end : tag.next + 9, end);
      } else {
        if (at + 2 <= end) exchange.error = String(u16(bytes, at));
        route(exchange, bytes, at + 2 <= end ? shortText(bytes, at + 2, end).next : end, end);
      }
      channel.receiving = { exchange, left: -1, told: true };
    } else if (method === Method.ack) settle(channel, bytes, at, end, total, ns, "");
    else if (method === Method.nack) settle(channel, bytes, at, end, total, ns, "nack");
    else if (method === Method.channelClose || method === Method.connectionClose) {
      const error = at + 2 <= end ? String(u16(bytes, at)) : "_OTHER";
      for (const one of method === Method.channelClose ? [channel] : channels.values()) {
        if (one.asked !== undefined) {
          one.asked.exchange.firstByteNs = ns;
          one.asked.exchange.responseBytes += total;
        }
        answer(one, error);
        // Nobody will confirm what was published: to an exchange that is not there, say.
        for (const exchange of one.unconfirmed.values()) {
          exchange.error = error;
          exchange.firstByteNs = ns;
          ready.push(exchange);
        }
        one.unconfirmed.clear();
        one.confirms = false;
      }
    } else if (asked !== undefined) {
      if (
        asked.method === Method.get
          ? method !== Method.getOk && method !== Method.getEmpty
          : method !== answerOf(asked.method)
      )
        return;
      asked.exchange.firstByteNs = ns;
      asked.exchange.responseBytes += total;
      if (method === Method.getOk) {
        asked.exchange.attributes["messaging.batch.message_count"] = 1;
        channel.receiving = { exchange: asked.exchange, left: -1, told: true };
        channel.asked = undefined;
        return;
      }
      if (method === Method.getEmpty) asked.exchange.attributes["messaging.batch.message_count"] = 0;
      if (
        method === Method.queueDeclare + 1 &&
        asked.exchange.attributes["messaging.destination.name"] === undefined
      ) {
        // A queue that the server has to name.
        const { text } = shortText(bytes, at, end);
        if (text !== "") asked.exchange.attributes["messaging.destination.name"] = text;
      }
      answer(channel, "");
    }
  };

  /** part takes a header or a body frame of a message. */
  const part = (
    content: Content,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    fromClient: boolean,
  ): boolean => {
    const { exchange } = content;
    if (fromClient) exchange.requestBytes += total;
    else exchange.responseBytes += total;
    if (type === FrameType.body) content.left -= total - frameHeader - 1;
    else if (end - start >= frameHeader + 12) {
      content.left = bodySize(bytes, start + frameHeader);
      exchange.attributes["messaging.message.body.size"] = content.left;
      readProperties(exchange, bytes, start + frameHeader, end);
    }
    if (content.left !== 0) return false;
    if (content.told) ready.push(exchange);
    return true;
  };

  const format = (fromClient: boolean): FrameFormat => ({
    keep,
    lengthOf(bytes, start, end) {
      if (fromClient && bytes[start] === 0x41) {
        if (end - start < protocolHeader.length) return 0;
        return startsWith(bytes, start, end, protocolHeader) ? protocolHeader.length : -1;
      }
      return frameLength(bytes, start, end);
    },
    wanted: (bytes, start) => (bytes[start] === FrameType.body ? wantedOfBody : keep),
    boundary: (bytes, start, end, total) => looksLikeFrame(bytes, start, end, total, fromClient) > 0,
    frame(bytes, start, end, total, firstNs) {
      const type = bytes[start];
      if (type === 0x41 || type === FrameType.heartbeat) return;
      const id = u16(bytes, start + 1);
      if (type === FrameType.method) {
        if (end - start < frameHeader + 4) return;
        const method = methodKey(u16(bytes, start + 7), u16(bytes, start + 9));
        (fromClient ? clientMethod : serverMethod)(id, method, bytes, start, end, total, firstNs);
        return;
      }
      const channel = channels.get(id);
      const content = fromClient ? channel?.sending : channel?.receiving;
      if (channel === undefined || content === undefined) return;
      if (!part(content, type, bytes, start, end, total, fromClient)) return;
      if (fromClient) channel.sending = undefined;
      else channel.receiving = undefined;
    },
    ended: flush,
    lost() {
      for (const channel of channels.values()) {
        // A message is told by its first frames, though the end of a long body was not seen.
        const content = fromClient ? channel.sending : channel.receiving;
        if (content?.told === true) ready.push(content.exchange);
        // Messages that were missed are not counted by anybody.
        if (fromClient) {
          channel.confirms = false;
          channel.opened = false;
          ready.push(...channel.unconfirmed.values());
          channel.unconfirmed.clear();
          channel.sending = undefined;
        } else channel.receiving = undefined;
        if (channel.asked !== undefined) channel.asked.exchange.doubt = "cut";
      }
      flush(0);
    },
  });

  function flush(ns: number): void {
    if (ready.length === 0) return;
    for (const exchange of ready) {
      if (ns === 0) exchange.doubt = "cut";
      exchange.endNs = Math.max(ns, exchange.startNs, exchange.firstByteNs);
      options.emit(exchange);
    }
    ready = [];
  }

  const client = newLane(format(true), options.late);
  const server = newLane(format(false), options.late);
  return {
    request: client.push,
    response: server.push,
    close(ns) {
      for (const channel of channels.values()) {
        const left = [...channel.unconfirmed.values()];
        if (channel.asked !== undefined) left.push(channel.asked.exchange);
        for (const exchange of left) {
          exchange.endNs = ns;
          if (exchange.doubt === "") exchange.error = "connection_closed";
          options.emit(exchange);
        }
      }
      channels.clear();
    },
    state: () => (client.isLost() || server.isLost() ? "lost" : "open"),
    losses: () => client.losses() + server.losses(),
  };
}
