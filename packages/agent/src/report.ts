import type { AgentReport, ReportedProcess } from "./agent-types.js";
import type { KernelObserver } from "./attach/observer-types.js";
import type { AgentBudget } from "./budget/agent-budget.js";
import { runtimeText } from "./discovery/executable.js";
import type { Observed, Registry } from "./discovery/registry.js";
import type { Exporter } from "./export/exporter.js";
import type { Features } from "./features.js";
import type { Cluster } from "./kubernetes/cluster.js";
import type { Meter } from "./meter.js";
import type { Pipeline } from "./pipeline.js";
import type { AgentSampling } from "./sampling/agent-sampling.js";

/** ReportedParts are the parts of an agent that have something to tell about themselves. */
export interface ReportedParts {
  readonly kernel: KernelObserver;
  readonly registry: Registry;
  readonly pipeline: Pipeline;
  readonly features: Features;
  readonly cluster: Cluster;
  readonly sampling: AgentSampling;
  readonly budget: AgentBudget;
  readonly exporter: Exporter;
  readonly meter: Meter;
}

/** reportOf asks them all. */
export function reportOf(parts: ReportedParts): AgentReport {
  const { kernel, registry, pipeline, features, cluster, sampling, budget, exporter, meter } = parts;
  const all = registry.all();
  const stats = kernel.stats();
  return {
    probes: stats.probes,
    spans: all.reduce((sum, each) => sum + each.spans.spans, 0) + registry.spansOfExited() + features.spans(),
    ...meter.read(),
    processes: all
      .filter((each) => each.watched || each.executable.isGo)
      .map((each) => reported(each, kernel)),
    dropped: nonZero({
      ...stats.dropped,
      ...pipeline.dropped(),
      ...features.dropped(),
      ...exporter.stats().dropped,
    }),
    programs: stats.costs,
    sampling: sampling.report(),
    ...(stats.inserted === undefined ? {} : { inserted: { ...stats.inserted } }),
    missing: [...budget.report(), ...stats.missing, ...features.missing(), ...cluster.missing()],
  };
}

function reported(process: Observed, kernel: KernelObserver): ReportedProcess {
  return {
    pid: process.facts.pid,
    serviceName: process.identity.serviceName,
    executable: process.facts.executable,
    runtime: runtimeText(process.executable),
    watched: process.watched,
    reason: process.reason,
    probes: kernel.probesOf(process.facts.pid),
    spans: process.spans.spans,
  };
}

function nonZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
