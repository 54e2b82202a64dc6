import type {
  ProbeCheck,
  ProbeCost,
  ProbeExample,
  ProbeFailure,
  ProbeOrder,
  ProbeOutput,
  ProbeText,
} from "../api/probe-types.js";

/** ProbeTold is what a running probe tells. */
export type ProbeTold =
  | { readonly type: "attached"; readonly probes: number }
  | { readonly type: "output"; readonly items: readonly ProbeOutput[]; readonly left_out: number }
  | { readonly type: "cost"; readonly costs: readonly ProbeCost[] }
  | { readonly type: "ended"; readonly by: "itself" | "time"; readonly failure: ProbeFailure | null };

/** StartedProbe is a probe that runs in a process of its own. */
export interface StartedProbe {
  /** stop resolves when the process is gone, and with it everything it attached. What it tells last comes before. */
  stop(): Promise<void>;
}

/** ProbePort compiles and runs probes: the server knows neither the compiler nor the kernel, who starts it gives them. */
export interface ProbePort {
  examples(): readonly ProbeExample[];
  check(program: ProbeText): Promise<ProbeCheck>;
  /** run starts a process for an order; `told` is called until "ended", once, and never after. */
  run(order: ProbeOrder, told: (event: ProbeTold) => void): StartedProbe;
  /** close ends what compiles. */
  close(): Promise<void>;
}
