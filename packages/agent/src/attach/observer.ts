import { readlinkSync } from "node:fs";
import {
  attachTracing,
  BpfError,
  type BpfMap,
  enableStatistics,
  type Link,
  type Program,
  RingBufferReader,
  u32Bytes,
  u64Bytes,
} from "@go3s/bpf";
import type { ThreadKind } from "../discovery/thread-kind.js";
import { createDecoder } from "../events/decode.js";
import type { GoFacts } from "../go/facts.js";
import { openPropagation } from "../propagate/propagation.js";
import { attachCallProbes, type CallProbes } from "./call-probes.js";
import { newClosing } from "./closing.js";
import { attachContextProbes, type ContextProbes } from "./context-probes.js";
import { newCourtesy } from "./courtesy.js";
import { startDrainLoop } from "./drain-loop.js";
import { dropCounts } from "./drops.js";
import { type KernelObject, openKernelObject, type ProgramNeeds, tracepoints } from "./kernel-object.js";
import type { KernelObserver, MissingPart, ObserverOptions, ProgramCost } from "./observer-types.js";
import { newRouteProbes, type RouteProbes } from "./route-probes.js";
import { attachStreamProbes, type StreamProbes } from "./stream-probes.js";
import { type AttachedProbes, encodeTarget, TargetFlag, targetAtSlot, threadFlags } from "./target.js";
import { newTargetSamples } from "./target-samples.js";
import { attachTlsProbes, type TlsProbes } from "./tls-probes.js";
import { newProcessProbes, type ProcessProbes } from "./uprobes.js";

interface Watch {
  readonly facts: GoFacts | undefined;
  readonly threads: ThreadKind | undefined;
  readonly probes: ProcessProbes | undefined;
  readonly calls: CallProbes | undefined;
  readonly streams: StreamProbes | undefined;
  tls: TlsProbes | undefined;
  contexts: ContextProbes | undefined;
  readonly routes: RouteProbes;
}

/** Records have 16-bit lengths (probes/records.go3s, wire.go3s). */
const largestRecord = 1 << 16;

const none: AttachedProbes = { handlerEnd: false, roundTrip: false, spawn: false };
const everything: AttachedProbes = { handlerEnd: true, roundTrip: true, spawn: true };

/** OpeningObserver is a KernelObserver whose programs are being loaded. */
export interface OpeningObserver {
  /** prepare begins to load what a process that will be watched needs besides, so that watch() has not to wait for it. */
  prepare(needs: ProgramNeeds): void;
  /** opened resolves when all that was asked for until then is loaded, and attached as far as it sees all processes. Rejects with BpfError when nothing at all can be attached. */
  opened(): Promise<KernelObserver>;
  /** close gives up before opened() was called. */
  close(): void;
}

/** Attached before the others: what begins and ends while they are loaded is told. */
const processTracepoints: ReadonlySet<string> = new Set(["onExec", "onFork", "onExit"]);

/**
 * beginKernelObserver begins to load the probes, on other threads; starts and ends of processes are seen from now on, and
 * told by the opened observer. Throws BpfError when not even the maps can be made.
 */
export function beginKernelObserver(options: ObserverOptions): OpeningObserver {
  const object = openKernelObject(options);
  const links = new Map<string, Link>();
  const missing: MissingPart[] = [];
  let failure: BpfError | undefined;

  const attach = (program: string, tells: string, loaded: Program | undefined): void => {
    if (loaded === undefined) return;
    try {
      links.set(program, attachTracing(loaded));
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      failure ??= error;
      missing.push({ what: tells, why: error.message, hint: error.hint ?? "" });
    }
  };
  const closeLinks = (): void => {
    for (const link of links.values()) link.close();
  };
  const close = (): void => {
    closeLinks();
    object.close();
  };

  try {
    for (const { program, tells } of tracepoints)
      if (processTracepoints.has(program)) attach(program, tells, object.now(program));
    object.begin();
  } catch (error) {
    close();
    throw error;
  }
  return {
    prepare: object.prepare,
    async opened() {
      let whole: KernelObject;
      try {
        whole = await object.loaded();
      } catch (error) {
        closeLinks();
        throw error;
      }
      try {
        for (const { program, tells } of tracepoints)
          if (!processTracepoints.has(program)) attach(program, tells, whole.programs.get(program));
        if (links.size === 0)
          throw whole.failure ?? failure ?? new BpfError("not-supported", "no probe could be attached");
        return newObserver(whole, links, [...namespaceProblem(), ...whole.missing, ...missing], options);
      } catch (error) {
        close();
        throw error;
      }
    },
    close,
  };
}

/** openKernelObserver loads and attaches the probes. Rejects with BpfError when nothing at all can be attached. */
export async function openKernelObserver(options: ObserverOptions): Promise<KernelObserver> {
  return beginKernelObserver(options).opened();
}

// PROC_PID_INIT_INO, include/linux/proc_ns.h: the number of the first PID namespace, the one whose pids BPF programs see.
const firstPidNamespace = "pid:[4026531836]";

/** namespaceProblem tells when our pids are not those that the probes see. */
function namespaceProblem(): MissingPart[] {
  let own = firstPidNamespace;
  try {
    own = readlinkSync("/proc/self/ns/pid");
  } catch {
    // Without /proc nothing is known of processes anyway; the registry says so.
  }
  if (own === firstPidNamespace) return [];
  return [
    {
      what: "HTTP of processes, by their pids",
      why: `the agent runs in a PID namespace of its own (${own}), the probes see the machine's pids`,
      hint: "run it in the host's PID namespace: docker run --pid=host, hostPID: true in Kubernetes",
    },
  ];
}

function newObserver(
  object: KernelObject,
  links: ReadonlyMap<string, Link>,
  missing: readonly MissingPart[],
  options: ObserverOptions,
): KernelObserver {
  const targets = mapOf(object, "targets");
  const targetSlots = mapOf(object, "targetSlots");
  const near = mapOf(object, "near");
  const crowds = mapOf(object, "crowds");
  const drops = mapOf(object, "drops");
  const verdicts = mapOf(object, "verdicts");
  const decode = createDecoder(options.sink);
  const reader = new RingBufferReader(
    mapOf(object, "events"),
    (memory, offset, length) => decode(memory.bytes, offset, length),
    { largestRecord },
  );
  const courtesy = newCourtesy();
  const sleeping = mapOf(object, "sleeping");
  const setAsleep = (asleep: boolean): void => void sleeping.update(u32Bytes(0), u32Bytes(asleep ? 1 : 0));
  const loop = startDrainLoop(reader, courtesy, setAsleep, options.timing);
  const statistics = options.measured === true ? enableStatistics() : undefined;
  const watches = new Map<number, Watch>();
  const samples = newTargetSamples(mapOf(object, "sampling"), mapOf(object, "leftOut"));
  const propagation = options.propagate === true ? openPropagation(object) : undefined;
  let isOpen = true;
  let lastDrops: Readonly<Record<string, number>> = {};
  let lastInserted = propagation?.counts();
  const decided = new Set<number>();
  const lastUntold = new Map<number, number>();

  const secureSince = mapOf(object, "secureSince");
  const closing = newClosing();
  const tell = (
    pid: number,
    { facts, threads }: Pick<Watch, "facts" | "threads">,
    attached: AttachedProbes,
  ): void => {
    const { tls, streams, contexts } = watches.get(pid) ?? {};
    const more =
      (options.repeats === true && options.propagate !== true ? TargetFlag.repeats : 0) |
      ((streams?.count ?? 0) === 0 ? 0 : TargetFlag.streams) |
      (streams?.tellsMessages === true ? TargetFlag.messages : 0) |
      (options.propagate === true && facts === undefined ? TargetFlag.names : 0) |
      threadFlags(threads) |
      ((tls?.count ?? 0) === 0 ? 0 : TargetFlag.secure | (tls?.hasLibrary ? TargetFlag.library : 0)) |
      (tls?.findsWrites ? TargetFlag.writes : 0) |
      (decided.has(pid) ? TargetFlag.decided : 0) |
      ((contexts?.count ?? 0) === 0 ? 0 : TargetFlag.tasks);
    const slot = samples.slotOf(pid);
    const target = encodeTarget(facts, attached, samples.of(pid), slot, more);
    targets.update(u32Bytes(pid), target);
    if (slot !== 0) targetSlots.update(u32Bytes(slot), targetAtSlot(pid, target));
    near.update(u32Bytes(pid & nearMask), u32Bytes(1 + slot));
  };

  const forget = (pid: number, goesOn = false): void => {
    // Of a process that is watched on as another program not a byte may be missed meanwhile: watch() writes over it.
    if (!goesOn) {
      targets.delete(u32Bytes(pid));
      if (![...watches.keys()].some((other) => other !== pid && (other & nearMask) === (pid & nearMask)))
        near.update(u32Bytes(pid & nearMask), u32Bytes(0));
      propagation?.unwatch(pid);
    }
    watches.get(pid)?.probes?.close();
    watches.get(pid)?.calls?.close();
    watches.get(pid)?.streams?.close();
    const tls = watches.get(pid)?.tls;
    if (tls !== undefined) {
      if (goesOn) tls.close();
      else closing.later(pid, tls.close);
      secureSince.delete(u32Bytes(pid));
    }
    const contexts = watches.get(pid)?.contexts;
    if (goesOn) contexts?.close();
    else if (contexts !== undefined) closing.later(pid, contexts.close);
    watches.get(pid)?.routes.close();
    const slot = watches.has(pid) ? samples.slotOf(pid) : 0;
    if (slot !== 0) targetSlots.update(u32Bytes(slot), targetAtSlot(0, new Uint8Array(0)));
    watches.delete(pid);
    decided.delete(pid);
    samples.forget(pid);
  };

  /** probeWrites goes over to a probe for a process that writes TLS in a way that is not known. */
  const probeWrites = (pid: number, watch: Watch): void => {
    const { probes, tls } = watch;
    if (tls === undefined || !tls.missesWrites()) return;
    tls.probeWrites();
    tell(pid, watch, probes?.attached ?? none);
  };

  return {
    seesProcesses: links.has("onExec") && links.has("onExit"),
    watch(pid, facts, threads) {
      courtesy.hurry();
      closing.now(pid);
      if (watches.has(pid)) forget(pid, true);
      const probes =
        facts === undefined ? undefined : newProcessProbes(pid, facts, object.uprobes, object.multi);
      // What its threads had open when it was watched before is over by now, or another's.
      const slot = samples.slotOf(pid);
      if (slot !== 0 && threads !== undefined)
        crowds.update(u32Bytes(slot), new Uint8Array(crowds.spec.valueSize));
      // The sockets first: a request that comes while the uprobes are being attached is told without its route.
      tell(pid, { facts, threads }, none);
      propagation?.watch(pid);
      const { file, calls: sites = [] } = facts ?? {};
      const calls = sites.length === 0 ? undefined : attachCallProbes(pid, sites, object.calls(), file);
      const hasStreams = facts !== undefined && facts.streams.sites.length > 0;
      const streams = hasStreams
        ? attachStreamProbes(pid, facts.streams, object.streams(), { slot: samples.slotOf(pid), file })
        : undefined;
      const routes = newRouteProbes(pid, facts?.routes ?? [], object.routes, file);
      watches.set(pid, {
        ...{ facts, threads, probes, calls, streams, routes },
        tls: undefined,
        contexts: undefined,
      });
      const attached = probes?.set(everything) ?? none;
      if (probes !== undefined) tell(pid, { facts, threads }, attached);
      routes.set(true);
      return {
        probes: attached,
        count: countOf(watches.get(pid)),
        lost: [...(probes?.lost ?? []), ...(calls?.lost ?? []), ...(streams?.lost ?? []), ...routes.lost],
      };
    },
    unwatch: forget,
    setProbes(pid, wanted) {
      const watch = watches.get(pid);
      if (watch?.probes === undefined) return none;
      probeWrites(pid, watch);
      // Routers' routes go with net/http's.
      watch.routes.set(wanted.handlerEnd);
      const before = watch.probes.attached;
      const same = (["handlerEnd", "roundTrip", "spawn"] as const).every((p) => wanted[p] === before[p]);
      if (same) return before;
      // What is to go is taken from the flags first: nobody may wait for a probe that is not there any more.
      tell(pid, watch, {
        handlerEnd: wanted.handlerEnd && before.handlerEnd,
        roundTrip: wanted.roundTrip && before.roundTrip,
        spawn: wanted.spawn && before.spawn,
      });
      const attached = watch.probes.set(wanted);
      tell(pid, watch, attached);
      return attached;
    },
    setMessages: (pid, wanted) => watches.get(pid)?.streams?.setMessages(wanted),
    secure(pid, sites) {
      const watch = watches.get(pid);
      if (watch === undefined || !isOpen) return { count: 0, lost: [] };
      watch.tls?.close();
      watch.tls = attachTlsProbes(pid, sites, object.tls());
      secureSince.update(u32Bytes(pid), u64Bytes(process.hrtime.bigint()));
      tell(pid, watch, watch.probes?.attached ?? none);
      return { count: watch.tls.count, lost: watch.tls.lost };
    },
    followContexts(pid, contexts) {
      const watch = watches.get(pid);
      if (watch === undefined || !isOpen) return { count: 0, lost: [] };
      watch.contexts?.close();
      watch.contexts = attachContextProbes(pid, contexts, object.contexts());
      tell(pid, watch, watch.probes?.attached ?? none);
      return { count: watch.contexts.count, lost: watch.contexts.lost };
    },
    tellWire(connection, state, turn = 0) {
      if (!isOpen) return;
      const value = new Uint8Array(8);
      const view = new DataView(value.buffer);
      view.setUint32(0, connection, true);
      view.setUint32(4, state | (turn << 8), true);
      verdicts.update(u32Bytes(connection & (verdicts.spec.maxEntries - 1)), value);
    },
    sample(pid, sampling) {
      if (!isOpen) return;
      if (pid === 0) return samples.setUsual(sampling);
      samples.set(pid, sampling);
      const watch = watches.get(pid);
      if (watch !== undefined) tell(pid, watch, watch.probes?.attached ?? none);
    },
    decideFor(pid) {
      const watch = watches.get(pid);
      if (watch === undefined || !isOpen || decided.has(pid)) return;
      decided.add(pid);
      tell(pid, watch, watch.probes?.attached ?? none);
    },
    slotOf: (pid) => (watches.has(pid) ? samples.slotOf(pid) : 0),
    untold: (pid) => (isOpen ? samples.untold(pid) : (lastUntold.get(pid) ?? 0)),
    probesOf: (pid) => countOf(watches.get(pid)),
    drain: () => loop.drainNow(),
    stats() {
      if (isOpen) {
        lastDrops = dropCounts(drops);
        lastInserted = propagation?.counts();
      }
      let probes = isOpen ? links.size : 0;
      for (const watch of watches.values()) probes += countOf(watch);
      const costs = isOpen ? [...object.programs.values()].map((program) => costOf(program)) : [];
      return {
        probes,
        dropped: lastDrops,
        missing: [...missing, ...(propagation?.missing() ?? [])],
        costs,
        records: reader.counts().records,
        inserted: lastInserted,
      };
    },
    close() {
      if (!isOpen) return;
      for (const pid of watches.keys()) lastUntold.set(pid, samples.untold(pid));
      for (const pid of [...watches.keys()]) forget(pid);
      closing.close();
      propagation?.close();
      for (const link of links.values()) link.close();
      loop.stop();
      try {
        reader.drain();
        lastDrops = dropCounts(drops);
        lastInserted = propagation?.counts();
      } finally {
        isOpen = false;
        reader.close();
        statistics?.close();
        object.close();
      }
    },
  };
}

/** nearMask takes the part of a pid that the probes' map `near` goes by. */
const nearMask = 0xffff;

const countOf = (watch: Watch | undefined): number =>
  (watch?.probes?.count ?? 0) +
  (watch?.calls?.count ?? 0) +
  (watch?.streams?.count ?? 0) +
  (watch?.tls?.count ?? 0) +
  (watch?.contexts?.count ?? 0) +
  (watch?.routes.count ?? 0);

function mapOf(object: KernelObject, name: string): BpfMap {
  const map = object.maps.get(name);
  if (map === undefined) throw new BpfError("bad-object", `the probes have no map "${name}"`);
  return map;
}

function costOf(program: Program): ProgramCost {
  const { runCount, runTimeNs } = program.info();
  return { name: program.name, runs: Number(runCount), nanoseconds: Number(runTimeNs) };
}
