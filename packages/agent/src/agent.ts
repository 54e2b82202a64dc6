import type { Agent, AgentOptions } from "./agent-types.js";
import { beginKernelObserver } from "./attach/observer.js";
import type { KernelObserver } from "./attach/observer-types.js";
import { newProcessPolicies } from "./attach/process-policies.js";
import { newAgentBudget } from "./budget/agent-budget.js";
import { runtimeText } from "./discovery/executable.js";
import { newRegistry, type Observed, type Registry } from "./discovery/registry.js";
import { asksForMany } from "./discovery/selection.js";
import { threadKind } from "./discovery/thread-kind.js";
import { newAgentBatches } from "./export/agent-batches.js";
import { openFeatures } from "./features.js";
import { newGoPrograms } from "./go/programs.js";
import { limitHeap, newHeap, newYoung } from "./heap.js";
import { clusterAccess, openCluster } from "./kubernetes/cluster.js";
import { newMeter } from "./meter.js";
import { newPipeline, type Pipeline } from "./pipeline.js";
import { allocationProbes, builtInProbes, logProbes, waitProbes } from "./probes/compile.js";
import { newPythonWatch } from "./python/python-watch.js";
import { reportOf } from "./report.js";
import { newAgentSampling } from "./sampling/agent-sampling.js";
import { monotonicNs, openWallClock } from "./spans/clock.js";
import { newPeerNames } from "./tcp/peer-names.js";
import { newTlsWatch } from "./tls/tls-watch.js";

// Looking for what processes need goes before being attached to any of them: where there are many, the rest is looked at in turn.
const preparingMs = 500;
// Spans wait at most this long for company: a first span is seen well within a second.
const flushMs = 300;
const tickMs = 1000;
// Run queues come and go in milliseconds; what a second of looks says is told as their mean and their most.
const lookMs = 100;
// Wall clocks are slewed by 500 ppm at most: half a millisecond in a second, corrected here before it is 30.
const clockEveryTicks = 60;
// A port may be listened on later, and a fork's record be lost: both are found by looking, rarely, since it reads /proc.
const scanEveryTicks = 5;

/**
 * startAgent attaches to the processes that are asked for, now and as they start. Rejects with BpfError when the kernel
 * or the caller's rights allow nothing at all; what is refused in part is in the report's `missing`; with the reason of
 * `options.signal` when that aborts in time. When it rejects, nothing of it stays loaded; the exporter is still the caller's.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { exporter } = options;
  // First: what nothing can be asked by is refused before anything is compiled or loaded.
  const access = clusterAccess(options.selection, options.kubeconfig);
  limitHeap();
  await compileAhead(options);
  const clock = openWallClock();
  const meter = newMeter();
  const heap = newHeap();
  const young = newYoung();
  const programs = newGoPrograms();
  const sampling = newAgentSampling(options.sampling);
  const batches = newAgentBatches(exporter, options.fused === true);
  const lose = (pid: number, text: string): void => options.onLost?.(pid, [text]);
  let kernel: KernelObserver | undefined;
  const slotOf = (pid: number): number => kernel?.slotOf(pid) ?? 0;
  const names = newPeerNames();
  const { untold } = sampling;
  const features = openFeatures(options, {
    clock,
    batches,
    programs,
    lose,
    slotOf,
    untold,
    nameOf: names.of,
  });
  /** found are processes to be watched as soon as the kernel side is open. */
  const found: Observed[] = [];
  let closed = false;
  const cluster = openCluster({
    access,
    changed: (uids) => registry.podsChanged(uids),
    onMissing: options.onMissing,
  });

  const registry: Registry = newRegistry({
    selection: options.selection,
    exclude: options.exclude,
    pods: cluster,
    events: {
      watch: (process) => attach(process),
      unwatch({ facts: { pid } }, goesOn) {
        // First: they tell of what was left out, which is known as long as the process is watched.
        features.unwatch(pid);
        sampling.unwatched(pid);
        kernel?.unwatch(pid, goesOn);
        tls.unwatch(pid);
        pythons.unwatch(pid);
        policies.unwatched(pid);
        pipeline.unwatch(pid);
      },
    },
  });
  const tls = newTlsWatch({
    attach: (pid, sites) => kernel?.secure(pid, sites) ?? { count: 0, lost: [] },
    ...(options.onLost === undefined ? {} : { onLost: options.onLost }),
  });
  const pythons = newPythonWatch({
    follow: (pid, contexts) => kernel?.followContexts(pid, contexts).lost ?? [],
    ...(options.onLost === undefined ? {} : { onLost: options.onLost }),
  });
  const pipeline: Pipeline = newPipeline({
    registry,
    exclude: options.exclude,
    clock,
    batches,
    exporter,
    features,
    names,
    apiSpans: options.apiSpans === true,
    lose,
    started(tgid, parent) {
      registry.started(tgid, parent);
      if (registry.get(tgid)?.watched !== true) kernel?.unwatch(tgid);
    },
    sawTls: (tgid) => tls.seen(tgid),
    decideFor: (pid) => kernel?.decideFor(pid),
    tellWire: (connection, state, turn) => kernel?.tellWire(connection, state, turn),
  });
  const budget = newAgentBudget({
    limits: options.budget,
    meter,
    costs: () => kernel?.stats().costs ?? [],
    levers: features.levers(() => registry.all().filter(({ watched }) => watched)),
    sampling,
    onShed: options.onShed,
  });
  const policies = newProcessPolicies({
    spansOf: (pid) => registry.get(pid)?.spans,
    untold,
    isShed: budget.isShed,
  });

  /** attach makes a process known to the kernel side, and puts the Go probes in when it is a Go program. */
  function attach(process: Observed): void {
    if (kernel === undefined) {
      found.push(process);
      return;
    }
    const { executable, spans } = process;
    const { pid } = process.facts;
    const go = executable.isGo ? programs.of(pid, executable) : undefined;
    const facts = go?.facts;
    sampling.watched(process);
    const attached = kernel.watch(pid, facts, threadKind(executable, process.facts));
    const secured = tls.watch(pid, facts?.tls);
    if (executable.runtime?.name === "cpython") pythons.watch(pid);
    spans.handlerEndsTold = attached.probes.handlerEnd;
    spans.routeless = facts === undefined;
    spans.deepFrom = facts?.parentGoid === undefined ? 1 : 2;
    spans.handlerEndsSinceNs = monotonicNs();
    features.watch(process, budget.isShed);
    pipeline.watch(pid, facts);
    if (facts !== undefined) policies.watched(pid);
    options.onAttached?.({
      pid,
      runtime: runtimeText(executable),
      probes: attached.count + secured.count,
      lost: [...(go?.problem ? [go.problem] : []), ...(facts?.lost ?? []), ...attached.lost, ...secured.lost],
    });
  }

  /** open loads the kernel side's programs and attaches to what runs already. */
  const open = async (): Promise<KernelObserver> => {
    const opening = beginKernelObserver({
      sink: pipeline.sink,
      watchNew: asksForMany(options.selection),
      measured: options.measured === true,
      propagate: options.propagate === true,
      ...(features.logs === undefined ? {} : { maps: features.logs.sharedMaps }),
      tellsEarly: features.logs !== undefined || features.functions !== undefined,
      // What needs to know of a request while it is open can't wait for its answer.
      repeats: [features.logs, features.functions, features.waits].every((each) => each === undefined),
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
    const opened = await opening.opened();
    kernel = opened;
    sampling.opened(opened);
    for (const process of found.splice(0)) {
      // It may have become another program meanwhile, which is attached to when that is found out here.
      registry.started(process.facts.pid);
      if (registry.get(process.facts.pid) === process) attach(process);
    }
    return opened;
  };
  /** detach takes the probes away first; what they wrote until then is still read, assembled and sent. */
  const detach = (): void => {
    cluster.close();
    kernel?.close();
    features.close();
    pipeline.close();
    batches.flush();
  };
  let observer: KernelObserver;
  try {
    observer = await open();
  } catch (error) {
    // What was loaded would stay, and keep this process from its end.
    detach();
    throw error;
  }

  const flush = setInterval(() => {
    pythons.look(performance.now());
    pipeline.sweep(monotonicNs());
    features.flush(pipeline.serving);
    batches.flush();
  }, flushMs);
  let ticks = 0;
  let lastTick = performance.now();
  const tick = setInterval(() => {
    const now = performance.now();
    const seconds = (now - lastTick) / 1000;
    lastTick = now;
    ticks++;
    meter.tick();
    heap.tick();
    young.tick();
    pipeline.tick();
    features.tick();
    budget.tick(seconds);
    policies.tick(observer, seconds);
    sampling.tick(seconds, registry.all());
    if (ticks % clockEveryTicks === 0) clock.adjust();
    if (ticks % scanEveryTicks === 0 || !observer.seesProcesses) {
      registry.scan();
      for (const pid of registry.gone()) pipeline.exited(pid, monotonicNs());
    }
    if (ticks % scanEveryTicks === 0) features.scan();
  }, tickMs);
  const look = setInterval(features.look, lookMs);

  return {
    report: () =>
      reportOf({
        kernel: observer,
        registry,
        pipeline,
        features,
        cluster,
        sampling,
        budget,
        exporter,
        meter,
      }),
    setSampling: sampling.change,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(flush);
      clearInterval(tick);
      clearInterval(look);
      detach();
      await exporter.close();
    },
  };
}

/** compileAhead compiles what will be loaded: signals are heard meanwhile. */
async function compileAhead({ logs, goroutines, allocations, signal }: AgentOptions): Promise<void> {
  await builtInProbes.ahead(signal);
  if (logs !== undefined) await logProbes.ahead(signal);
  if (goroutines === true) await waitProbes.ahead(signal);
  if (allocations === true) await allocationProbes.ahead(signal);
}
