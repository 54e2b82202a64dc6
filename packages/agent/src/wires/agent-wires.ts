import type { SpanWriter } from "@go3s/telemetry";
import type { CallEndEvent } from "../events/call.js";
import { addressSize } from "../events/layout.js";
import type { Batches } from "../export/batches.js";
import { readAnswerEnd, readFailure } from "../protocols/postgresql/answer-end.js";
import { protocols } from "../protocols/protocols.js";
import type { RequestDurations } from "../runtime/request-durations.js";
import { addHeard, type Call, type Calls } from "../spans/calls.js";
import type { WallClock } from "../spans/clock.js";
import { addAnswered, addSent, isPartOf } from "../spans/sent-messages.js";
import type { StreamConns } from "../spans/stream-conns.js";
import type { PeerNames } from "../tcp/peer-names.js";
import { newJoins } from "./joins.js";
import { newLatePolls } from "./late-polls.js";
import type { MessageBatches } from "./message-batches.js";
import type { MessageBrokers } from "./message-brokers.js";
import { newMessageLinks } from "./message-links.js";
import type { MessageOrigins } from "./message-origins.js";
import { newServedStreams, type ServedStreams } from "./served-streams.js";
import { newStreamPlaces } from "./stream-places.js";
import type { Wire } from "./wire.js";
import { addressText, newWireSpanWriter } from "./wire-span.js";
import { newWires, type Wires, type WiresOptions } from "./wires.js";

/** AgentWires tells what is said on an agent's sockets, beside the calls of libraries that write to them. */
export interface AgentWires extends Wires {
  /** parentOf and adopt: see ServedStreams. */
  readonly parentOf: ServedStreams["parentOf"];
  readonly adopt: ServedStreams["adopt"];
  /** close tells what was held. */
  close(): void;
}

/** AgentWiresOptions are what the sockets need from around them. */
export interface AgentWiresOptions
  extends Required<
    Pick<WiresOptions, "processOf" | "adopt" | "enclosing" | "servesStreams" | "sawTls" | "tell">
  > {
  readonly clock: WallClock;
  readonly durations: RequestDurations | undefined;
  readonly batches: Batches<SpanWriter>;
  readonly calls: Pick<Calls, "during" | "sending">;
  readonly conns: StreamConns;
  readonly brokers: MessageBrokers;
  readonly origins: MessageOrigins;
  readonly messageBatches: MessageBatches;
  /** names hears what DNS answered. */
  readonly names: Pick<PeerNames, "answered">;
  /** servesOther: see newServedStreams. */
  readonly servesOther: (tgid: number) => boolean;
}

/** newAgentWires makes one for no socket yet. */
export function newAgentWires(options: AgentWiresOptions): AgentWires {
  const { batches, calls, conns, brokers } = options;
  const joins = newJoins();
  const links = newMessageLinks(options.origins, options.messageBatches);
  const places = newStreamPlaces(conns, joins);
  const served = newServedStreams(places, options.servesOther);
  const writer = newWireSpanWriter(options.clock, joins, options.durations, links, places.of);
  const told: WiresOptions["emit"] = (exchange, wire, origin, said) => {
    writer.write(exchange, wire, origin, batches.writerFor(wire.process.resource), said);
    batches.added();
  };
  const latePolls = newLatePolls(links.isKnown, told);
  const wires = newWires({
    protocols,
    processOf: options.processOf,
    adopt: options.adopt,
    enclosing: options.enclosing,
    joins,
    parentOf: served.parentOf,
    streams: { places, served },
    callOf(tgid, goid, wire) {
      const call = calls.during(tgid, goid);
      if (call !== undefined) addPeer(call, wire);
      return call?.ids;
    },
    sendOf(exchange, wire) {
      const { attributes } = exchange;
      if (attributes["messaging.operation.type"] !== "send") return undefined;
      const topic = String(attributes["messaging.destination.name"] ?? "");
      const sender = calls.sending(
        wire.process.tgid,
        topic,
        exchange.startNs,
        (exchange.messages ?? []).reduce((sum, { count }) => sum + count, 0),
      );
      if (sender === undefined || sender.call.untold) return sender;
      addPeer(sender.call, wire);
      addSent(sender.call, exchange, sender.isOnly);
      if (sender.isOnly && isPartOf(sender.call, exchange)) {
        sender.call.sent.isParted = true;
        return { ...sender, isPart: true };
      }
      if (sender.isOnly) links.wrote(exchange, sender.call.ids);
      return sender;
    },
    answered(exchange, { call, startNs, isOnly }) {
      // It may be over by now, and its place another's.
      if (call.startNs === startNs) addAnswered(call, exchange, isOnly);
    },
    heard({ attributes }, tgid, goid) {
      const call = calls.during(tgid, goid);
      if (call !== undefined) addHeard(call, attributes);
    },
    isTold: ({ process, localPort, peerPort }) => conns.isTold(process.tgid, localPort, peerPort),
    servesStreams: options.servesStreams,
    sawTls: options.sawTls,
    tell: options.tell,
    emit(exchange, wire, origin, said) {
      const { "dns.answers": answers, "dns.question.name": question } = exchange.attributes;
      if (Array.isArray(answers) && typeof question === "string")
        options.names.answered(wire.process.tgid, question, answers);
      brokers.gave(exchange, wire);
      if (!latePolls.hold(exchange, wire, origin)) told(exchange, wire, origin, said);
    },
  });
  return {
    wire: wires.wire,
    wireName: wires.wireName,
    wireEnd: wires.wireEnd,
    unixPath: wires.unixPath,
    called: wires.called,
    processExited(tgid, ns) {
      wires.processExited(tgid, ns);
      served.processExited(tgid);
    },
    parentOf: served.parentOf,
    adopt: served.adopt,
    sweep(nowNs) {
      wires.sweep(nowNs);
      latePolls.sweep(nowNs);
    },
    counts: wires.counts,
    close: () => latePolls.sweep(Number.POSITIVE_INFINITY),
  };
}

/** addAnswer adds to a call what its end says of its server's answer, whose bytes were not told. */
export function addAnswer(call: Call, wire: Wire, event: CallEndEvent): void {
  addPeer(call, wire);
  call.namespace = wire.namespace;
  readAnswerEnd(event.memory, event.earlier, event.earlierLength, event.last, event.lastLength, call);
  if (event.failureLength > 0)
    call.code = readFailure(event.memory, event.failure, event.failure + event.failureLength);
}

/** addPeer notes where a call's bytes go, once. */
function addPeer(call: Call, wire: Wire): void {
  if (call.peerAddress !== "") return;
  if (wire.peerPort === 0) {
    call.peerAddress = wire.path;
    return;
  }
  wire.peerText ??= addressText(wire, addressSize);
  call.peerAddress = wire.peerText;
  call.peerPort = wire.peerPort;
}
