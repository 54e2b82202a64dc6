import { FusedSpanWriter, LogWriter, SpanWriter } from "@go3s/telemetry";
import type { Agent, AgentOptions, ReportedProcess } from "./agent-types.js";
import { tryOpenAllocationWatch } from "./allocations/allocation-watch.js";
import { beginKernelObserver } from "./attach/observer.js";
import type { KernelObserver } from "./attach/observer-types.js";
import { newProcessPolicy, type ProcessPolicy } from "./attach/process-policy.js";
import type { AttachedProbes } from "./attach/target.js";
import type { Usage } from "./budget/budget.js";
import { newShedding } from "./budget/shedding.js";
import { fileOfProgram } from "./discovery/executable.js";
import { newRegistry, type Observed, type Registry } from "./discovery/registry.js";
import type { Selection } from "./discovery/selection.js";
import type { EventSink } from "./events/event.js";
import { addressSize } from "./events/layout.js";
import { type Batches, newBatches } from "./export/batches.js";
import { type FunctionObserver, observeFunctions } from "./functions/observe-functions.js";
import { Operation } from "./go/call-site.js";
import { newGoPrograms } from "./go/programs.js";
import { newGoTypes } from "./go/type-names.js";
import { newHeap, newYoung } from "./heap.js";
import { tryProcessLogs } from "./logs/process-logs.js";
import { openMade } from "./made/made.js";
import { newMeter } from "./meter.js";
import { readAnswerEnd, readFailure } from "./protocols/postgresql/answer-end.js";
import { protocols } from "./protocols/protocols.js";
import { newRequestDurations } from "./runtime/request-durations.js";
import { newRuntimeWatch } from "./runtime/runtime-watch.js";
import { tryOpenSpanWaits } from "./runtime/waits/span-waits.js";
import { newAgentSampling } from "./sampling/agent-sampling.js";
import { type Assembler, newAssembler } from "./spans/assembler.js";
import { addHeard, addSent, type Call, type Calls, newCalls } from "./spans/calls.js";
import { openWallClock } from "./spans/clock.js";
import { newHttpSpanWriter } from "./spans/http-span.js";
import { newQuerySpanWriter } from "./spans/query-span.js";
import { encodedScope } from "./spans/resource.js";
import { newSendSpanWriter } from "./spans/send-span.js";
import { newStreamConns } from "./spans/stream-conns.js";
import { newStreamSpanWriter } from "./spans/stream-span.js";
import { newStreams, type Streams } from "./spans/streams.js";
import { newTcpParties } from "./tcp/parties.js";
import { newTcpLog } from "./tcp/tcp-log.js";
import { newTlsWatch } from "./tls/tls-watch.js";
import { newJoins } from "./wires/joins.js";
import { newLatePolls } from "./wires/late-polls.js";
import { newMessageBrokers } from "./wires/message-brokers.js";
import { newMessageLinks } from "./wires/message-links.js";
import { newMessageOrigins } from "./wires/message-origins.js";
import { addressText, newWireSpanWriter } from "./wires/wire-span.js";
import { newWires, type Wire, type Wires, type WiresOptions } from "./wires/wires.js";

/** firstBytes is a batch's memory at first: each process has two, and many a process says one thing and ends. */
const firstBytes = 2048;
// Looking for what processes need goes before being attached to any of them: where there are many, the rest is looked at in turn.
const preparingMs = 500;
// Spans wait at most this long for company: a first span is seen well within a second.
const flushMs = 300;
const tickMs = 1000;
// Run queues come and go in milliseconds; what a second of looks says is told as their mean and their most.
const lookMs = 100;
// Wall clocks are slewed by 500 ppm at most: half a millisecond in a second, corrected here before it is 30.
const clockEveryTicks = 60;
// Workers that a server forks make no exec event, and a port may be listened on later: both are found by looking,
// rarely, since it reads /proc.
const scanEveryTicks = 5;

/**
 * startAgent attaches to the processes that are asked for, now and as they start. Rejects with BpfError when the kernel
 * or the caller's rights allow nothing at all; what is refused in part is in the report's `missing`.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { exporter } = options;
  const clock = openWallClock();
  const meter = newMeter();
  const heap = newHeap();
  const young = newYoung();
  const programs = newGoPrograms();
  const policies = new Map<number, ProcessPolicy>();
  const spanBatches: Batches<SpanWriter> = newBatches(
    options.fused === true ? "fused" : "traces",
    () => (options.fused === true ? new FusedSpanWriter(firstBytes) : new SpanWriter(firstBytes)),
    encodedScope,
    exporter,
  );
  const logBatches: Batches<LogWriter> = newBatches(
    "logs",
    () => new LogWriter(firstBytes),
    encodedScope,
    exporter,
  );
  const hasMetrics = options.metrics !== false;
  const durations = newRequestDurations(clock);
  const lose = (pid: number, text: string): void => options.onLost?.(pid, [text]);
  const opened = options.goroutines === true ? tryOpenSpanWaits(lose) : undefined;
  const waits = opened?.waits;
  const { allocations, missing: missingAllocations } = tryOpenAllocationWatch(
    options.allocations === true ? { exporter } : undefined,
  );
  const spanWriter = newHttpSpanWriter(clock, hasMetrics ? durations : undefined, waits);
  const runtime = newRuntimeWatch({
    exporter,
    logs: logBatches,
    durations,
    ...(options.onLost === undefined ? {} : { onLost: options.onLost }),
  });
  const types = newGoTypes((pid) => {
    const process = registry.lastKnown(pid);
    return process && fileOfProgram(process.executable, process.facts);
  });
  const queryWriter = newQuerySpanWriter(clock, types, hasMetrics ? durations : undefined);
  const sendWriter = newSendSpanWriter(clock, types);
  const sampling = newAgentSampling(options.sampling);
  const functions: FunctionObserver | undefined =
    options.functions && observeFunctions(options.functions, { batches: spanBatches, clock });
  const { logs, missing: missingLogs } = tryProcessLogs(options.logs, { batches: logBatches, clock });
  let kernel: KernelObserver | undefined;
  /** found are processes to be watched as soon as the kernel side is open. */
  const found: Observed[] = [];
  let closed = false;

  const registry: Registry = newRegistry({
    selection: options.selection,
    exclude: options.exclude,
    events: {
      watch: (process) => attach(process),
      unwatch(process, goesOn) {
        sampling.unwatched(process.facts.pid);
        kernel?.unwatch(process.facts.pid, goesOn);
        tls.unwatch(process.facts.pid);
        functions?.unwatch(process.facts.pid);
        logs?.unwatch(process.facts.pid);
        policies.delete(process.facts.pid);
        runtime.unwatch(process.facts.pid);
        waits?.unwatch(process.facts.pid);
        allocations?.unwatch(process.facts.pid);
        made.unwatch(process.facts.pid);
      },
    },
  });
  /** messageOrigins is one for all: what one process has sent, another one gets. */
  const messageOrigins = newMessageOrigins();
  const assembler: Assembler = newAssembler({
    processOf: (tgid) => watchedSpans(registry, tgid),
    adoptStream: (number, tgid, ids) => streams.adopt(number, tgid, ids),
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
    processOf: (tgid) => watchedSpans(registry, tgid),
    adopt: assembler.adopt,
    exporter,
    ended(span) {
      functions?.spanDone(span);
      logs?.spanDone(span);
    },
    switches: options.apiSpans === true,
    lose,
  });
  const conns = newStreamConns();
  const brokers = newMessageBrokers();
  const streamWriter = newStreamSpanWriter(clock, types, hasMetrics ? durations : undefined, brokers);
  const streams: Streams = newStreams({
    processOf: (tgid) => watchedSpans(registry, tgid),
    adopt: assembler.adopt,
    enclosing: made.enclosing,
    conns,
    origins: messageOrigins,
    emit(stream, failure) {
      functions?.exchangeDone(stream);
      logs?.exchangeDone(stream);
      streamWriter.write(stream, failure, spanBatches.writerFor(stream.process.resource));
      spanBatches.added();
    },
  });
  const calls: Calls = newCalls({
    processOf: (tgid) => watchedSpans(registry, tgid),
    adopt: assembler.adopt,
    enclosing: made.enclosing,
    ended(call, event) {
      const wire = wires.called(event.connection, event.ns);
      if (wire === undefined) return;
      addPeer(call, wire);
      call.namespace = wire.namespace;
      readAnswerEnd(event.memory, event.earlier, event.earlierLength, event.last, event.lastLength, call);
      if (event.failureLength > 0)
        call.code = readFailure(event.memory, event.failure, event.failure + event.failureLength);
    },
    emit(call, failure) {
      const writer = call.operation === Operation.send ? sendWriter : queryWriter;
      writer.write(call, failure, spanBatches.writerFor(call.process.resource));
      spanBatches.added();
    },
  });
  const joins = newJoins();
  const tls = newTlsWatch({
    attach: (pid, sites) => kernel?.secure(pid, sites) ?? { count: 0, lost: [] },
    ...(options.onLost === undefined ? {} : { onLost: options.onLost }),
  });
  const links = newMessageLinks(messageOrigins);
  const wireWriter = newWireSpanWriter(clock, joins, hasMetrics ? durations : undefined, links);
  const tellWire: WiresOptions["emit"] = (exchange, wire, origin, said) => {
    wireWriter.write(exchange, wire, origin, spanBatches.writerFor(wire.process.resource), said);
    spanBatches.added();
  };
  const latePolls = newLatePolls(links.isKnown, tellWire);
  const wires: Wires = newWires({
    protocols: protocols.filter(({ name }) => name !== "http"),
    processOf: (tgid) => watchedSpans(registry, tgid),
    adopt: assembler.adopt,
    enclosing: made.enclosing,
    joins,
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
      addSent(sender.call, exchange);
      if (sender.isOnly) links.wrote(exchange, sender.call.ids);
      return sender;
    },
    answered(exchange, { call, startNs }) {
      // It may be over by now, and its place another's.
      if (call.startNs === startNs) addSent(call, exchange);
    },
    heard({ attributes }, tgid, goid) {
      const call = calls.during(tgid, goid);
      if (call !== undefined) addHeard(call, attributes);
    },
    isTold: ({ process, localPort, peerPort }) => conns.isTold(process.tgid, localPort, peerPort),
    sawTls: (tgid) => tls.seen(tgid),
    tell: (connection, state, turn) => kernel?.tellWire(connection, state, turn),
    emit(exchange, wire, origin, said) {
      brokers.gave(exchange, wire);
      if (!latePolls.hold(exchange, wire, origin)) tellWire(exchange, wire, origin, said);
    },
  });
  const parties = newTcpParties(registry, options.exclude);
  const tcp = newTcpLog({ batches: logBatches, clock, ownerOf: parties.ownerOf, peerOf: parties.peerOf });
  let unknownRecords = 0;
  const ended = (pid: number, ns: number): void => {
    calls.processExited(pid, ns);
    made.processExited(pid);
    streams.processExited(pid, ns);
    types.forget(pid);
    queryWriter.forget(pid);
    wires.processExited(pid, ns);
    assembler.processExited(pid, ns);
    registry.exited(pid);
  };
  const sink: EventSink = {
    request: assembler.request,
    head: assembler.head,
    response: assembler.response,
    again: assembler.again,
    more: assembler.more,
    end: assembler.end,
    tcpOpen: tcp.open,
    tcpClose: tcp.close,
    processStart(event) {
      registry.started(event.tgid);
      if (registry.get(event.tgid)?.watched !== true) kernel?.unwatch(event.tgid);
    },
    processExit: ({ tgid, ns }) => ended(tgid, ns),
    stream: streams.stream,
    streamSent: streams.streamSent,
    streamEnd: streams.streamEnd,
    streamWhole: streams.streamWhole,
    streamConn: streams.streamConn,
    call: calls.call,
    callEnd: calls.callEnd,
    madeStart: made.sink.madeStart,
    madePart: made.sink.madePart,
    wire: wires.wire,
    wireName: wires.wireName,
    wireEnd: wires.wireEnd,
    unknown: () => void unknownRecords++,
  };

  const watchFunctions = ({ facts, executable, spans }: Observed): void =>
    void functions?.watch({ pid: facts.pid, key: executable.key, resource: spans.resource });
  const watchLogs = ({ facts, executable, spans }: Observed): void => {
    const { pid } = facts;
    const { goid, parentGoid } = (executable.isGo ? programs.of(pid, executable).facts : undefined) ?? {};
    logs?.watch({ pid, resource: spans.resource, goid, parentGoid });
  };
  const everyWatched = (act: (process: Observed) => void) => (): void =>
    registry
      .all()
      .filter(({ watched }) => watched)
      .forEach(act);
  const shedding = newShedding(
    options.budget,
    {
      ...(waits && {
        goroutines: {
          shed: everyWatched(({ facts }) => waits.unwatch(facts.pid)),
          restore: everyWatched(({ facts, executable }) => void waits.watch(facts.pid, executable)),
        },
      }),
      ...(functions && {
        functions: {
          shed: everyWatched(({ facts }) => functions.unwatch(facts.pid)),
          restore: everyWatched(watchFunctions),
        },
      }),
      ...(logs && {
        logs: {
          shed: everyWatched(({ facts }) => logs.unwatch(facts.pid)),
          restore: everyWatched(watchLogs),
        },
      }),
      // decide() looks at it each second.
      routes: { shed: () => undefined, restore: () => undefined },
      requests: {
        shed: (times) => sampling.scale(1 / 2 ** times),
        restore: (times) => sampling.scale(1 / 2 ** times),
      },
    },
    options.onShed,
  );
  let ranNs = 0;
  /** usage is what the last second took: our own, and the probes' where the kernel counts them. */
  const usage = (seconds: number): Usage => {
    const { cpuShare, rssBytes } = meter.read();
    const before = ranNs;
    ranNs = kernel?.stats().costs.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0) ?? 0;
    return { cpuShare: cpuShare + Math.max(0, ranNs - before) / 1e9 / seconds, memoryBytes: rssBytes };
  };

  /** attach makes a process known to the kernel side, and puts the Go probes in when it is a Go program. */
  function attach(process: Observed): void {
    const { pid } = process.facts;
    if (kernel === undefined) {
      found.push(process);
      return;
    }
    const facts = process.executable.isGo ? programs.of(pid, process.executable) : undefined;
    sampling.watched(process);
    const attached = kernel.watch(pid, facts?.facts);
    const secured = tls.watch(pid, facts?.facts?.tls);
    if (!shedding.isShed("functions")) watchFunctions(process);
    if (!shedding.isShed("logs")) watchLogs(process);
    process.spans.handlerEndsTold = attached.probes.handlerEnd;
    process.spans.routeless = facts?.facts === undefined;
    process.spans.deepFrom = facts?.facts?.parentGoid === undefined ? 1 : 2;
    process.spans.handlerEndsSinceNs = monotonicNs();
    if (hasMetrics) runtime.watch(process);
    const unseen = shedding.isShed("goroutines") ? "" : (waits?.watch(pid, process.executable) ?? "");
    if (unseen !== "") lose(pid, `what goroutines waited for: ${unseen}`);
    made.watch(pid, facts?.facts);
    const untold = allocations?.watch(process) ?? "";
    if (untold !== "") lose(pid, `which places allocate: ${untold}`);
    if (facts?.facts !== undefined) policies.set(pid, newProcessPolicy());
    options.onAttached?.({
      pid,
      runtime: runtimeText(process),
      probes: attached.count + secured.count,
      lost: [
        ...(facts?.problem ? [facts.problem] : []),
        ...(facts?.facts?.lost ?? []),
        ...attached.lost,
        ...secured.lost,
      ],
    });
  }

  const opening = beginKernelObserver({
    sink,
    watchNew: asksForMany(options.selection),
    measured: options.measured === true,
    propagate: options.propagate === true,
    tellsEarly: logs !== undefined || functions !== undefined,
    // What needs to know of a request while it is open can't wait for its answer.
    repeats: logs === undefined && functions === undefined && waits === undefined,
  });
  try {
    // Beside the kernel, which verifies the programs meanwhile; what only these processes need is begun to be loaded too.
    registry.scan();
    const until = performance.now() + preparingMs;
    for (const { facts, executable } of found) {
      if (performance.now() > until) break;
      const go = executable.isGo ? programs.of(facts.pid, executable).facts : undefined;
      opening.prepare({ facts: go, tls: tls.programs(facts.pid, go?.tls) });
    }
  } catch (error) {
    opening.close();
    throw error;
  }
  kernel = await opening.opened();
  sampling.opened(kernel);
  for (const process of found.splice(0)) {
    // It may have become another program meanwhile, which is attached to when that is found out here.
    registry.started(process.facts.pid);
    if (registry.get(process.facts.pid) === process) attach(process);
  }

  const decide = (seconds: number): void => {
    for (const [pid, policy] of policies) {
      const process = registry.get(pid);
      if (process === undefined || kernel === undefined) continue;
      const wanted = policy.decide(process.spans, sampling.untold(pid), seconds);
      const isShed = shedding.isShed("routes");
      kernel.setMessages(pid, wanted.messages && !isShed);
      const told = kernel.setProbes(pid, isShed ? noProbes : wanted.probes).handlerEnd;
      if (told && !process.spans.handlerEndsTold) process.spans.handlerEndsSinceNs = monotonicNs();
      process.spans.handlerEndsTold = told;
    }
  };

  const serving = (): ReadonlySet<string> =>
    new Set([...assembler.serving(), ...streams.serving(), ...made.making()]);
  let ticks = 0;
  let lastTick = performance.now();
  const flush = setInterval(() => {
    assembler.sweep(monotonicNs());
    functions?.flush(serving);
    logs?.flush(serving);
    wires.sweep(monotonicNs());
    latePolls.sweep(monotonicNs());
    made.flush();
    spanBatches.flush();
    logBatches.flush();
  }, flushMs);
  const sendTimes = (): void => {
    const times = functions?.metrics();
    if (times !== undefined) exporter.send("metrics", times.request, times.points);
  };
  const tick = setInterval(() => {
    const now = performance.now();
    ticks++;
    meter.tick();
    heap.tick();
    young.tick();
    tcp.tick();
    sendTimes();
    const seconds = (now - lastTick) / 1000;
    if (options.budget !== undefined) shedding.tick(usage(seconds));
    decide(seconds);
    sampling.tick(seconds, registry.all());
    lastTick = now;
    runtime.tick();
    waits?.tick();
    allocations?.tick();
    if (ticks % clockEveryTicks === 0) clock.adjust();
    if (ticks % scanEveryTicks === 0 || kernel?.seesProcesses === false) {
      registry.scan();
      for (const pid of registry.gone()) ended(pid, monotonicNs());
    }
    if (ticks % scanEveryTicks === 0) logs?.scan();
  }, tickMs);
  const look = setInterval(runtime.look, lookMs);

  return {
    report() {
      const all = registry.all();
      const stats = kernel?.stats();
      return {
        probes: stats?.probes ?? 0,
        spans:
          all.reduce((sum, each) => sum + each.spans.spans, 0) +
          registry.spansOfExited() +
          (functions?.counts().spans ?? 0),
        ...meter.read(),
        processes: all
          .filter((each) => each.watched || each.executable.isGo)
          .map((each) => reported(each, kernel)),
        dropped: nonZero({
          ...stats?.dropped,
          ...assembler.counts().dropped,
          ...streams.counts().dropped,
          ...functions?.counts().dropped,
          ...logs?.counts().dropped,
          ...wires.counts().dropped,
          ...made.dropped(),
          ...allocations?.dropped(),
          ...exporter.stats().dropped,
          "tcp-rate-limit": tcp.counts().limited,
          "unknown-record": unknownRecords,
        }),
        programs: stats?.costs ?? [],
        sampling: sampling.report(),
        ...(stats?.inserted === undefined ? {} : { inserted: { ...stats.inserted } }),
        missing: [
          ...shedding.report(),
          ...(stats?.missing ?? []),
          ...missingLogs,
          ...(opened?.missing ?? []),
          ...missingAllocations,
        ],
      };
    },
    setSampling: sampling.change,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(flush);
      clearInterval(tick);
      clearInterval(look);
      // The probes go first; what they wrote until then is still read, assembled and sent.
      kernel?.close();
      sendTimes();
      functions?.close();
      logs?.close();
      waits?.close();
      allocations?.close();
      runtime.tick();
      made.close();
      latePolls.sweep(Number.POSITIVE_INFINITY);
      spanBatches.flush();
      logBatches.flush();
      await exporter.close();
    },
  };
}

/** addPeer notes where a call's bytes go, once. */
function addPeer(call: Call, wire: Wire): void {
  if (call.peerAddress !== "" || wire.peerPort === 0) return;
  wire.peerText ??= addressText(wire, addressSize);
  call.peerAddress = wire.peerText;
  call.peerPort = wire.peerPort;
}

const noProbes: AttachedProbes = { handlerEnd: false, roundTrip: false, spawn: false };

/** CLOCK_MONOTONIC, as the kernel's records have it. */
const monotonicNs = (): number => Number(process.hrtime.bigint());

/** asksForMany says whether processes that do not run yet are asked for; single ones are known when they are watched. */
function asksForMany({ all, names, ports, containers, pods, namespaces }: Selection): boolean {
  return all === true || [names, ports, containers, pods, namespaces].some((each) => (each ?? []).length > 0);
}

function watchedSpans(registry: Registry, tgid: number): Observed["spans"] | undefined {
  const process = registry.get(tgid);
  return process?.watched ? process.spans : undefined;
}

function runtimeText({ executable }: Observed): string {
  return executable.isGo ? executable.goVersion : (executable.runtime?.name ?? "");
}

function reported(process: Observed, kernel: KernelObserver | undefined): ReportedProcess {
  return {
    pid: process.facts.pid,
    serviceName: process.identity.serviceName,
    executable: process.facts.executable,
    runtime: runtimeText(process),
    watched: process.watched,
    reason: process.reason,
    probes: kernel?.probesOf(process.facts.pid) ?? 0,
    spans: process.spans.spans,
  };
}

function nonZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
