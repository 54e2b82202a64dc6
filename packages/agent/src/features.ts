import type { AgentOptions } from "./agent-types.js";
import { tryOpenAllocationWatch } from "./allocations/allocation-watch.js";
import type { MissingPart } from "./attach/observer-types.js";
import type { Levers, Shedding } from "./budget/shedding.js";
import type { Observed } from "./discovery/registry.js";
import type { AgentBatches } from "./export/agent-batches.js";
import { type FunctionObserver, observeFunctions } from "./functions/observe-functions.js";
import type { GoPrograms } from "./go/programs.js";
import { type ProcessLogs, tryProcessLogs } from "./logs/process-logs.js";
import { newRequestDurations, type RequestDurations } from "./runtime/request-durations.js";
import { newRuntimeWatch } from "./runtime/runtime-watch.js";
import { type SpanWaits, tryOpenSpanWaits } from "./runtime/waits/span-waits.js";
import type { WallClock } from "./spans/clock.js";
import { type ConnectionWatch, newConnectionWatch } from "./tcp/connection-watch.js";

/**
 * Features are what an agent tells of watched processes beside their requests and connections, as it is asked to: functions, logs,
 * waits of goroutines, allocations, metrics.
 */
export interface Features {
  /** functions, logs and waits hear of every request; undefined when they are not asked for, or not to be had. */
  readonly functions: FunctionObserver | undefined;
  readonly logs: ProcessLogs | undefined;
  readonly waits: SpanWaits | undefined;
  /** durations are counted where metrics are told. */
  readonly durations: RequestDurations | undefined;
  /** connections hear of every connection's end; undefined where no metrics are told. */
  readonly connections: Pick<ConnectionWatch, "closed"> | undefined;
  /** missing says what the kernel refuses. */
  missing(): readonly MissingPart[];
  /** levers shed what is in use, for all processes that are watched. */
  levers(watched: () => readonly Observed[]): Levers;
  watch(process: Observed, isShed: Shedding["isShed"]): void;
  unwatch(pid: number): void;
  /** look samples what comes and goes within milliseconds; ten times a second. */
  look(): void;
  /** flush tells what need not wait longer; see ProcessLogs. */
  flush(serving: () => ReadonlySet<string>): void;
  /** tick tells what is told once a second. */
  tick(): void;
  /** scan looks for what was opened meanwhile; it reads /proc. */
  scan(): void;
  /** spans counts the calls of functions that were told. */
  spans(): number;
  dropped(): Readonly<Record<string, number>>;
  /** close detaches everything, and tells what is left. */
  close(): void;
}

/** FeaturesAround are what the features need from around them. */
export interface FeaturesAround {
  readonly clock: WallClock;
  readonly batches: AgentBatches;
  readonly programs: GoPrograms;
  /** lose hears what cannot be told of a process. */
  readonly lose: (pid: number, text: string) => void;
  /** nameOf gives the name that a process found an address by, "" for none. */
  readonly nameOf: (tgid: number, address: string) => string;
  /** slotOf is the slot of a watched process's target, 0 where it has none of its own. */
  readonly slotOf: (pid: number) => number;
  /** untold counts the requests of a watched process that sampling left out. */
  readonly untold: (pid: number) => number;
}

/** openFeatures loads what is asked for; what is refused costs itself alone. Throws AgentError "bad-pattern". */
export function openFeatures(options: AgentOptions, around: FeaturesAround): Features {
  const { exporter } = options;
  const { clock, batches, programs, lose, slotOf } = around;
  const hasMetrics = options.metrics !== false;
  const durations = newRequestDurations(clock);
  const connections = newConnectionWatch({ nameOf: around.nameOf, lose });
  // First: a bad pattern is refused before anything is loaded.
  const functions: FunctionObserver | undefined =
    options.functions && observeFunctions(options.functions, { batches: batches.spans, clock });
  const opened = options.goroutines === true ? tryOpenSpanWaits(lose) : undefined;
  const waits = opened?.waits;
  const { allocations, missing: missingAllocations } = tryOpenAllocationWatch(
    options.allocations === true ? { exporter } : undefined,
  );
  const runtime = newRuntimeWatch({
    exporter,
    logs: batches.logs,
    durations,
    connections,
    untold: around.untold,
    ...(options.onLost === undefined ? {} : { onLost: options.onLost }),
  });
  const { logs, missing: missingLogs } = tryProcessLogs(options.logs, { batches: batches.logs, clock });

  const watchFunctions = ({ facts, executable, spans }: Observed): void =>
    void functions?.watch({ pid: facts.pid, key: executable.key, named: spans });
  const watchLogs = ({ facts, executable, spans }: Observed): void => {
    const { pid } = facts;
    const { goid, parentGoid } = (executable.isGo ? programs.of(pid, executable).facts : undefined) ?? {};
    const slot = executable.isGo ? 0 : slotOf(pid);
    logs?.watch({ pid, named: spans, goid, parentGoid, slot });
  };
  const sendTimes = (): void => {
    const times = functions?.metrics();
    if (times !== undefined) exporter.send("metrics", times.request, times.points);
  };

  return {
    functions,
    logs,
    waits,
    durations: hasMetrics ? durations : undefined,
    connections: hasMetrics ? connections : undefined,
    missing: () => [
      ...missingLogs,
      ...(opened?.missing ?? []),
      ...missingAllocations,
      ...connections.missing(),
    ],
    levers(watched) {
      const everyWatched = (act: (process: Observed) => void) => (): void => {
        for (const process of watched()) act(process);
      };
      return {
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
      };
    },
    watch(process, isShed) {
      const { pid } = process.facts;
      if (!isShed("functions")) watchFunctions(process);
      if (!isShed("logs")) watchLogs(process);
      if (hasMetrics) runtime.watch(process);
      const unseen = isShed("goroutines") ? "" : (waits?.watch(pid, process.executable) ?? "");
      if (unseen !== "") lose(pid, `what goroutines waited for: ${unseen}`);
      const untold = allocations?.watch(process) ?? "";
      if (untold !== "") lose(pid, `which places allocate: ${untold}`);
    },
    unwatch(pid) {
      functions?.unwatch(pid);
      logs?.unwatch(pid);
      runtime.unwatch(pid);
      waits?.unwatch(pid);
      allocations?.unwatch(pid);
    },
    look: runtime.look,
    flush(serving) {
      functions?.flush(serving);
      logs?.flush(serving);
    },
    tick() {
      sendTimes();
      connections.tick();
      runtime.tick();
      waits?.tick();
      allocations?.tick();
    },
    scan: () => logs?.scan(),
    spans: () => functions?.counts().spans ?? 0,
    dropped: () => ({
      ...functions?.counts().dropped,
      ...logs?.counts().dropped,
      ...allocations?.dropped(),
    }),
    close() {
      sendTimes();
      functions?.close();
      logs?.close();
      waits?.close();
      allocations?.close();
      connections.close();
      runtime.tick();
    },
  };
}
