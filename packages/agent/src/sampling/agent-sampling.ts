import type { KernelObserver } from "../attach/observer-types.js";
import type { TargetSampling } from "../attach/target.js";
import type { Observed } from "../discovery/registry.js";
import { newSampler, type SamplingOptions, type SamplingReport, type ServiceLoad } from "./sampler.js";
import { thresholdOf } from "./threshold.js";

/** AgentSampling carries the sampler's decisions to the kernel, and what was left out back. */
export interface AgentSampling {
  /** opened takes the kernel side; processes that nobody has looked at yet get the common share from then on. */
  opened(kernel: KernelObserver): void;
  /** watched sets the sampling of a process that is about to be watched. */
  watched(process: Observed): void;
  /** unwatched keeps the count of what was left out of a process. */
  unwatched(pid: number): void;
  /** change is live when it returns. Throws AgentError "bad-sampling". */
  change(options: SamplingOptions): void;
  /** scale lowers all shares by a factor; 1 takes that back. */
  scale(factor: number): void;
  /** tick adapts the shares to what `processes` did since the last one. */
  tick(seconds: number, processes: readonly Observed[]): void;
  untold(pid: number): number;
  report(): SamplingReport;
}

interface Before {
  spans: number;
  requests: number;
  untold: number;
}

/** newAgentSampling begins with `options`; everything is told when there are none. Throws AgentError "bad-sampling". */
export function newAgentSampling(options: SamplingOptions | undefined): AgentSampling {
  const sampler = newSampler(options);
  const watched = new Map<number, Observed>();
  const before = new Map<number, Before>();
  let kernel: KernelObserver | undefined;
  let ofUnwatched = 0;

  let factor = 1;

  const samplingOf = (share: number): TargetSampling => ({
    threshold: thresholdOf(share * factor),
    errors: sampler.options.errors === true,
    // A limit that callers could lift by their headers would be none.
    thin: (sampler.options.spansPerSecond ?? 0) > 0 || factor < 1,
  });

  const told = new Map<number, number>();
  const tell = (process: Observed): void => {
    const share = sampler.shareOf(process.identity.serviceName);
    process.spans.errorsTold = sampler.options.errors === true;
    told.set(process.facts.pid, share);
    process.spans.sampling = samplingOf(share);
    kernel?.sample(process.facts.pid, process.spans.sampling);
  };

  const untold = (pid: number): number => (kernel?.untold(pid) ?? 0) + (watched.get(pid)?.spans.untold ?? 0);

  return {
    opened(opened) {
      kernel = opened;
      kernel.sample(0, samplingOf(sampler.options.share));
    },
    watched(process) {
      watched.set(process.facts.pid, process);
      tell(process);
    },
    unwatched(pid) {
      ofUnwatched += untold(pid);
      watched.delete(pid);
      before.delete(pid);
      told.delete(pid);
    },
    change(next) {
      sampler.change(next);
      kernel?.sample(0, samplingOf(next.share));
      for (const process of watched.values()) tell(process);
    },
    scale(next) {
      factor = next;
      kernel?.sample(0, samplingOf(sampler.options.share));
      for (const process of watched.values()) tell(process);
    },
    tick(seconds, processes) {
      if ((sampler.options.spansPerSecond ?? 0) === 0) return;
      const loads = new Map<string, ServiceLoad>();
      for (const process of processes) {
        const { pid } = process.facts;
        if (!watched.has(pid)) continue;
        const now = { spans: process.spans.spans, requests: process.spans.requests, untold: untold(pid) };
        const last = before.get(pid) ?? { spans: 0, requests: 0, untold: 0 };
        before.set(pid, now);
        const service = process.identity.serviceName;
        const sum = loads.get(service);
        loads.set(service, {
          service,
          spans: (sum?.spans ?? 0) + now.spans - last.spans,
          requests: (sum?.requests ?? 0) + now.requests - last.requests,
          untold: (sum?.untold ?? 0) + now.untold - last.untold,
        });
      }
      sampler.adapt(seconds, [...loads.values()]);
      for (const process of watched.values()) {
        if (told.get(process.facts.pid) !== sampler.shareOf(process.identity.serviceName)) tell(process);
      }
    },
    untold,
    report() {
      const { share, errors, spansPerSecond } = sampler.options;
      const services: Record<string, number> = { ...sampler.options.services };
      let sum = ofUnwatched;
      for (const [pid, process] of watched) {
        const { serviceName } = process.identity;
        const now = sampler.shareOf(serviceName);
        if (now !== share) services[serviceName] = now;
        sum += untold(pid);
      }
      return { share, errors: errors === true, spansPerSecond: spansPerSecond ?? 0, services, untold: sum };
    },
  };
}
