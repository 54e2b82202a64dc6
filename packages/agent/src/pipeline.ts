import type { KernelObserver } from "./attach/observer-types.js";
import { fileOfProgram } from "./discovery/executable.js";
import type { Observed, Registry } from "./discovery/registry.js";
import type { EventSink } from "./events/event.js";
import { RequestFlag, Role } from "./events/layout.js";
import { streamExchange } from "./events/stream-layout.js";
import type { AgentBatches } from "./export/agent-batches.js";
import type { Exporter } from "./export/exporter.js";
import type { Features } from "./features.js";
import { Operation } from "./go/call-site.js";
import type { GoFacts } from "./go/facts.js";
import { newGoTypes } from "./go/type-names.js";
import { openMade } from "./made/made.js";
import { type Assembler, newAssembler } from "./spans/assembler.js";
import { type Calls, newCalls, untoldExchange } from "./spans/calls.js";
import type { WallClock } from "./spans/clock.js";
import { newHttpSpanWriter } from "./spans/http-span.js";
import { newQuerySpanWriter } from "./spans/query-span.js";
import { newSendSpanWriter } from "./spans/send-span.js";
import { newStreamConns } from "./spans/stream-conns.js";
import { newStreamSpanWriter } from "./spans/stream-span.js";
import { newStreams, type Streams } from "./spans/streams.js";
import { newTcpParties } from "./tcp/parties.js";
import type { PeerNames } from "./tcp/peer-names.js";
import { newTcpLog } from "./tcp/tcp-log.js";
import { type AgentWires, addAnswer, newAgentWires } from "./wires/agent-wires.js";
import { newMessageBatches } from "./wires/message-batches.js";
import { newMessageBrokers } from "./wires/message-brokers.js";
import { newMessageOrigins } from "./wires/message-origins.js";

/** Pipeline makes of the kernel side's records what is told: spans of every kind, and connections' log records. */
export interface Pipeline {
  readonly sink: EventSink;
  watch(pid: number, facts: GoFacts | undefined): void;
  unwatch(pid: number): void;
  /** exited finishes what a process left open, and forgets it. */
  exited(pid: number, ns: number): void;
  /** sweep tells what has waited long enough; `nowNs` is CLOCK_MONOTONIC. */
  sweep(nowNs: number): void;
  tick(): void;
  /** serving has the goroutines that serve a request now, as "tgid:goid". */
  serving(): ReadonlySet<string>;
  dropped(): Readonly<Record<string, number>>;
  /** close tells what was held. */
  close(): void;
}

/** PipelineOptions are what the pipeline needs from around it. */
export interface PipelineOptions {
  readonly registry: Registry;
  /** exclude lists processes whose connections are not told. */
  readonly exclude: readonly number[];
  readonly clock: WallClock;
  readonly batches: AgentBatches;
  readonly exporter: Exporter;
  readonly features: Pick<Features, "functions" | "logs" | "waits" | "durations" | "connections">;
  /** names are those that processes find their peers by. */
  readonly names: PeerNames;
  /** apiSpans: see AgentOptions. */
  readonly apiSpans: boolean;
  /** lose hears what cannot be told of a process. */
  readonly lose: (pid: number, text: string) => void;
  /** started hears of a process that executed a program, or was forked by `parent`, which is 0 otherwise. */
  readonly started: (tgid: number, parent: number) => void;
  /** sawTls hears of a process that speaks TLS where its plain text is not seen. */
  readonly sawTls: (tgid: number) => void;
  readonly decideFor: KernelObserver["decideFor"];
  readonly tellWire: KernelObserver["tellWire"];
}

/** newPipeline makes one that has seen nothing. */
export function newPipeline(options: PipelineOptions): Pipeline {
  const { registry, clock, exporter, names } = options;
  const { spans: spanBatches, logs: logBatches } = options.batches;
  const { functions, logs, waits, durations, connections } = options.features;
  const processOf = (tgid: number): Observed["spans"] | undefined => watchedSpans(registry, tgid);
  const types = newGoTypes((pid) => {
    const process = registry.lastKnown(pid);
    return process && fileOfProgram(process.executable, process.facts);
  });

  const spanWriter = newHttpSpanWriter(clock, durations, waits);
  const assembler: Assembler = newAssembler({
    processOf,
    adoptStream: (number, tgid, ids) => streams.adopt(number, tgid, ids) || wires.adopt(number, tgid, ids),
    streamHost: (number, tgid) => streams.hostOf(number, tgid),
    enclosing: (...asked) => made.enclosing(...asked),
    repeat(exchange, template) {
      functions?.exchangeDone(exchange);
      logs?.exchangeDone(exchange);
      spanWriter.repeat(exchange, template, spanBatches.writerFor(exchange.process.resource));
      spanBatches.added();
    },
    emit(exchange, head, failure) {
      functions?.exchangeDone(exchange);
      logs?.exchangeDone(exchange);
      spanWriter.write(exchange, head, spanBatches.writerFor(exchange.process.resource), failure);
      spanBatches.added();
    },
  });

  const made = openMade({
    processOf,
    adopt: assembler.adopt,
    exporter,
    ended(span) {
      functions?.spanDone(span);
      logs?.spanDone(span);
    },
    switches: options.apiSpans,
    lose: options.lose,
  });

  const conns = newStreamConns((tgid) => registry.get(tgid)?.facts.network ?? 0);
  const brokers = newMessageBrokers();
  /** origins are one for all: what one process has sent, another one gets. */
  const origins = newMessageOrigins();
  const messageBatches = newMessageBatches();
  const streamWriter = newStreamSpanWriter(clock, types, durations, brokers);
  const streams: Streams = newStreams({
    processOf,
    adopt: assembler.adopt,
    enclosing: made.enclosing,
    conns,
    origins,
    messageBatches,
    emit(stream, failure) {
      functions?.exchangeDone(stream);
      logs?.exchangeDone(stream);
      streamWriter.write(stream, failure, spanBatches.writerFor(stream.process.resource));
      spanBatches.added();
    },
  });

  const queryWriter = newQuerySpanWriter(clock, types, durations);
  const sendWriter = newSendSpanWriter(clock, types);
  const calls: Calls = newCalls({
    processOf,
    adopt: assembler.adopt,
    enclosing: made.enclosing,
    ended(call, event) {
      const wire = wires.called(event.connection, event.ns);
      if (wire !== undefined) addAnswer(call, wire, event);
    },
    emit(call, failure) {
      const writer = call.operation === Operation.send ? sendWriter : queryWriter;
      writer.write(call, failure, spanBatches.writerFor(call.process.resource));
      spanBatches.added();
    },
  });

  const wires: AgentWires = newAgentWires({
    clock,
    durations,
    batches: spanBatches,
    processOf,
    adopt: assembler.adopt,
    enclosing: made.enclosing,
    calls,
    conns,
    brokers,
    origins,
    messageBatches,
    names,
    servesOther: assembler.serves,
    servesStreams: options.decideFor,
    sawTls: options.sawTls,
    tell: options.tellWire,
  });

  const parties = newTcpParties(registry, options.exclude);
  const tcp = newTcpLog({
    batches: logBatches,
    clock,
    ownerOf: parties.ownerOf,
    peerOf: parties.peerOf,
    nameOf: names.of,
  });

  /** toldParent gives a parent's number, or that it is not told. */
  const toldParent = (parent: number, tgid: number): number => {
    if (parent === 0 || parent === untoldExchange) return parent;
    const { isUntold } = (parent & streamExchange) === 0 ? assembler : streams;
    return isUntold(parent, tgid) ? untoldExchange : parent;
  };

  let unknownRecords = 0;
  const exited = (pid: number, ns: number): void => {
    calls.processExited(pid, ns);
    made.processExited(pid);
    streams.processExited(pid, ns);
    types.forget(pid);
    queryWriter.forget(pid);
    wires.processExited(pid, ns);
    assembler.processExited(pid, ns);
    names.exited(pid);
    registry.exited(pid);
  };

  return {
    sink: {
      request(event) {
        const { role, flags, goid, tgid, tid, parent, ns } = event;
        // Goroutines say whose work they do; what went out with a name is in a trace already.
        if (role === Role.client && (flags & RequestFlag.identified) === 0) {
          event.parent = toldParent(parent, tgid);
          if (goid === 0) event.parent = wires.parentOf(tgid, tid, event.parent, ns);
        }
        assembler.request(event);
      },
      head: assembler.head,
      response: assembler.response,
      again: assembler.again,
      handOver: assembler.handOver,
      unixPath: (event) => (event.isWire ? wires : assembler).unixPath(event),
      more: assembler.more,
      end: assembler.end,
      tcpOpen: tcp.open,
      tcpClose(event) {
        tcp.close(event);
        connections?.closed(event);
      },
      processStart: ({ tgid, parentTgid, forked }) => options.started(tgid, forked ? parentTgid : 0),
      processExit: ({ tgid, ns }) => exited(tgid, ns),
      stream(event) {
        event.parent = event.role === 1 ? toldParent(event.parent, event.tgid) : event.parent;
        streams.stream(event);
      },
      streamSent: streams.streamSent,
      streamEnd: streams.streamEnd,
      streamWhole: streams.streamWhole,
      streamConn: streams.streamConn,
      call(event) {
        event.parent = toldParent(event.parent, event.tgid);
        calls.call(event);
      },
      callEnd: calls.callEnd,
      madeStart: made.sink.madeStart,
      madePart: made.sink.madePart,
      wire(event) {
        event.parent = toldParent(event.parent, event.tgid);
        wires.wire(event);
      },
      wireName: wires.wireName,
      wireEnd: wires.wireEnd,
      unknown: () => void unknownRecords++,
    },
    watch: made.watch,
    unwatch: made.unwatch,
    exited,
    sweep(nowNs) {
      assembler.sweep(nowNs);
      wires.sweep(nowNs);
      streams.sweep(nowNs);
      made.flush();
    },
    tick() {
      tcp.tick();
      names.tick();
    },
    serving: () => new Set([...assembler.serving(), ...streams.serving(), ...made.making()]),
    dropped: () => ({
      ...assembler.counts().dropped,
      ...streams.counts().dropped,
      ...wires.counts().dropped,
      ...made.dropped(),
      "tcp-rate-limit": tcp.counts().limited,
      "unknown-record": unknownRecords,
    }),
    close() {
      made.close();
      wires.close();
      streams.sweep(Number.POSITIVE_INFINITY);
    },
  };
}

function watchedSpans(registry: Registry, tgid: number): Observed["spans"] | undefined {
  const process = registry.get(tgid);
  return process?.watched ? process.spans : undefined;
}
