import type { MissingPart, ProgramCost } from "../attach/observer-types.js";
import type { Meter } from "../meter.js";
import type { AgentSampling } from "../sampling/agent-sampling.js";
import type { BudgetLimits, Usage } from "./budget.js";
import { type Levers, newShedding, type Shedding } from "./shedding.js";

/** AgentBudget holds an agent to what it may take. */
export interface AgentBudget extends Pick<Shedding, "isShed" | "report"> {
  /** tick looks at what was taken since the last one; once a second. */
  tick(seconds: number): void;
}

/** AgentBudgetOptions are what the budget needs from around it. */
export interface AgentBudgetOptions {
  readonly limits: BudgetLimits | undefined;
  readonly meter: Meter;
  /** costs are the programs' in the kernel. */
  readonly costs: () => readonly ProgramCost[];
  /** levers are the features'; routes and requests are everybody's. */
  readonly levers: Levers;
  readonly sampling: Pick<AgentSampling, "scale">;
  /** onShed hears what is shed whenever that changes. */
  readonly onShed: ((shed: readonly MissingPart[]) => void) | undefined;
}

/** newAgentBudget makes one that has shed nothing. */
export function newAgentBudget(options: AgentBudgetOptions): AgentBudget {
  const { limits, meter, costs, levers, sampling } = options;
  const shedding = newShedding(
    limits,
    {
      ...levers,
      // The policies look at it each second.
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
    ranNs = costs().reduce((sum, { nanoseconds }) => sum + nanoseconds, 0);
    return { cpuShare: cpuShare + Math.max(0, ranNs - before) / 1e9 / seconds, memoryBytes: rssBytes };
  };
  return {
    isShed: shedding.isShed,
    report: shedding.report,
    tick(seconds) {
      if (limits !== undefined) shedding.tick(usage(seconds));
    },
  };
}
